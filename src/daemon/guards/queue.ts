import { McpdError } from '../../core/errors.ts'
import type { Guard } from '../../core/inference.ts'

export interface QueueOptions {
  /** Slots: requests in flight at once. */
  readonly concurrencyMax: number
  /** Requests that may wait for a slot. */
  readonly queueMax: number
}

interface Waiter {
  readonly enter: () => void
  readonly refuse: (error: unknown) => void
}

/** Slots of one backend and the bounded, first-in first-out line of requests that wait for one. */
export class Queue {
  readonly #options: QueueOptions
  readonly #waiting = new Set<Waiter>()
  #inFlight = 0
  #idle: (() => void) | undefined

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** True when a slot was free and is now taken; the common case costs no promise. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#options.concurrencyMax) return false
    this.#inFlight += 1
    return true
  }

  /** Waits for a slot. Throws QUEUE_FULL at once, QUEUE_TIMEOUT after `waitMaxMs`, or the signal's reason. */
  enter(signal: AbortSignal, waitMaxMs: number): Promise<void> {
    if (this.#waiting.size >= this.#options.queueMax)
      return Promise.reject(
        new McpdError('QUEUE_FULL', `${this.#waiting.size} requests wait for this backend already.`, {
          retryAfterSeconds: 1,
        }),
      )
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#waiting.delete(waiter)
      }
      const waiter: Waiter = {
        enter: () => {
          settle()
          resolve()
        },
        refuse: (error) => {
          settle()
          reject(error as Error)
        },
      }
      const onAbort = (): void => waiter.refuse(signal.reason)
      const timer = setTimeout(
        () =>
          waiter.refuse(
            new McpdError('QUEUE_TIMEOUT', `No slot of the backend came free within ${waitMaxMs} ms.`, {
              retryAfterSeconds: 1,
            }),
          ),
        waitMaxMs,
      )
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(waiter)
    })
  }

  /** Gives the slot back, or straight to the next in line. */
  leave(): void {
    const [next] = this.#waiting
    if (next) next.enter()
    else this.#inFlight -= 1
    if (this.#inFlight === 0) this.#idle?.()
  }

  /** Resolves when nothing holds a slot, at the latest after `limitMs`. */
  async drained(limitMs: number): Promise<void> {
    if (this.#inFlight === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    const timer = setTimeout(resolve, limitMs)
    await promise
    clearTimeout(timer)
  }
}

/** Holds a slot for as long as the request runs. */
export const queueGuard =
  (queue: Queue, waitMaxMs: number, now: () => number): Guard =>
  (next) =>
    async function* (request) {
      if (request.signal.aborted) throw request.signal.reason
      if (!queue.tryEnter()) {
        const startedMs = now()
        try {
          await queue.enter(request.signal, waitMaxMs)
        } finally {
          request.trace.queueMs += now() - startedMs
        }
      }
      try {
        yield* next(request)
      } finally {
        queue.leave()
      }
    }
