import { McpdError } from '../../core/errors.ts'
import type { ChatInput, Message, Part, Sampling, Tool, ToolCall } from '../../core/inference.ts'
import { isRecord } from '../wire.ts'
import type {
  BlockBody,
  CountTokensBody,
  InnerBlockBody,
  MessageBody,
  MessagesBody,
  SourceBody,
} from './request-schemas.ts'

/** A request body that the schema of its route has accepted. */
type Body = Readonly<Record<string, unknown>>

/** What has no name in ChatInput, by the path by which a warning names it. */
type Unnamed = Record<string, unknown>

const names: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'mcpd',
])

/**
 * Reads a messages request. Throws BAD_REQUEST for what a schema cannot say. What has no name in ChatInput stays in
 * `extra`: members of the body as they came, and what stands deeper by its path, such as `messages[].cache_control`.
 */
export const decodeChat = (body: Body): ChatInput => {
  const chat = body as MessagesBody
  const unnamed: Unnamed = {}
  const choice = decodeToolChoice(chat)
  const tools = decodeTools(chat, unnamed)
  const format = decodeFormat(chat)
  const effort = decodeEffort(chat, unnamed)
  return {
    operation: 'chat',
    messages: decodeConversation(chat, unnamed),
    sampling: decodeSampling(chat),
    ...(tools.length > 0 && { tools }),
    ...(choice !== undefined && { toolChoice: choice }),
    ...(chat.tool_choice?.disable_parallel_tool_use != null && {
      parallelToolCalls: !chat.tool_choice.disable_parallel_tool_use,
    }),
    ...(format && { responseFormat: format }),
    ...(effort !== undefined && { reasoningEffort: effort }),
    extra: { ...extraOf(body), ...unnamed },
  }
}

/** The system prompt and the messages of a request, such as one to count their tokens. */
export const decodeMessages = (body: Body): readonly Message[] =>
  decodeConversation(body as CountTokensBody, {})

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

const extraOf = (body: Body): Unnamed =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => value != null && !names.has(name)))

const decodeSampling = (body: MessagesBody): Sampling => ({
  maxTokens: body.max_tokens,
  ...(body.temperature != null && { temperature: body.temperature }),
  ...(body.top_p != null && { topP: body.top_p }),
  ...(body.top_k != null && { topK: body.top_k }),
  ...(body.stop_sequences && { stop: body.stop_sequences }),
})

/** A tool that runs at the backend has a type of its own and no schema. */
const decodeTools = ({ tools }: MessagesBody, unnamed: Unnamed): Tool[] =>
  (tools ?? []).flatMap((tool, index) => {
    const { type, name, description, input_schema: parameters, strict, ...others } = tool
    if (type != null && type !== 'custom') {
      unnamed[`tools[].${type}`] = tool
      return []
    }
    if (name == null || name === '') throw badRequest('A tool needs a name.', `tools[${index}].name`)
    for (const [member, value] of Object.entries(others))
      if (value != null) unnamed[`tools[].${member}`] = value
    return [
      {
        name,
        ...(description != null && { description }),
        ...(parameters != null && { parameters: parameters as Record<string, unknown> }),
        ...(strict != null && { strict }),
      },
    ]
  })

const decodeToolChoice = ({ tool_choice: choice }: MessagesBody): ChatInput['toolChoice'] => {
  switch (choice?.type) {
    case undefined:
      return undefined
    case 'auto':
    case 'none':
      return choice.type
    case 'any':
      return 'required'
    case 'tool':
      if (choice.name == null) throw badRequest('tool_choice needs the name of a tool.', 'tool_choice.name')
      return { name: choice.name }
    default:
      throw badRequest('tool_choice.type must be auto, any, tool or none.', 'tool_choice.type')
  }
}

const decodeFormat = ({ output_config: config }: MessagesBody): ChatInput['responseFormat'] => {
  const format = config?.format
  if (format == null) return undefined
  if (format.type !== 'json_schema')
    throw badRequest('output_config.format.type must be json_schema.', 'output_config.format.type')
  return { type: 'json-schema', name: 'response', schema: (format.schema ?? {}) as Record<string, unknown> }
}

/** Budgets below these are a low and a medium effort. */
const lowBudgetTokens = 4096
const mediumBudgetTokens = 16_384

/** An effort by its name goes before a budget of tokens, which other dialects have no number for. */
const decodeEffort = (
  { thinking, output_config: config }: MessagesBody,
  unnamed: Unnamed,
): string | undefined => {
  const { type, ...rest } = thinking ?? {}
  const given = Object.entries(rest).filter(([, value]) => value != null)
  if (given.length > 0) unnamed['thinking'] = Object.fromEntries(given)
  if (type === 'disabled') return 'none'
  if (config?.effort != null) return config.effort
  const budget = thinking?.budget_tokens
  if (type !== 'enabled' || budget == null) return undefined
  if (budget < lowBudgetTokens) return 'low'
  return budget < mediumBudgetTokens ? 'medium' : 'high'
}

const decodeConversation = ({ system, messages }: CountTokensBody, unnamed: Unnamed): Message[] => {
  const before =
    system == null || system.length === 0
      ? []
      : [
          {
            role: 'system' as const,
            content: typeof system === 'string' ? system : contentOf(system, unnamed, 'system'),
          },
        ]
  return [
    ...before,
    ...messages.flatMap((message, index) =>
      message.role === 'assistant'
        ? [decodeAssistant(message, unnamed, `messages[${index}]`)]
        : decodeUser(message, unnamed, `messages[${index}]`),
    ),
  ]
}

/** Results of tools are messages of their own in every other dialect. */
const decodeUser = ({ role, content }: MessageBody, unnamed: Unnamed, path: string): Message[] => {
  if (typeof content === 'string') return [{ role, content }]
  const messages: Message[] = []
  let rest: BlockBody[] = []
  const flush = (): void => {
    if (rest.length > 0) messages.push({ role, content: contentOf(rest, unnamed, path) })
    rest = []
  }
  for (const [index, block] of content.entries()) {
    if (block.type !== 'tool_result') {
      rest.push(block)
      continue
    }
    if (block.tool_use_id == null)
      throw badRequest('A tool_result needs tool_use_id.', `${path}.content[${index}].tool_use_id`)
    flush()
    if (block.is_error === true) unnamed['messages[].is_error'] = true
    noteCache(block, unnamed)
    messages.push({
      role: 'tool',
      content: resultOf(block.content, unnamed, `${path}.content[${index}]`),
      toolCallId: block.tool_use_id,
    })
  }
  flush()
  // Nothing said is still a turn.
  return messages.length > 0 ? messages : [{ role, content: '' }]
}

const resultOf = (content: BlockBody['content'], unnamed: Unnamed, path: string): Message['content'] => {
  if (content == null) return ''
  if (typeof content === 'string') return content
  return contentOf(Array.isArray(content) ? content : [content as InnerBlockBody], unnamed, path)
}

const decodeAssistant = ({ role, content }: MessageBody, unnamed: Unnamed, path: string): Message => {
  if (typeof content === 'string') return { role, content }
  const toolCalls: ToolCall[] = []
  const others: BlockBody[] = []
  let text: string | null = null
  let reasoning = ''
  for (const [index, block] of content.entries()) {
    noteCache(block, unnamed)
    switch (block.type) {
      case 'text':
        text = (text ?? '') + requireText(block, `${path}.content[${index}]`)
        break
      case 'thinking':
        reasoning += block.thinking ?? ''
        break
      case 'redacted_thinking':
        unnamed['messages[].redacted_thinking'] = true
        break
      case 'tool_use':
        toolCalls.push({
          id: block.id ?? '',
          name: block.name ?? '',
          argumentsText: JSON.stringify(block.input ?? {}),
        })
        break
      default:
        others.push(block)
    }
  }
  const parts: Part[] = others.map((value) => ({ type: 'other', value }))
  if (parts.length > 0 && text !== null) parts.unshift({ type: 'text', text })
  return {
    role,
    content: parts.length > 0 ? parts : text,
    ...(reasoning !== '' && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
  }
}

/** A single text is a text, which every backend takes; anything else is parts. */
const contentOf = (
  blocks: readonly (BlockBody | InnerBlockBody)[],
  unnamed: Unnamed,
  path: string,
): string | readonly Part[] => {
  const parts = blocks.map((block, index) => decodePart(block, unnamed, `${path}.content[${index}]`))
  const [first] = parts
  if (first === undefined) return ''
  return parts.length === 1 && first.type === 'text' ? first.text : parts
}

const decodePart = (block: BlockBody | InnerBlockBody, unnamed: Unnamed, path: string): Part => {
  noteCache(block, unnamed)
  switch (block.type) {
    case 'text':
      return { type: 'text', text: requireText(block, path) }
    case 'image': {
      const url = urlOf(block.source ?? undefined)
      return url === undefined ? { type: 'other', value: block } : { type: 'image', url }
    }
    case 'document':
      return block.source?.type === 'text' && block.source.data != null
        ? { type: 'text', text: block.source.data }
        : { type: 'other', value: block }
    default:
      return { type: 'other', value: block }
  }
}

const urlOf = (source: SourceBody | undefined): string | undefined => {
  if (source?.type === 'url') return source.url ?? undefined
  if (source?.type !== 'base64' || source.data == null) return undefined
  return `data:${source.media_type ?? 'application/octet-stream'};base64,${source.data}`
}

const requireText = ({ text }: { readonly text?: string }, path: string): string => {
  if (text === undefined) throw badRequest('A text block needs text.', `${path}.text`)
  return text
}

/** A wish that changes what an answer costs and not what it says. */
const noteCache = (block: object, unnamed: Unnamed): void => {
  if (isRecord(block) && block['cache_control'] != null) unnamed['messages[].cache_control'] = true
}
