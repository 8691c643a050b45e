import type { Usage } from '../../core/inference.ts'
import { isRecord, type Wire } from '../wire.ts'

/** `usage` of a message. Here, and only here, tokens read from or written to a cache stand beside the others. */
export const decodeUsage = (usage: unknown): Usage | undefined => {
  if (!isRecord(usage)) return undefined
  const fresh = countOf(usage['input_tokens'])
  const output = countOf(usage['output_tokens'])
  if (fresh === undefined && output === undefined) return undefined
  const read = countOf(usage['cache_read_input_tokens'])
  const written = countOf(usage['cache_creation_input_tokens']) ?? 0
  const reasoning = detailOf(usage['output_tokens_details'])
  return {
    inputTokens: (fresh ?? 0) + (read ?? 0) + written,
    outputTokens: output ?? 0,
    ...(read !== undefined && { cachedTokens: read }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
  }
}

/** `usage` as a message carries it; zeros when the backend counted nothing, since clients ask for the members. */
export const encodeUsage = (usage: Usage | undefined): object => {
  const { inputTokens = 0, outputTokens = 0, cachedTokens, reasoningTokens } = usage ?? {}
  return {
    input_tokens: inputTokens - (cachedTokens ?? 0),
    cache_creation_input_tokens: null,
    cache_read_input_tokens: cachedTokens ?? null,
    output_tokens: outputTokens,
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  }
}

/** A later count of a stream over an earlier one: what it does not say stays as it was. */
export const mergeUsage = (earlier: Wire, later: unknown): Wire =>
  isRecord(later)
    ? { ...earlier, ...Object.fromEntries(Object.entries(later).filter(([, value]) => value != null)) }
    : earlier

const detailOf = (details: unknown): number | undefined =>
  isRecord(details) ? countOf(details['thinking_tokens']) : undefined

const countOf = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
