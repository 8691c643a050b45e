import type { Phase } from './load/phase.ts'
import type { Slo } from './report/slo.ts'
import type { Target } from './target.ts'
import { meanOf } from './workload/sizes.ts'
import type { Workload } from './workload/workload.ts'

/** Everything that a run does, settled before it begins. */
export interface Plan {
  readonly targets: readonly Target[]
  readonly workload: Workload
  readonly phases: readonly Phase[]
  /** Measuring threads. */
  readonly threads: number
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly insecure: boolean
  readonly slo?: Slo
  /** The part of requests that has to meet the objectives. */
  readonly sloShareMin: number
  readonly errorRateMax: number
  /** Processes whose CPU and memory are looked at. */
  readonly watched: readonly WatchedProcess[]
}

export interface WatchedProcess {
  readonly pid: number
  readonly name: string
}

export const planDefaults = {
  timeoutMs: 120_000,
  connectTimeoutMs: 5000,
  drainMs: 30_000,
  concurrencyMax: 10_000,
  sloShareMin: 0.99,
  errorRateMax: 0.01,
} as const

/** Requests and tokens that a plan will cost at most, as far as it is bounded by requests; undefined = by time alone. */
export const costOf = ({ phases, workload }: Plan): { requests: number; tokens: number } | undefined => {
  let requests = 0
  for (const phase of phases) {
    const byRate =
      phase.load.kind === 'open' && phase.durationMs !== undefined
        ? Math.ceil((phase.load.arrivals.rate * phase.durationMs) / 1000)
        : undefined
    const own = phase.requests ?? byRate
    if (own === undefined) return undefined
    requests += own
  }
  return {
    requests,
    tokens: Math.round(requests * (meanOf(workload.inputTokens) + meanOf(workload.outputTokens))),
  }
}

/** Threads for a load: one sees about 8,000 events per second without queueing them. */
export const threadsFor = (eventsPerSecond: number, cores: number): number =>
  Math.max(1, Math.min(cores, Math.ceil(eventsPerSecond / 8000)))
