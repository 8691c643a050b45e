import { McpdError } from '../../core/errors.ts'
import type { InferenceResponse, ToolCall } from '../../core/inference.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { decodeUsage, encodeUsage } from './usage.ts'
import { decodeStopReason, encodeStopReason, madeCallId, parseArguments } from './wire.ts'

/** Reads a whole message. Throws BACKEND_ERROR when it is none. */
export const decodeResponse = (body: Wire): InferenceResponse => {
  requireAnswer(body)
  const id = textOf(body['id'])
  const usage = decodeUsage(body['usage'])
  let text: string | null = null
  let reasoning = ''
  const toolCalls: ToolCall[] = []
  for (const block of body['content'] as readonly unknown[]) {
    if (!isRecord(block)) throw malformed('a block is no object')
    if (block['type'] === 'text') text = (text ?? '') + (textOf(block['text']) ?? '')
    else if (block['type'] === 'thinking') reasoning += textOf(block['thinking']) ?? ''
    else if (block['type'] === 'tool_use')
      toolCalls.push({
        id: textOf(block['id']) ?? madeCallId(id ?? '', toolCalls.length),
        name: textOf(block['name']) ?? '',
        argumentsText: JSON.stringify(block['input'] ?? {}),
      })
  }
  return {
    model: textOf(body['model']) ?? '',
    ...(id !== undefined && { id }),
    choices: [
      {
        index: 0,
        text,
        ...(reasoning !== '' && { reasoning }),
        ...(toolCalls.length > 0 && { toolCalls }),
        finishReason: decodeStopReason(body['stop_reason']),
      },
    ],
    ...(usage && { usage }),
  }
}

/** Throws BACKEND_ERROR when a body has nothing of an answer, for who would hand it on without decoding it. */
export const requireAnswer = (body: Wire): void => {
  if (!Array.isArray(body['content'])) throw malformed('it has no content')
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${why}.`)

/** The number of tokens that a backend counted. Throws BACKEND_ERROR. */
export const decodeTokenCount = (body: Wire): number => {
  const count = body['input_tokens']
  if (Number.isSafeInteger(count) && (count as number) >= 0) return count as number
  throw malformed('it counts no input_tokens')
}

// ---- towards clients ----

export interface EncodeResponseOptions {
  /** The answer's id, such as msg_…. */
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
}

/** The body of a whole answer. The inverse of `decodeResponse`. */
export const encodeResponse = (
  { choices, usage }: InferenceResponse,
  { id, model }: EncodeResponseOptions,
): object => {
  const [choice] = choices
  const { text = null, reasoning, toolCalls = [], finishReason = 'other' } = choice ?? {}
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [
      // Only Anthropic signs what its models think.
      ...(reasoning ? [{ type: 'thinking', thinking: reasoning, signature: '' }] : []),
      ...(text ? [{ type: 'text', text }] : []),
      ...toolCalls.map((call, index) => encodeToolCall(call, id, index)),
    ],
    stop_reason: encodeStopReason(finishReason),
    stop_sequence: null,
    usage: encodeUsage(usage),
  }
}

/** Throws BACKEND_ERROR for arguments that are no object: this dialect has no way to hand on a broken call. */
const encodeToolCall = ({ id, name, argumentsText }: ToolCall, messageId: string, index: number): object => {
  const input = parseArguments(argumentsText)
  if (!input) throw malformed(`the arguments of its call of ${name} are no JSON object`)
  return { type: 'tool_use', id: id || madeCallId(messageId, index), name, input }
}
