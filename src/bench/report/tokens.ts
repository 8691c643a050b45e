import { isOk, outputTokensOf, type RequestRecord } from '../measure/record.ts'

export type TokenSource = 'usage' | 'tokenizer' | 'events' | 'mixed' | 'none'

export interface Tokens {
  readonly input: number
  readonly output: number
  /** Where the output was counted: by the server, by a tokenizer, or one per event. */
  readonly source: TokenSource
  readonly cachedInput: number
  readonly reasoning: number
  readonly events: number
  /** Output tokens per event, over requests that were not counted by their events; null without any. */
  readonly tokensPerEvent: number | null
}

/** Tokens of the requests that succeeded. */
export const countTokens = (records: readonly RequestRecord[]): Tokens => {
  const good = records.filter(isOk)
  const counted = good.filter(
    ({ outputTokens, tokenizerTokens }) => (outputTokens ?? tokenizerTokens) !== undefined,
  )
  const total = (among: readonly RequestRecord[], of: (record: RequestRecord) => number): number =>
    among.reduce((sum, record) => sum + of(record), 0)
  const streamed = counted.filter(({ stamps }) => stamps.length > 0)
  const events = total(streamed, ({ stamps }) => stamps.length)
  return {
    input: total(good, ({ inputTokens, askedInputTokens }) => inputTokens ?? askedInputTokens ?? 0),
    output: total(good, outputTokensOf),
    source: sourceOf(good),
    cachedInput: total(good, ({ cachedTokens }) => cachedTokens ?? 0),
    reasoning: total(good, ({ reasoningTokens }) => reasoningTokens ?? 0),
    events: total(good, ({ stamps }) => stamps.length),
    tokensPerEvent: events === 0 ? null : total(streamed, outputTokensOf) / events,
  }
}

const sourceOf = (good: readonly RequestRecord[]): TokenSource => {
  const sources = new Set(good.map(sourceOfOne))
  const [first = 'none', ...others] = sources
  return others.length === 0 ? first : 'mixed'
}

const sourceOfOne = ({ outputTokens, tokenizerTokens }: RequestRecord): TokenSource => {
  if (outputTokens !== undefined) return 'usage'
  return tokenizerTokens === undefined ? 'events' : 'tokenizer'
}

/** From here on, times between tokens cannot be seen, only times between events. */
export const bundlingMin = 1.2
