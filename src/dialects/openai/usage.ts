import type { BackendTimings, Usage } from '../../core/inference.ts'
import { isRecord, numberOf } from '../wire.ts'

/** `usage` of an answer or a chunk; undefined when there is none or it counts nothing we know. */
export const decodeUsage = (usage: unknown): Usage | undefined => {
  if (!isRecord(usage)) return undefined
  const promptTokens = countOf(usage['prompt_tokens'])
  const completionTokens = countOf(usage['completion_tokens'])
  const totalTokens = countOf(usage['total_tokens'])
  // Embeddings have no completion, and some servers count only the total of them.
  const inputTokens = promptTokens ?? totalTokens
  if (inputTokens === undefined) return undefined
  const cachedTokens = detail(usage['prompt_tokens_details'], 'cached_tokens')
  const reasoningTokens = detail(usage['completion_tokens_details'], 'reasoning_tokens')
  return {
    inputTokens,
    outputTokens: completionTokens ?? Math.max(0, (totalTokens ?? 0) - inputTokens),
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  }
}

/** `usage` as a chat or completion answer carries it. */
export const encodeUsage = ({ inputTokens, outputTokens, cachedTokens, reasoningTokens }: Usage): object => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
  ...(cachedTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
})

/** llama.cpp's `timings`, in milliseconds there as here. */
export const decodeTimings = (timings: unknown): BackendTimings | undefined => {
  if (!isRecord(timings)) return undefined
  const promptMs = numberOf(timings['prompt_ms'])
  const generateMs = numberOf(timings['predicted_ms'])
  if (promptMs === undefined && generateMs === undefined) return undefined
  return {
    ...(promptMs !== undefined && { promptMs }),
    ...(generateMs !== undefined && { generateMs }),
  }
}

const detail = (details: unknown, name: string): number | undefined =>
  isRecord(details) ? countOf(details[name]) : undefined

const countOf = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
