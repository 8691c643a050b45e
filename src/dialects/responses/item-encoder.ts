import type { Message, Part, TokenLogprob } from '../../core/inference.ts'
import { encodeLogprobs } from '../openai/logprobs.ts'
import { isRecord, textOf } from '../wire.ts'
import { itemIdOf } from './ids.ts'
import type { AnyItem, InputPart, ItemStatus, Logprobs, OutputItem } from './response-schemas.ts'

/** The items that a stored message is, in the order of an answer: reasoning, text, calls. */
export const encodeItems = (turn: string, message: Message, status: ItemStatus = 'completed'): AnyItem[] => {
  const { role, content, toolCallId } = message
  switch (role) {
    case 'assistant':
      return encodeAnswer(turn, message, status)
    case 'tool':
      return [
        {
          type: 'function_call_output',
          id: itemIdOf('fco', turn),
          status,
          call_id: toolCallId ?? '',
          output: typeof content === 'string' ? content : (content ?? []).map(encodePart),
        },
      ]
    default:
      return [
        {
          type: 'message',
          id: itemIdOf('msg', turn),
          status,
          role,
          content: partsOf(content).map(encodePart),
        },
      ]
  }
}

/** The items of an answer; one that is empty is an empty message. */
export const encodeAnswer = (
  turn: string,
  { content, reasoning, toolCalls = [] }: Pick<Message, 'content' | 'reasoning' | 'toolCalls'>,
  status: ItemStatus,
  logprobs?: readonly TokenLogprob[],
): OutputItem[] => {
  const items: OutputItem[] = []
  if (reasoning) items.push(reasoningItem(turn, reasoning, status))
  const text = textOfParts(content)
  if (text !== '' || (!reasoning && toolCalls.length === 0))
    items.push(messageItem(turn, outputText(text, logprobs), status))
  for (const [call, { id, name, argumentsText }] of toolCalls.entries())
    items.push(callItem(turn, call, { id, name, argumentsText }, status))
  return items
}

type Item<Type extends OutputItem['type']> = Extract<OutputItem, { readonly type: Type }>
type OutputText = Item<'message'>['content'][number]

export const reasoningItem = (
  turn: string,
  text: string,
  status: ItemStatus,
  segment = 0,
): Item<'reasoning'> => ({
  type: 'reasoning',
  id: itemIdOf('rs', turn, segment),
  status,
  summary: [],
  content: text === '' ? [] : [{ type: 'reasoning_text', text }],
})

/** Without a part: a message that has only begun. */
export const messageItem = (
  turn: string,
  part: OutputText | undefined,
  status: ItemStatus,
): Item<'message'> => ({
  type: 'message',
  id: itemIdOf('msg', turn),
  status,
  role: 'assistant',
  content: part ? [part] : [],
})

export const callItem = (
  turn: string,
  call: number,
  { id, name, argumentsText }: { readonly id: string; readonly name: string; readonly argumentsText: string },
  status: ItemStatus,
): Item<'function_call'> => ({
  type: 'function_call',
  id: itemIdOf('fc', turn, call),
  status,
  call_id: id,
  name,
  arguments: argumentsText,
})

export const outputText = (text: string, logprobs: readonly TokenLogprob[] = []): OutputText => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: outputLogprobs(logprobs),
})

export const outputLogprobs = (logprobs: readonly TokenLogprob[] = []): Logprobs =>
  encodeLogprobs(logprobs).map(({ bytes, top_logprobs: top, ...entry }) => ({
    ...entry,
    bytes: [...(bytes ?? [])],
    top_logprobs: top.map(({ bytes: each, ...alternative }) => ({
      ...alternative,
      bytes: [...(each ?? [])],
    })),
  }))

const partsOf = (content: Message['content']): readonly Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])

/** What a model says is text here; parts of another kind have no place in its message. */
const textOfParts = (content: Message['content']): string =>
  partsOf(content)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')

const encodePart = (part: Part): InputPart => {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image':
      return { type: 'input_image', image_url: part.url, detail: part.detail ?? 'auto' }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } }
    case 'other': {
      const { file } = part.value
      const data = isRecord(file) ? textOf(file['file_data']) : undefined
      const filename = isRecord(file) ? textOf(file['filename']) : undefined
      // A part of another dialect has no name here; what it is can still be read.
      return data === undefined
        ? { type: 'input_text', text: JSON.stringify(part.value) }
        : { type: 'input_file', file_data: data, ...(filename !== undefined && { filename }) }
    }
  }
}
