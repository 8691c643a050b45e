import { McpdError } from '../../core/errors.ts'
import type { Message, Part, Role, ToolCall } from '../../core/inference.ts'
import { isRecord, type Wire } from '../wire.ts'
import { decodeImage, encodeImage } from './images.ts'
import type { MessageBody } from './request-schemas.ts'

const roles: ReadonlySet<string> = new Set<Role>(['system', 'developer', 'user', 'assistant', 'tool'])
const messageNames: ReadonlySet<string> = new Set([
  'role',
  'content',
  'thinking',
  'images',
  'tool_calls',
  'tool_name',
  'tool_call_id',
])

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

/** Reads the messages of a chat. Throws BAD_REQUEST. */
export const decodeMessages = (messages: readonly MessageBody[]): Message[] => {
  /** Calls that no message has answered yet: clients of Ollama seldom say which call a result is of. */
  const open: ToolCall[] = []
  return messages.map((message, index) => {
    const decoded = decodeMessage(message, index)
    if (decoded.role === 'tool') return answerCall(decoded, open)
    open.push(...(decoded.toolCalls ?? []))
    return decoded
  })
}

/** A tool message with the id of its call: the one it names, else the first open one of its tool, or of any. */
const answerCall = (message: Message, open: ToolCall[]): Message => {
  const { toolCallId, name } = message
  const at = open.findIndex((call) =>
    toolCallId === undefined ? name === undefined || call.name === name : call.id === toolCallId,
  )
  const [answered] = at === -1 ? [] : open.splice(at, 1)
  return toolCallId === undefined && answered ? { ...message, toolCallId: answered.id } : message
}

const decodeMessage = (message: MessageBody, index: number): Message => {
  const { content, thinking, images, tool_calls: calls, tool_name: toolName, tool_call_id: callId } = message
  const path = `messages[${index}]`
  const text = content ?? ''
  const parts = (images ?? []).map((image, at) => decodeImage(image, `${path}.images[${at}]`))
  const extra = Object.entries(message).filter(([name, value]) => value != null && !messageNames.has(name))
  // Ollama has models with roles of their own, such as granite's "control": only other backends refuse them.
  const role = message.role.toLowerCase()
  if (!roles.has(role)) extra.push(['role', message.role])
  return {
    role: roles.has(role) ? (role as Role) : 'system',
    content: parts.length > 0 ? [...(text === '' ? [] : [{ type: 'text', text } as const]), ...parts] : text,
    ...(toolName && { name: toolName }),
    ...(calls &&
      calls.length > 0 && { toolCalls: calls.map((call, at) => decodeCall(call, `${index}_${at}`)) }),
    ...(callId && { toolCallId: callId }),
    ...(thinking && { reasoning: thinking }),
    ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
  }
}

const decodeCall = (
  { id, function: called }: NonNullable<MessageBody['tool_calls']>[number],
  place: string,
): ToolCall => ({
  id: id || `call_${place}`,
  name: called.name,
  argumentsText: JSON.stringify(called.arguments ?? {}),
})

// ---- towards Ollama ----

/**
 * The messages as Ollama takes them. Throws BAD_REQUEST for what it cannot be told: parts that are neither text nor
 * pictures at hand, arguments of calls that are no JSON object. `drop` is told the names of what is left out.
 */
export const encodeMessages = (messages: readonly Message[], drop: (name: string) => void): Wire[] => {
  const tools = new Map<string, string>()
  return messages.map((message, index) => {
    for (const { id, name } of message.toolCalls ?? []) tools.set(id, name)
    return encodeMessage(message, `messages[${index}]`, tools, drop)
  })
}

const encodeMessage = (
  { role, content, name, toolCalls, toolCallId, reasoning, extra = {} }: Message,
  path: string,
  tools: ReadonlyMap<string, string>,
  drop: (name: string) => void,
): Wire => {
  const { text, images } = encodeContent(content, `${path}.content`, drop)
  const toolName =
    role === 'tool' ? (name ?? (toolCallId === undefined ? undefined : tools.get(toolCallId))) : undefined
  if (name !== undefined && role !== 'tool') drop('messages[].name')
  for (const member of Object.keys(extra)) if (member !== 'role') drop(`messages[].${member}`)
  return {
    // Ollama's templates know no developer; what they call system is what is meant.
    role: extra['role'] ?? (role === 'developer' ? 'system' : role),
    content: text,
    ...(reasoning !== undefined && { thinking: reasoning }),
    ...(images.length > 0 && { images }),
    ...(toolCalls && {
      tool_calls: toolCalls.map((call, at) =>
        encodeCall(call, `${path}.tool_calls[${at}].function.arguments`),
      ),
    }),
    ...(toolName !== undefined && { tool_name: toolName }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  }
}

const encodeContent = (
  content: Message['content'],
  path: string,
  drop: (name: string) => void,
): { text: string; images: string[] } => {
  if (!Array.isArray(content)) return { text: (content as string | null) ?? '', images: [] }
  const texts: string[] = []
  const images: string[] = []
  for (const [index, part] of (content as readonly Part[]).entries()) {
    if (part.type === 'text') texts.push(part.text)
    else if (part.type === 'image') {
      images.push(encodeImage(part.url, `${path}[${index}]`))
      if (part.detail !== undefined && part.detail !== 'auto') drop('messages[].content[].image_url.detail')
    } else {
      const type = part.type === 'audio' ? 'audio' : String(part.value['type'])
      throw badRequest(`Ollama takes texts and pictures, not a part of type "${type}".`, `${path}[${index}]`)
    }
  }
  return { text: texts.join('\n'), images }
}

/** A call as messages carry it. Throws BAD_REQUEST when its arguments are no JSON object. */
const encodeCall = ({ id, name, argumentsText }: ToolCall, path: string): Wire => {
  const parsed = parseArguments(argumentsText)
  if (!parsed)
    throw badRequest('Ollama takes the arguments of a call as a JSON object, which these are not.', path)
  return { ...(id !== '' && { id }), function: { name, arguments: parsed } }
}

/** The arguments as an object; undefined when the model wrote none. No text at all is a call without arguments. */
export const parseArguments = (text: string): Wire | undefined => {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
