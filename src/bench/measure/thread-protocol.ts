import type { Phase, Share } from '../load/phase.ts'
import type { Target } from '../target.ts'
import type { Workload } from '../workload/workload.ts'
import type { MeterOptions } from './meter.ts'
import type { RequestRecord } from './record.ts'
import type { ThreadHealth } from './thread-health.ts'

/** What a measuring thread is started with. */
export interface ThreadStart {
  readonly targets: readonly Target[]
  readonly workload: Workload
  readonly meter: MeterOptions
  readonly share: Share
  /** One Int32 per `counterNames` entry, written by this thread alone and read for the live view. */
  readonly counters: SharedArrayBuffer
}

export const counterNames = ['issued', 'running', 'ok', 'failed', 'tokens'] as const
export type CounterName = (typeof counterNames)[number]

export type ToThread =
  /** Opens connections, runs the phase, answers `done`. */
  | { readonly type: 'run'; readonly phase: Phase; readonly phaseIndex: number; readonly originMs: number }
  | { readonly type: 'open'; readonly target: number; readonly count: number }
  /** Stop sending; what runs goes on. */
  | { readonly type: 'stop' }
  /** End what runs too. */
  | { readonly type: 'cancel' }
  | { readonly type: 'close' }

export type FromThread =
  | { readonly type: 'opened' }
  | { readonly type: 'records'; readonly records: readonly RequestRecord[] }
  | { readonly type: 'done'; readonly health: ThreadHealth; readonly lastSentMs: number }
