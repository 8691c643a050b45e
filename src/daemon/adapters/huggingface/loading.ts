import type { McpdError } from '../../../core/errors.ts'

export interface LoadingOptions {
  /** 0: no waiting at all. */
  readonly waitMaxMs: number
  /** Whether an error says that the server is not there yet. */
  readonly isLoading: (error: unknown) => error is McpdError
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Rejects with the signal's reason. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** Milliseconds to the second try, doubled from try to try up to the most. */
const firstDelayMs = 500
const delayMaxMs = 10_000

/**
 * Asks again while a model is loading or an endpoint wakes up, as long as the server itself says or with growing
 * delays, and gives up with the last error when the next try would come too late.
 */
export const whileLoading = async <T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  { waitMaxMs, isLoading, now, sleep }: LoadingOptions,
): Promise<T> => {
  const lateMs = now() + waitMaxMs
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, delayMaxMs)) {
    try {
      return await ask()
    } catch (error) {
      if (!isLoading(error)) throw error
      const askedMs = (error.details.retryAfterSeconds ?? 0) * 1000
      const waitMs = askedMs > 0 ? Math.min(askedMs, delayMaxMs) : delayMs
      if (now() + waitMs > lateMs) throw error
      await sleep(waitMs, signal)
    }
  }
}
