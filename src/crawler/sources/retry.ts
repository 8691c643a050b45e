import { setTimeout as sleep } from 'node:timers/promises'
import { isMcpdError } from '../../core/errors.ts'

export interface RetryPlan {
  /** The first one included. */
  readonly attemptsMax: number
  /** Doubled with every attempt; the wait is a random part of it. */
  readonly backoffMs: number
  /** A source that asks for a longer rest is given up on. */
  readonly retryAfterMaxMs: number
  /** In [0, 1). */
  readonly random: () => number
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

export const defaultRetryPlan: RetryPlan = {
  attemptsMax: 3,
  backoffMs: 400,
  retryAfterMaxMs: 30_000,
  random: Math.random,
  wait: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** Thrown by an attempt that another may follow. `retryAfterMs` is what the source itself asked for. */
export class PassingFailure extends Error {
  readonly retryAfterMs: number | undefined

  constructor(cause: unknown, retryAfterMs?: number) {
    super('failed for now', { cause })
    this.retryAfterMs = retryAfterMs
  }
}

/** Runs `attempt` until it succeeds, fails for good, or has failed often enough. Throws the cause of the last failure. */
export const withRetries = async <Result>(
  attempt: () => Promise<Result>,
  plan: RetryPlan,
  signal: AbortSignal,
): Promise<Result> => {
  for (let failed = 1; ; failed += 1)
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error
      const waitMs = error.retryAfterMs ?? plan.random() * plan.backoffMs * 2 ** failed
      if (failed >= plan.attemptsMax || waitMs > plan.retryAfterMaxMs) throw error.cause
      await plan.wait(waitMs, signal).catch((stopped: unknown) => {
        throw isMcpdError(signal.reason) ? signal.reason : stopped
      })
    }
}

/** Milliseconds of a Retry-After header, in seconds or as a date; undefined when it says nothing usable. */
export const parseRetryAfter = (value: string | undefined, nowMs: number): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
