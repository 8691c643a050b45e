import type { ClientHealth } from './client-verdict.ts'
import type { Curves } from './curves.ts'
import type { Errors } from './errors.ts'
import type { FaultReport } from './faults.ts'
import type { Metrics } from './metrics.ts'
import type { Resources } from './resources.ts'
import type { Slowest } from './slowest.ts'
import type { Timeline } from './timeline.ts'
import type { Tokens } from './tokens.ts'

/** Names the shape; another major number when something is renamed or taken away. */
export const reportSchemaId = 'mcpd-bench/1'

/** A benchmark, as JSON has it and as every other output is made from. Times in ms; null = there is no such number. */
export interface Report {
  readonly schema: typeof reportSchemaId
  /** Of mcpd. */
  readonly version: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Ended before its end: the numbers are of what was done until then. */
  readonly isInterrupted: boolean
  readonly machine: {
    readonly node: string
    readonly platform: string
    readonly cpu: string
    readonly cores: number
    /** Over the last minute, at the end. */
    readonly loadAverage: number
  }
  readonly targets: readonly {
    readonly label: string
    readonly url: string
    readonly wire: string
    readonly model: string
    readonly stream: boolean
  }[]
  readonly workload: {
    readonly seed: number
    readonly inputTokens: string
    readonly outputTokens: string
    readonly sharedPrefixTokens: number
  }
  /** What the run was told, as a scenario file would have it. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly client: ClientHealth & { readonly errorBar: ErrorBar | null }
  readonly load: LoadFacts
  readonly metrics: Metrics
  readonly tokens: Tokens
  readonly errors: Errors
  /** What decides the exit code. */
  readonly checks: readonly Check[]
  readonly notes: readonly string[]
  /** One per phase: the steps of a sweep, the cells of a scenario; the members above are over all of them. */
  readonly points: readonly Point[]
  readonly timeline: Timeline
  readonly curves: Curves
  readonly slowest: readonly Slowest[]
  readonly resources?: Resources
  readonly faults?: readonly FaultReport[]
  readonly tax?: Tax
  /** Repeats of the same run, for comparisons. */
  readonly repeats?: readonly RunValues[]
  readonly definitions: Readonly<Record<string, string>>
}

export interface LoadFacts {
  /** Requests per second that were asked for; null for a closed load. */
  readonly offeredRate: number | null
  readonly achievedRate: number
  /** Slots of a closed load; of an open one the most that ran at once. */
  readonly concurrency: number
  readonly requests: number
  /** Of the measured window. */
  readonly durationMs: number
}

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

export interface Point {
  readonly name: string
  readonly targets: readonly string[]
  readonly load: LoadFacts
  readonly metrics: Metrics
  readonly tokens: Tokens
  readonly errors: Errors
}

/** How far this client's numbers were from the truth, against the simulator on the same machine. */
export interface ErrorBar {
  /** |measured − true|, p50 and p99, in ms. */
  readonly ttftMs: { readonly p50: number; readonly p99: number }
  readonly gapMs: { readonly p50: number; readonly p99: number }
  /** From t_issue until the server had read the request: the client's and the kernel's part of a TTFT. */
  readonly issueToReadMs: { readonly p50: number; readonly p99: number }
  /** Largest relative error of a run's mean TPOT. */
  readonly tpotShare: number
  readonly streams: number
  readonly tokensPerSecond: number
  /** ISO 8601. */
  readonly measuredAt: string
  /** The simulator's own lateness at p99, in ms: the bar cannot be finer than that. */
  readonly senderLateP99Ms: number
}

/** Values of one run by the names of comparison metrics; absent where the run has none. */
export type RunValues = Readonly<Record<string, number>>

/** What the way through the façade costs, paired with the way around it. */
export interface Tax {
  readonly through: string
  readonly pairs: number
  /** Through minus direct, per pair. */
  readonly rows: readonly {
    readonly metric: string
    readonly direct: number
    readonly through: number
    readonly difference: number
    readonly low: number
    readonly high: number
  }[]
}
