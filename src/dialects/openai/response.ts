import { McpdError } from '../../core/errors.ts'
import type { Choice, InferenceResponse, ToolCall } from '../../core/inference.ts'
import { decodeVector, encodeVector } from './embedding.ts'
import { decodeLogprobs, encodeChatLogprobs, encodeCompletionLogprobs } from './logprobs.ts'
import { encodeToolCall } from './request-encoder.ts'
import { decodeTimings, decodeUsage, encodeUsage } from './usage.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'
import { argumentsOf, decodeFinishReason, encodeFinishReason, madeCallId, reasoningOf } from './wire.ts'

type TextOperation = 'chat' | 'complete' | 'embed'

/** Reads a whole answer. Throws BACKEND_ERROR when it is not one. */
export const decodeResponse = (operation: TextOperation, body: unknown): InferenceResponse => {
  if (!isRecord(body)) throw malformed('it is no JSON object')
  requireAnswer(operation, body)
  const usage = decodeUsage(body['usage'])
  const timings = decodeTimings(body['timings'])
  const id = textOf(body['id'])
  return {
    model: textOf(body['model']) ?? '',
    ...(id !== undefined && { id }),
    ...(operation === 'embed'
      ? { choices: [], embeddings: decodeEmbeddings(body['data'] as unknown[]) }
      : { choices: decodeChoices(operation, body['id'], body['choices'] as unknown[]) }),
    ...(usage && { usage }),
    ...(timings && { timings }),
  }
}

/** Throws BACKEND_ERROR when a body has nothing of an answer, for who would hand it on without decoding it. */
export const requireAnswer = (operation: TextOperation, body: Wire): void => {
  const member = operation === 'embed' ? 'data' : 'choices'
  const answers = body[member]
  if (!Array.isArray(answers) || answers.length === 0) throw malformed(`it has no ${member}`)
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${why}.`)

const decodeChoices = (operation: 'chat' | 'complete', id: unknown, choices: readonly unknown[]): Choice[] =>
  choices
    .map((choice, position) => {
      if (!isRecord(choice)) throw malformed('a choice is no object')
      return operation === 'chat'
        ? decodeChatChoice(choice, position, id)
        : decodeCompletionChoice(choice, position)
    })
    .sort((a, b) => a.index - b.index)

const decodeCompletionChoice = (choice: Wire, position: number): Choice => {
  const logprobs = decodeLogprobs(choice['logprobs'])
  return {
    index: numberOf(choice['index']) ?? position,
    text: textOf(choice['text']) ?? null,
    ...(logprobs && { logprobs }),
    finishReason: decodeFinishReason(choice['finish_reason']),
  }
}

const decodeChatChoice = (choice: Wire, position: number, id: unknown): Choice => {
  const message = choice['message']
  if (!isRecord(message)) throw malformed('a choice has no message')
  const index = numberOf(choice['index']) ?? position
  const reasoning = reasoningOf(message)
  const toolCalls = decodeToolCalls(message, (call) => madeCallId(id, index, call))
  const logprobs = decodeLogprobs(choice['logprobs'])
  return {
    index,
    // A refusal is what the model has to say instead of an answer.
    text: textOf(message['content']) ?? textOf(message['refusal']) ?? null,
    ...(reasoning !== undefined && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
    ...(logprobs && { logprobs }),
    finishReason: decodeFinishReason(choice['finish_reason']),
  }
}

const decodeToolCalls = (message: Wire, idOf: (call: number) => string): ToolCall[] => {
  const { tool_calls: calls, function_call: legacy } = message
  const wire = Array.isArray(calls) ? calls.filter(isRecord) : []
  if (isRecord(legacy)) wire.push({ function: legacy })
  return wire.map(({ id, function: called }, call) => {
    const { name, arguments: given } = isRecord(called) ? called : {}
    return { id: textOf(id) ?? idOf(call), name: textOf(name) ?? '', argumentsText: argumentsOf(given) }
  })
}

/** Vectors in the order of their inputs, which is not always the order they come in. */
const decodeEmbeddings = (data: readonly unknown[]): (readonly number[])[] => {
  const embeddings: (readonly number[] | undefined)[] = data.map(() => undefined)
  for (const [position, item] of data.entries()) {
    const { index, embedding } = isRecord(item) ? item : {}
    const at = numberOf(index) ?? position
    const vector = typeof embedding === 'string' ? decodeVector(embedding) : embedding
    if (!Array.isArray(vector)) throw malformed(`embedding ${at} is no vector`)
    if (!(at in embeddings) || embeddings[at]) throw malformed(`it has no place for embedding ${at}`)
    embeddings[at] = vector as number[]
  }
  return embeddings as (readonly number[])[]
}

// ---- towards clients ----

export interface EncodeResponseOptions {
  /** The answer's id, such as chatcmpl-…; embeddings have none. */
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
  readonly createdSeconds: number
  /** Of embeddings; float when absent. */
  readonly encodingFormat?: 'float' | 'base64'
}

/** The body of a whole answer. The inverse of `decodeResponse`. */
export const encodeResponse = (
  operation: TextOperation,
  response: InferenceResponse,
  options: EncodeResponseOptions,
): object => {
  const { id, model, createdSeconds: created } = options
  const usage = response.usage
  if (operation === 'embed')
    return {
      object: 'list',
      data: (response.embeddings ?? []).map((values, index) => ({
        object: 'embedding',
        index,
        embedding: options.encodingFormat === 'base64' ? encodeVector(values) : values,
      })),
      model,
      usage: { prompt_tokens: usage?.inputTokens ?? 0, total_tokens: usage?.inputTokens ?? 0 },
    }
  return {
    id,
    object: operation === 'chat' ? 'chat.completion' : 'text_completion',
    created,
    model,
    choices: response.choices.map(operation === 'chat' ? encodeChatChoice : encodeCompletionChoice),
    ...(usage && { usage: encodeUsage(usage) }),
  }
}

const encodeChatChoice = ({ index, text, reasoning, toolCalls, logprobs, finishReason }: Choice): object => ({
  index,
  message: {
    role: 'assistant',
    content: text ?? (toolCalls ? null : ''),
    refusal: null,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls && { tool_calls: toolCalls.map(encodeToolCall) }),
  },
  logprobs: logprobs ? encodeChatLogprobs(logprobs) : null,
  finish_reason: encodeFinishReason(finishReason),
})

const encodeCompletionChoice = ({ index, text, logprobs, finishReason }: Choice): object => ({
  index,
  text: text ?? '',
  logprobs: logprobs ? encodeCompletionLogprobs(logprobs) : null,
  finish_reason: encodeFinishReason(finishReason),
})
