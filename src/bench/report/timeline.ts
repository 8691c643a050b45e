import { isOk, outputTokensOf, type RequestRecord, ttft } from '../measure/record.ts'
import { quantile, sorted } from '../percentile.ts'
import type { ProcessUse } from '../processes.ts'
import type { Window } from './metrics.ts'

/** The run in equal steps of time from its first request on. */
export interface Timeline {
  readonly stepMs: number
  readonly bins: readonly Bin[]
  readonly processes: readonly ProcessSeries[]
  /** When requests were issued and what their TTFT was, thinned out for drawing: [ms, ms]. */
  readonly dots: readonly (readonly [number, number])[]
}

export interface Bin {
  readonly scheduled: number
  readonly issued: number
  readonly ended: number
  readonly failed: number
  /** Requests under way in the middle of the step. */
  readonly running: number
  readonly tokens: number
  readonly ttftP50Ms: number | null
  readonly ttftP99Ms: number | null
  readonly errors: Readonly<Record<string, number>>
}

export interface ProcessSeries {
  readonly pid: number
  readonly name: string
  /** [ms from the start, cores, MiB] */
  readonly samples: readonly (readonly [number, number, number])[]
}

const binsMax = 240
const steps = [50, 100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000]
const dotsMax = 1500

export const timelineOf = (
  records: readonly RequestRecord[],
  { fromMs, toMs }: Window,
  processes: readonly ProcessUse[],
): Timeline => {
  const spanMs = Math.max(1, toMs - fromMs)
  const stepMs = steps.find((step) => spanMs / step <= binsMax) ?? Math.ceil(spanMs / binsMax)
  const count = Math.ceil(spanMs / stepMs)
  const drafts = Array.from({ length: count }, newDraft)
  const at = (ms: number): Draft =>
    drafts[Math.min(count - 1, Math.max(0, Math.floor((ms - fromMs) / stepMs)))]!

  for (const record of records) {
    const { outcome, scheduledMs, issuedMs, endedMs, stamps } = record
    at(scheduledMs).scheduled += 1
    const issued = at(issuedMs)
    issued.issued += 1
    const firstMs = ttft(record)
    if (firstMs !== undefined && isOk(record)) issued.ttfts.push(firstMs)
    const ended = at(endedMs)
    if (outcome === 'ok') ended.ended += 1
    else if (outcome !== 'cancelled') {
      ended.failed += 1
      ended.errors[outcome] = (ended.errors[outcome] ?? 0) + 1
    }
    const each = outputTokensOf(record) / Math.max(1, stamps.length)
    if (isOk(record)) for (const stamp of stamps) at(stamp).tokens += each
    // One step per bin is enough: a request is under way in the middle of every bin between its two ends.
    const first = Math.ceil((issuedMs - fromMs) / stepMs - 0.5)
    const last = Math.floor((endedMs - fromMs) / stepMs - 0.5)
    for (let bin = Math.max(0, first); bin <= Math.min(count - 1, last); bin += 1) drafts[bin]!.running += 1
  }
  return {
    stepMs,
    bins: drafts.map(settleDraft),
    processes: processes.map(({ pid, name, samples }) => ({
      pid,
      name,
      samples: samples
        .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs + stepMs)
        .map(
          ({ atMs, cpu, rssBytes }) => [round(atMs - fromMs), round(cpu), round(rssBytes / 2 ** 20)] as const,
        ),
    })),
    dots: dotsOf(records, fromMs),
  }
}

interface Draft {
  scheduled: number
  issued: number
  ended: number
  failed: number
  running: number
  tokens: number
  ttfts: number[]
  errors: Record<string, number>
}

const newDraft = (): Draft => ({
  scheduled: 0,
  issued: 0,
  ended: 0,
  failed: 0,
  running: 0,
  tokens: 0,
  ttfts: [],
  errors: {},
})

const settleDraft = ({ ttfts, tokens, ...counts }: Draft): Bin => {
  const values = sorted(ttfts)
  const isEmpty = values.length === 0
  return {
    ...counts,
    tokens: round(tokens),
    ttftP50Ms: isEmpty ? null : round(quantile(values, 0.5)),
    ttftP99Ms: isEmpty ? null : round(quantile(values, 0.99)),
  }
}

/** Every n-th request, and none of the slowest left out. */
const dotsOf = (records: readonly RequestRecord[], fromMs: number): (readonly [number, number])[] => {
  const dots = records
    .filter(isOk)
    .flatMap((record) => {
      const ms = ttft(record)
      return ms === undefined ? [] : [[round(record.issuedMs - fromMs), round(ms)] as const]
    })
    .sort(([, a], [, b]) => b - a)
  const slow = dots.slice(0, dotsMax / 3)
  const rest = dots.slice(slow.length)
  const step = Math.max(1, Math.ceil(rest.length / (dotsMax - slow.length)))
  return [...slow, ...rest.filter((_, index) => index % step === 0)]
}

const round = (value: number): number => Math.round(value * 1000) / 1000
