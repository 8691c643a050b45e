import { errorTable, isMcpdError, McpdError } from '../../core/errors.ts'
import { type Guard, isContent } from '../../core/inference.ts'
import type { Latency } from '../latency.ts'

export interface PatienceOptions {
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly backend: string
  /** Told how long the backend took to its first output. */
  readonly latency: Latency
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** What a failure counts as, where backends are compared by how long they take. */
const failureMs = 1000

/** How long a backend that has ended its answer may keep its connection, which can then be used again. */
const afterlifeMs = 1000

/**
 * The two clocks of a stream: to the first output, then between outputs. They run only while we wait for the
 * backend, never while a slow client is being written to. A unary request shows no first token, so only the
 * request's total limit ends it.
 */
export const patienceGuard =
  ({ firstTokenMs, idleMs, backend, latency, now }: PatienceOptions): Guard =>
  (next) =>
    async function* (request) {
      const attempt = new AbortController()
      const onAbort = (): void => attempt.abort(request.signal.reason)
      if (request.signal.aborted) onAbort()
      request.signal.addEventListener('abort', onAbort, { once: true })
      let waiting = false
      let ended = false
      const giveUp = (what: string, limitMs: number) => (): void => {
        if (waiting)
          attempt.abort(
            new McpdError('BACKEND_TIMEOUT', `The backend ${backend} gave no ${what} within ${limitMs} ms.`, {
              backend,
            }),
          )
      }
      let clock = request.stream ? setTimeout(giveUp('first output', firstTokenMs), firstTokenMs) : undefined
      const sentMs = now()
      request.trace.sentMs = sentMs
      try {
        waiting = true
        for await (const event of next({ ...request, signal: attempt.signal })) {
          waiting = false
          if (request.trace.firstContentMs === undefined && isContent(event)) {
            request.trace.firstContentMs = now()
            latency.observe(request.trace.firstContentMs - sentMs)
            if (clock) {
              clearTimeout(clock)
              clock = setTimeout(giveUp('further output', idleMs), idleMs)
            }
          }
          if (event.type === 'end') {
            ended = true
            clearTimeout(clock)
            clock = setTimeout(giveUp('end of its connection', afterlifeMs), afterlifeMs)
          }
          yield event
          waiting = true
          clock?.refresh()
        }
      } catch (error) {
        // The answer is complete; how its connection ends is nobody's business any more.
        if (ended) return
        // A backend that fails at once must not look like a fast one.
        if (isMcpdError(error) && errorTable[error.code].backendFault) latency.observe(failureMs)
        throw error
      } finally {
        clearTimeout(clock)
        request.signal.removeEventListener('abort', onAbort)
      }
    }
