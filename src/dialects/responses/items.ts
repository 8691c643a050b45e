import { McpdError } from '../../core/errors.ts'
import type { Message, Part, ToolCall } from '../../core/inference.ts'
import type { ItemBody, PartBody } from './item-schemas.ts'

/**
 * The messages that items spell out. What an assistant thought, said and called in a row is one message, as chat
 * has it. `where` is the member the items are in, for errors. Throws BAD_REQUEST for kinds of items and parts that
 * only OpenAI itself can serve; an item_reference must have been replaced by the item it names.
 */
export const decodeItems = (items: readonly ItemBody[], where = 'input'): Message[] => {
  const messages: Message[] = []
  let open: OpenAnswer | undefined
  const close = (): void => {
    if (open) messages.push(messageOf(open))
    open = undefined
  }
  for (const [index, item] of items.entries()) {
    const path = `${where}[${index}]`
    const fragment = decodeFragment(item, path)
    if (!fragment) {
      close()
      messages.push(decodeMessage(item, path))
      continue
    }
    if (open && !follows(open, fragment)) close()
    open = open ? join(open, fragment) : fragment
  }
  close()
  return messages
}

/** What an assistant said so far. */
interface OpenAnswer {
  readonly reasoning?: string
  readonly content?: Message['content']
  readonly toolCalls?: readonly ToolCall[]
}

/** The part of an answer that an item is; undefined for every item that is no assistant's. */
const decodeFragment = (item: ItemBody, path: string): OpenAnswer | undefined => {
  switch (item.type ?? 'message') {
    case 'reasoning':
      return { reasoning: reasoningOf(item) }
    case 'function_call':
      return { toolCalls: [decodeCall(item, path)] }
    case 'message':
      return item.role === 'assistant' ? { content: decodeContent(item, path) } : undefined
    default:
      return undefined
  }
}

/** Whether it can be of the same answer: thought, then text, then calls, the first two once. */
const follows = (open: OpenAnswer, { reasoning, content }: OpenAnswer): boolean =>
  reasoning !== undefined
    ? open.content === undefined && open.toolCalls === undefined
    : content === undefined || (open.content === undefined && open.toolCalls === undefined)

const join = (open: OpenAnswer, { reasoning, content, toolCalls }: OpenAnswer): OpenAnswer => ({
  ...open,
  ...(reasoning !== undefined && { reasoning: (open.reasoning ?? '') + reasoning }),
  ...(content !== undefined && { content }),
  ...(toolCalls && { toolCalls: [...(open.toolCalls ?? []), ...toolCalls] }),
})

const messageOf = ({ reasoning, content = null, toolCalls }: OpenAnswer): Message => ({
  role: 'assistant',
  content,
  ...(toolCalls && { toolCalls }),
  ...(reasoning && { reasoning }),
})

/** An item that is a message by itself. */
const decodeMessage = (item: ItemBody, path: string): Message => {
  switch (item.type ?? (item.role ? 'message' : 'item_reference')) {
    case 'message': {
      const { role } = item
      if (role === undefined) throw badRequest('A message needs a role.', `${path}.role`)
      return { role, content: decodeContent(item, path) }
    }
    case 'function_call_output': {
      const { call_id: toolCallId, output } = item
      if (toolCallId == null || output === undefined)
        throw badRequest('A function_call_output needs call_id and output.', path)
      return { role: 'tool', content: decodeParts(output, `${path}.output`), toolCallId }
    }
    case 'item_reference':
      throw badRequest('An item_reference needs the id of a stored item.', `${path}.id`)
    default:
      throw badRequest(
        `Items of type "${item.type}" are not understood here; send messages, function calls, their outputs and reasoning.`,
        `${path}.type`,
      )
  }
}

const decodeContent = ({ content }: ItemBody, path: string): Message['content'] => {
  if (content == null) throw badRequest('A message needs content.', `${path}.content`)
  return decodeParts(content, `${path}.content`)
}

const decodeCall = ({ call_id: id, name, arguments: argumentsText }: ItemBody, path: string): ToolCall => {
  if (id == null || name == null || argumentsText == null)
    throw badRequest('A function_call needs call_id, name and arguments.', path)
  return { id, name, argumentsText }
}

/** The reasoning itself where it is there, else what was made of it. */
const reasoningOf = ({ content, summary }: ItemBody): string => {
  const texts = Array.isArray(content) && content.length > 0 ? content : (summary ?? [])
  return texts.map(({ text }) => text ?? '').join('\n')
}

/** One part of text is text. */
const decodeParts = (content: string | readonly PartBody[], path: string): string | readonly Part[] => {
  if (typeof content === 'string') return content
  const parts = content.map((part, index) => decodePart(part, `${path}[${index}]`))
  const [first] = parts
  return parts.length === 1 && first?.type === 'text' ? first.text : parts
}

const decodePart = (part: PartBody, path: string): Part => {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      if (part.text == null) throw badRequest(`A part of type ${part.type} needs text.`, `${path}.text`)
      return { type: 'text', text: part.text }
    case 'refusal':
      return { type: 'text', text: part.refusal ?? '' }
    case 'input_image': {
      const { image_url: url, detail } = part
      if (url == null) throw noFiles('image_url', path)
      return { type: 'image', url, ...(detail != null && { detail }) }
    }
    case 'input_audio':
      if (!part.input_audio) throw badRequest('An input_audio part needs input_audio.', `${path}.input_audio`)
      return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format }
    case 'input_file': {
      const { file_data: data, filename } = part
      if (data == null) throw noFiles('file_data', path)
      // The form of the chat API, in which backends that read files take them.
      return {
        type: 'other',
        value: { type: 'file', file: { file_data: data, ...(filename != null && { filename }) } },
      }
    }
    default:
      throw badRequest(`Parts of type "${part.type}" are not understood here.`, `${path}.type`)
  }
}

const noFiles = (member: string, path: string): McpdError =>
  badRequest(`mcpd keeps and fetches no files; send ${member} instead of an id or address of one.`, path)

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })
