import {
  clientQueue,
  connect,
  e2e,
  e2eFromSchedule,
  isOk,
  outputTokensOf,
  type RequestRecord,
  streamEnd,
  tpot,
  ttfb,
  ttfo,
  ttft,
  ttftFromSchedule,
  ttst,
} from '../measure/record.ts'
import { quantile, type Sorted, sorted, summarise, type Summary } from '../percentile.ts'
import { isGood, type Slo } from './slo.ts'

/** A stretch of the monotonic clock over which rates are counted. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export interface Metrics {
  readonly ttftMs: Summary
  readonly ttfoMs: Summary
  readonly ttstMs: Summary
  readonly tpotMs: Summary
  readonly iclMs: Summary
  readonly e2eMs: Summary
  readonly streamEndMs: Summary
  readonly ttfbMs: Summary
  readonly connectMs: Summary
  readonly queueMs: Summary
  readonly fromSchedule: { readonly ttftMs: Summary; readonly e2eMs: Summary }
  /** Percentiles over all requests, a failed one counting as infinitely slow. */
  readonly failureAware: { readonly ttftMs: Tail; readonly e2eMs: Tail }
  readonly requestsPerSecond: number
  readonly outputTokensPerSecond: number
  /** What one user sees: 1000 / TPOT, per request. */
  readonly tokensPerSecondPerUser: Summary
  /** The same rates over everything from the first request to the last byte. */
  readonly wholeRun: { readonly requestsPerSecond: number; readonly outputTokensPerSecond: number }
  readonly goodput: Goodput | null
}

export interface Tail {
  readonly p50: number | 'inf' | null
  readonly p90: number | 'inf' | null
  readonly p99: number | 'inf' | null
}

export interface Goodput {
  readonly requestsPerSecond: number
  /** Of the requests that succeeded or failed, the part that met every objective. */
  readonly share: number
}

type Time = (record: RequestRecord) => number | undefined

/** The numbers of one stretch of a run. Requests that the end of the run cut off count nowhere. */
export const measureRecords = (
  all: readonly RequestRecord[],
  window: Window,
  slo: Slo | undefined,
): Metrics => {
  const records = all.filter(({ outcome }) => outcome !== 'cancelled')
  const good = records.filter(isOk)
  const times = (time: Time): Sorted => sorted(good.map(time).filter((ms) => ms !== undefined))
  const tpots = times(tpot)
  const whole = extent(records)
  return {
    ttftMs: summarise(times(ttft)),
    ttfoMs: summarise(times(ttfo)),
    ttstMs: summarise(times(ttst)),
    tpotMs: summarise(tpots),
    iclMs: summarise(gaps(good)),
    e2eMs: summarise(times(e2e)),
    streamEndMs: summarise(times(streamEnd)),
    ttfbMs: summarise(times(ttfb)),
    connectMs: summarise(times(connect)),
    queueMs: summarise(times(clientQueue)),
    fromSchedule: { ttftMs: summarise(times(ttftFromSchedule)), e2eMs: summarise(times(e2eFromSchedule)) },
    failureAware: { ttftMs: tailOf(records, ttft), e2eMs: tailOf(records, e2e) },
    ...rates(good, window),
    tokensPerSecondPerUser: summarise(sorted([...tpots].filter((ms) => ms > 0).map((ms) => 1000 / ms))),
    wholeRun: rates(good, whole),
    goodput: slo ? goodputOf(records, slo, window) : null,
  }
}

/** Every gap between events with content. */
export const gaps = (records: readonly RequestRecord[]): Sorted => {
  const count = records.reduce((sum, { stamps }) => sum + Math.max(0, stamps.length - 1), 0)
  const all = new Float64Array(count)
  let at = 0
  for (const { stamps } of records)
    for (let event = 1; event < stamps.length; event += 1) all[at++] = stamps[event]! - stamps[event - 1]!
  return all.sort()
}

/** From the first request to the last byte, whatever the order they were recorded in. */
export const extent = (records: readonly RequestRecord[]): Window => {
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = Number.NEGATIVE_INFINITY
  for (const { issuedMs, endedMs } of records) {
    fromMs = Math.min(fromMs, issuedMs)
    toMs = Math.max(toMs, endedMs)
  }
  return records.length === 0 ? { fromMs: 0, toMs: 0 } : { fromMs, toMs }
}

const rates = (good: readonly RequestRecord[], { fromMs, toMs }: Window) => {
  const seconds = (toMs - fromMs) / 1000
  if (seconds <= 0) return { requestsPerSecond: 0, outputTokensPerSecond: 0 }
  const isInside = (ms: number): boolean => ms >= fromMs && ms <= toMs
  let ended = 0
  let tokens = 0
  for (const record of good) {
    if (isInside(record.endedMs)) ended += 1
    tokens += tokensInside(record, isInside)
  }
  return { requestsPerSecond: ended / seconds, outputTokensPerSecond: tokens / seconds }
}

/** Tokens that came inside, by the times of their events: what straddles an edge counts with its part. */
export const tokensInside = (record: RequestRecord, isInside: (ms: number) => boolean): number => {
  const { stamps, firstEventTokens, endedMs } = record
  const tokens = outputTokensOf(record)
  if (stamps.length === 0) return isInside(endedMs) ? tokens : 0
  const first = stamps.length === 1 ? tokens : firstEventTokens
  const each = stamps.length === 1 ? 0 : (tokens - first) / (stamps.length - 1)
  let inside = isInside(stamps[0]!) ? first : 0
  for (let event = 1; event < stamps.length; event += 1) if (isInside(stamps[event]!)) inside += each
  return inside
}

const tailOf = (records: readonly RequestRecord[], time: Time): Tail => {
  const values = sorted(
    records.map((record) => (isOk(record) ? time(record) : Infinity)).filter((ms) => ms !== undefined),
  )
  const at = (share: number): number | 'inf' | null => {
    // Between a number and infinity there is nothing to interpolate.
    const value = quantile(values, share)
    if (values.length === 0) return null
    return Number.isFinite(value) ? value : 'inf'
  }
  return { p50: at(0.5), p90: at(0.9), p99: values.length < 100 ? null : at(0.99) }
}

const goodputOf = (records: readonly RequestRecord[], slo: Slo, { fromMs, toMs }: Window): Goodput => {
  const good = records.filter((record) => isGood(record, slo))
  const inside = good.filter(({ endedMs }) => endedMs >= fromMs && endedMs <= toMs).length
  const seconds = (toMs - fromMs) / 1000
  return {
    requestsPerSecond: seconds > 0 ? inside / seconds : 0,
    share: records.length === 0 ? 0 : good.length / records.length,
  }
}
