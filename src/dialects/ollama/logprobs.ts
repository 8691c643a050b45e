import type { TokenLogprob } from '../../core/inference.ts'
import { isRecord, numberOf, type Wire } from '../wire.ts'

/** `logprobs` of an answer or a line; undefined when empty. */
export const decodeLogprobs = (logprobs: unknown): readonly TokenLogprob[] | undefined => {
  if (!Array.isArray(logprobs)) return undefined
  const decoded = logprobs.filter(isRecord).map(decodeEntry)
  return decoded.length > 0 ? decoded : undefined
}

const decodeEntry = ({ token, logprob, bytes, top_logprobs: top }: Wire): TokenLogprob => ({
  token: String(token),
  logprob: numberOf(logprob) ?? 0,
  ...(Array.isArray(bytes) && { bytes: bytes as number[] }),
  ...(Array.isArray(top) && top.length > 0 && { top: top.filter(isRecord).map(decodeEntry) }),
})

export const encodeLogprobs = (logprobs: readonly TokenLogprob[]): object[] =>
  logprobs.map((entry) => ({
    ...encodeEntry(entry),
    ...(entry.top && entry.top.length > 0 && { top_logprobs: entry.top.map(encodeEntry) }),
  }))

const encodeEntry = ({ token, logprob, bytes }: TokenLogprob): object => ({
  token,
  logprob,
  bytes: bytes ?? [...Buffer.from(token)],
})
