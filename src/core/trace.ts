/**
 * What one request went through, written by the guards as it happens and read by headers, metrics and logs.
 * Mutable on purpose: it is the request's own notebook, never shared between requests.
 * Times are milliseconds of the monotonic clock (`performance.now()`).
 */
export interface Trace {
  readonly surface: string
  readonly startedMs: number
  adapter?: string
  backend?: string
  /** The backend's name of the model. */
  model?: string
  attempts: number
  /** Time spent waiting for a slot, over all attempts. */
  queueMs: number
  /** Time spent on attempts that failed and on waiting between attempts. */
  retriedMs: number
  /** When the request was handed to the adapter of the last attempt, and when its first content came back. */
  sentMs?: number
  firstContentMs?: number
  /** Parameters left out or changed on the way, in words for the client. */
  readonly warnings: string[]
}

export const newTrace = (surface: string, startedMs: number): Trace => ({
  surface,
  startedMs,
  attempts: 0,
  queueMs: 0,
  retriedMs: 0,
  warnings: [],
})
