import { McpdError } from '../../core/errors.ts'
import type {
  BackendTimings,
  FinishReason,
  InferenceResponse,
  TokenLogprob,
  Usage,
} from '../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'

const reasons: Readonly<Record<string, FinishReason>> = {
  length: 'length',
  eos_token: 'stop',
  stop_sequence: 'stop',
}

export const decodeFinishReason = (reason: unknown): FinishReason =>
  typeof reason === 'string' && Object.hasOwn(reasons, reason) ? reasons[reason]! : 'other'

export const encodeFinishReason = (reason: FinishReason): string =>
  reason === 'length' ? 'length' : 'eos_token'

/** The headers of a whole answer that say how long its prompt was and how long it took. */
export type AnswerHeaders = Readonly<Record<string, string>>

/**
 * Reads a whole answer of POST /generate; the model is the one that was asked, for the answer does not name it. Throws
 * BACKEND_ERROR when it is none.
 */
export const decodeGenerated = (
  value: unknown,
  headers: AnswerHeaders,
  { model, logprobs }: { readonly model: string; readonly logprobs: boolean },
): InferenceResponse => {
  const body = requireGenerated(value)
  const details = isRecord(body['details']) ? body['details'] : {}
  const usage = usageOf(details, headers)
  const timings = timingsOf(headers)
  const tokens = logprobs ? logprobsOf(details) : []
  return {
    model,
    choices: [
      {
        index: 0,
        text: String(body['generated_text']),
        ...(tokens.length > 0 && { logprobs: tokens }),
        finishReason: decodeFinishReason(details['finish_reason']),
      },
    ],
    ...(usage && { usage }),
    ...(timings && { timings }),
  }
}

/** POST / answers with a list of one, POST /generate with the one. Throws BACKEND_ERROR when there is no text. */
export const requireGenerated = (value: unknown): Wire => {
  const body: unknown = Array.isArray(value) ? value[0] : value
  if (isRecord(body) && typeof body['generated_text'] === 'string') return body
  throw new McpdError('BACKEND_ERROR', "The backend's answer is malformed: it has no generated_text.")
}

/** Streams count in their last event; whole answers count the prompt in a header. */
export const usageOf = (details: Wire, headers: AnswerHeaders = {}): Usage | undefined => {
  const outputTokens = countOf(details['generated_tokens']) ?? countOf(headers['x-generated-tokens'])
  const inputTokens = countOf(details['input_length']) ?? countOf(headers['x-prompt-tokens'])
  return inputTokens === undefined || outputTokens === undefined ? undefined : { inputTokens, outputTokens }
}

const countOf = (value: unknown): number | undefined => {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined
}

const timingsOf = (headers: AnswerHeaders): BackendTimings | undefined => {
  const generateMs = countOf(headers['x-inference-time'])
  return generateMs === undefined ? undefined : { generateMs }
}

/** Tokens that are text, each with its alternatives where they were wanted. */
const logprobsOf = ({ tokens, top_tokens: tops }: Wire): TokenLogprob[] =>
  (Array.isArray(tokens) ? tokens : []).flatMap((token: unknown, at) =>
    isRecord(token) && token['special'] !== true
      ? [logprobOf(token, Array.isArray(tops) ? (tops as unknown[])[at] : undefined)]
      : [],
  )

export const logprobOf = (token: Wire, tops: unknown): TokenLogprob => ({
  token: textOf(token['text']) ?? '',
  logprob: numberOf(token['logprob']) ?? 0,
  ...(Array.isArray(tops) && {
    top: tops.filter(isRecord).map((top) => ({
      token: textOf(top['text']) ?? '',
      logprob: numberOf(top['logprob']) ?? 0,
    })),
  }),
})

/** The body of a whole answer, and the headers that belong to it. The inverse of `decodeGenerated`. */
export const encodeGenerated = (
  { choices, usage }: InferenceResponse,
  isDetailed: boolean,
): { readonly body: object; readonly headers: Record<string, string> } => {
  const { text = '', finishReason = 'other' } = choices[0] ?? {}
  return {
    body: {
      generated_text: text ?? '',
      ...(isDetailed && {
        details: {
          finish_reason: encodeFinishReason(finishReason),
          generated_tokens: usage?.outputTokens ?? 0,
          tokens: [],
        },
      }),
    },
    headers: {
      'x-prompt-tokens': String(usage?.inputTokens ?? 0),
      'x-generated-tokens': String(usage?.outputTokens ?? 0),
      'x-inference-time': '1',
    },
  }
}
