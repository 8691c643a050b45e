import type { Phase } from './load/phase.ts'
import type { Slo } from './report/slo.ts'
import type { Target } from './target.ts'
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

/** Threads for a load: one sees about 8,000 events per second without queueing them. */
export const threadsFor = (eventsPerSecond: number, cores: number): number =>
  Math.max(1, Math.min(cores, Math.ceil(eventsPerSecond / 8000)))
