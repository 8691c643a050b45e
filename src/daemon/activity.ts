import { McpdError } from '../core/errors.ts'

/** One request while it runs. */
export interface ActiveRequest {
  readonly signal: AbortSignal
  abort(reason: McpdError): void
  /** Must be called once, whatever happened. */
  end(failed: boolean): void
}

export interface ActivityCounts {
  readonly total: number
  readonly failed: number
  readonly inFlight: number
}

/** What runs right now, so that a stop can refuse the new, wait for the old and finally cut what is left. */
export interface Activity {
  readonly draining: boolean
  readonly counts: ActivityCounts
  /** Throws SHUTTING_DOWN while draining. The request is aborted with DEADLINE_EXCEEDED after `limitMs`, else `totalMs`. */
  begin(limitMs?: number): ActiveRequest
  /** Resolves when nothing runs any more; after `limitMs` what still runs is aborted with SHUTTING_DOWN. */
  drain(limitMs: number): Promise<void>
}

export const createActivity = (totalMs: number): Activity => {
  const active = new Set<AbortController>()
  let total = 0
  let failed = 0
  let draining = false
  let idle: (() => void) | undefined

  const begin = (limitMs = totalMs): ActiveRequest => {
    if (draining)
      throw new McpdError('SHUTTING_DOWN', 'The daemon is stopping and takes no new requests.', {
        retryAfterSeconds: 5,
      })
    const controller = new AbortController()
    const timer = setTimeout(
      () =>
        controller.abort(
          new McpdError('DEADLINE_EXCEEDED', `The request took longer than ${limitMs} ms in all.`),
        ),
      limitMs,
    )
    active.add(controller)
    total += 1
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      end: (hasFailed) => {
        clearTimeout(timer)
        active.delete(controller)
        if (hasFailed) failed += 1
        if (active.size === 0) idle?.()
      },
    }
  }

  const drain = async (limitMs: number): Promise<void> => {
    draining = true
    if (active.size === 0) return
    const timer = setTimeout(() => {
      for (const controller of active)
        controller.abort(new McpdError('SHUTTING_DOWN', 'The daemon stopped before the answer was complete.'))
    }, limitMs)
    await new Promise<void>((resolve) => (idle = resolve))
    clearTimeout(timer)
  }

  return {
    get draining() {
      return draining
    },
    get counts() {
      return { total, failed, inFlight: active.size }
    },
    begin,
    drain,
  }
}
