import { McpdError } from '../../core/errors.ts'
import type { InferenceResponse, Operation } from '../../core/inference.ts'
import type { ContextTrace } from '../../core/trace.ts'
import type { AnswerFacts } from './answer.ts'

/** Who answered. */
export const served = ({ id, trace }: AnswerFacts) => ({
  id,
  adapter: trace.adapter ?? '',
  backend: trace.backend ?? '',
  model: trace.model ?? '',
  ...(trace.context && { context: shownContext(trace.context) }),
})

/** Where the conversation is kept, and what of it was left out. */
const shownContext = ({ id, head, turn, view }: ContextTrace): object => ({
  id,
  ref: head,
  turn,
  ...(view && { view }),
})

export const timingsOf = ({ trace }: AnswerFacts, streamed: boolean, now: () => number) => ({
  queueMs: rounded(trace.queueMs),
  ttftMs:
    streamed && trace.firstContentMs !== undefined ? rounded(trace.firstContentMs - trace.startedMs) : null,
  totalMs: rounded(now() - trace.startedMs),
})

/** Microseconds are as fine as these clocks are true. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000

type Output = (response: InferenceResponse) => object

const only = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new McpdError('BACKEND_ERROR', `The backend's answer holds no ${what}.`)
  return value
}

/** `output` of the native answer, by operation; members beside it are the same for all. */
export const outputs: Readonly<Record<Operation, Output>> = {
  chat: ({ choices }) => {
    const { text, toolCalls, reasoning, finishReason } = only(choices[0], 'message')
    return {
      output: {
        role: 'assistant',
        content: text,
        ...(toolCalls && { toolCalls }),
        ...(reasoning !== undefined && { reasoning }),
      },
      finishReason,
    }
  },
  complete: ({ choices }) => {
    const { text, finishReason } = only(choices[0], 'text')
    return { output: { text: text ?? '' }, finishReason }
  },
  embed: ({ embeddings }) => ({ output: { embeddings: only(embeddings, 'embeddings') } }),
  tokenize: (response) => {
    const tokens = only(response.tokens, 'tokens')
    const { contextLength, tokenCount = tokens.length } = response
    return { output: { tokens, count: tokenCount, ...(contextLength !== undefined && { contextLength }) } }
  },
  rerank: ({ ranking }) => ({ output: { ranking: only(ranking, 'ranking') } }),
  infer: ({ tensors }) => ({ output: { tensors: only(tensors, 'tensors') } }),
}

/** The native answer to a unary request. */
export const nativeAnswer =
  (operation: keyof typeof outputs, now: () => number) =>
  (response: InferenceResponse, facts: AnswerFacts): object => ({
    ...served(facts),
    ...outputs[operation](response),
    usage: response.usage ?? null,
    timings: timingsOf(facts, false, now),
    warnings: facts.trace.warnings,
  })
