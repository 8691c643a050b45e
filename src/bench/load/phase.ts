import type { Sizes } from '../workload/sizes.ts'
import type { Arrivals } from './arrivals.ts'

/** Who decides when the next request is sent: the answers to the ones before, or the clock. */
export type Load =
  | {
      readonly kind: 'closed'
      readonly concurrency: number
      /** Slots begin one after the other over this time. */
      readonly rampMs: number
    }
  | {
      readonly kind: 'open'
      readonly arrivals: Arrivals
      /** Requests that run at once at most; what comes on top waits in the client, and that is measured. */
      readonly concurrencyMax: number
    }

/** A stretch of a run under one load. Plain data: it goes to the measuring threads. */
export interface Phase {
  readonly name: string
  readonly isWarmUp: boolean
  readonly load: Load
  /** Which targets take the requests, in turn. */
  readonly targets: readonly number[]
  /** Whichever of the two comes first ends the sending; at least one is there. */
  readonly requests?: number
  readonly durationMs?: number
  /** How long answers are waited for when the sending has ended. */
  readonly drainMs: number
  /** Instead of those of the workload. */
  readonly sizes?: { readonly inputTokens: Sizes; readonly outputTokens: Sizes }
  /** Which request of the workload is the first. */
  readonly firstIndex: number
}

/** Requests of a phase are shared out by number: this thread takes those with `index % count === share`. */
export interface Share {
  readonly share: number
  readonly count: number
}

/** How many of `total` slots or requests are this thread's. */
export const portion = (total: number, { share, count }: Share): number =>
  Math.floor((total + count - 1 - share) / count)
