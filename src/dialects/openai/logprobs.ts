import type { TokenLogprob } from '../../core/inference.ts'
import { isRecord, numberOf, type Wire } from '../wire.ts'

/** `logprobs` of a choice, in the form of chat ({content}) or of completions ({tokens}); undefined when empty. */
export const decodeLogprobs = (logprobs: unknown): readonly TokenLogprob[] | undefined => {
  if (!isRecord(logprobs)) return undefined
  const decoded = Array.isArray(logprobs['content'])
    ? logprobs['content'].filter(isRecord).map(decodeEntry)
    : decodeColumns(logprobs)
  return decoded.length > 0 ? decoded : undefined
}

const decodeEntry = (entry: Wire): TokenLogprob => {
  const { token, logprob, bytes, top_logprobs: top } = entry
  return {
    token: String(token),
    logprob: numberOf(logprob) ?? 0,
    ...(bytes !== undefined && { bytes: bytes as number[] | null }),
    ...(Array.isArray(top) && top.length > 0 && { top: top.filter(isRecord).map(decodeEntry) }),
  }
}

/** Completions keep one array per column. The first token of an echoed prompt has no probability. */
const decodeColumns = (columns: Wire): TokenLogprob[] => {
  const { tokens, token_logprobs: values, top_logprobs: tops } = columns
  if (!Array.isArray(tokens)) return []
  return tokens.map((token, at) => {
    const top: unknown = Array.isArray(tops) ? tops[at] : undefined
    return {
      token: String(token),
      logprob: (Array.isArray(values) ? numberOf(values[at]) : undefined) ?? 0,
      ...(isRecord(top) && {
        top: Object.entries(top).map(([name, value]) => ({ token: name, logprob: numberOf(value) ?? 0 })),
      }),
    }
  })
}

/** `logprobs` of a chat choice. */
export const encodeChatLogprobs = (logprobs: readonly TokenLogprob[]): object => ({
  content: encodeLogprobs(logprobs),
  refusal: null,
})

/** One entry per token, as chat and responses have them. */
export const encodeLogprobs = (logprobs: readonly TokenLogprob[]) =>
  logprobs.map((entry) => ({ ...encodeEntry(entry), top_logprobs: (entry.top ?? []).map(encodeEntry) }))

const encodeEntry = ({ token, logprob, bytes }: TokenLogprob) => ({
  token,
  logprob,
  bytes: bytes === undefined ? [...Buffer.from(token)] : bytes,
})

/** `logprobs` of a completion choice; `offset` is where its first token begins in the whole text. */
export const encodeCompletionLogprobs = (logprobs: readonly TokenLogprob[], offset = 0): object => {
  let at = offset
  const textOffset = logprobs.map(({ token }) => {
    const start = at
    at += token.length
    return start
  })
  const tops = logprobs.map(({ top }) =>
    top ? Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])) : null,
  )
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: tops.some((top) => top !== null) ? tops : null,
    text_offset: textOffset,
  }
}
