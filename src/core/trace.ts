/** What a request became in its context. */
export interface ContextTrace {
  readonly id: string
  /** The name of the head that was moved. */
  readonly head: string
  /** The turn that holds the answer, or will. */
  readonly turn: string
  /** How the history was brought under the budget. */
  readonly view?: {
    readonly mode: string
    readonly tokens: number
    readonly dropped: readonly { readonly id: string; readonly tokens: number; readonly reason: string }[]
  }
}

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
  /** What a cache of answers had to do with it; absent where the route has none. */
  cache?: 'hit' | 'miss' | 'bypass'
  /** Where the conversation is kept, of a request that uses a context. */
  context?: ContextTrace
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
