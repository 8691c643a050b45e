import type { Summary } from '../percentile.ts'

/** A fault that was injected, and what became of the requests around it. Times in ms from the first request. */
export interface FaultReport {
  readonly kind: string
  /** In a process that the run had started, or between client and target. */
  readonly in?: 'process' | 'connection'
  readonly fromMs: number
  readonly toMs: number
  readonly before: FaultWindow
  readonly during: FaultWindow
  readonly after: FaultWindow
  /** From the end of the fault to the first success that was issued after it; null when none was seen. */
  readonly recoveryMs: number | null
  /** Requests that were under way in it or sent into it, and failed. */
  readonly lost: number
}

export interface FaultWindow {
  readonly requests: number
  readonly failed: number
  readonly ttftMs: Summary
  readonly e2eMs: Summary
}
