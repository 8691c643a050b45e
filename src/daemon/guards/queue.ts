import { McpdError } from '../../core/errors.ts'
import { type InferenceRequest, priorities, type Priority } from '../../core/inference.ts'

export interface QueueOptions {
  /** Slots: requests in flight at once. */
  readonly concurrencyMax: number
  /** Requests that may wait for a slot. */
  readonly queueMax: number
}

interface Waiter {
  readonly enter: () => void
  readonly refuse: (error: Error) => void
}

/** What a request waits with. */
export interface Waiting {
  readonly signal: AbortSignal
  readonly waitMaxMs: number
  readonly priority: Priority
  /** Principals take turns, so that nobody's burst holds up the others. */
  readonly principal: string
}

/**
 * Slots of one backend and the bounded line of requests that wait for one. The higher priority goes first; within one,
 * principals take turns; the requests of a principal stay in their order.
 */
export class Queue {
  readonly #options: QueueOptions
  /** By priority, then principal, whose places in the map are the order of turns. */
  readonly #lines: Readonly<Record<Priority, Map<string, Set<Waiter>>>> = {
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  }
  #waiting = 0
  #inFlight = 0
  #idle: (() => void) | undefined

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#waiting
  }

  /** True when a slot was free and is now taken; the common case costs no promise. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#options.concurrencyMax) return false
    this.#inFlight += 1
    return true
  }

  /** Waits for a slot. Throws QUEUE_FULL at once, QUEUE_TIMEOUT after `waitMaxMs`, or the signal's reason. */
  enter({ signal, waitMaxMs, priority, principal }: Waiting): Promise<void> {
    if (this.#waiting >= this.#options.queueMax)
      return Promise.reject(
        new McpdError('QUEUE_FULL', `${this.#waiting} requests wait for this backend already.`, {
          retryAfterSeconds: 1,
        }),
      )
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#remove(waiter, priority, principal)
      }
      const waiter: Waiter = {
        enter: () => {
          settle()
          resolve()
        },
        refuse: (error) => {
          settle()
          reject(error)
        },
      }
      const onAbort = (): void => waiter.refuse(signal.reason as Error)
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
      const lines = this.#lines[priority]
      lines.set(principal, (lines.get(principal) ?? new Set()).add(waiter))
      this.#waiting += 1
    })
  }

  #remove(waiter: Waiter, priority: Priority, principal: string): void {
    const lines = this.#lines[priority]
    const line = lines.get(principal)
    if (!line?.delete(waiter)) return
    this.#waiting -= 1
    // Its turn is over: a principal that has more to send goes to the end.
    lines.delete(principal)
    if (line.size > 0) lines.set(principal, line)
  }

  #next(): Waiter | undefined {
    for (const priority of priorities)
      for (const line of this.#lines[priority].values()) for (const waiter of line) return waiter
    return undefined
  }

  /** Gives the slot back, or straight to the next in line. */
  leave(): void {
    const next = this.#next()
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

/** What the queue looks at of a request. */
type Queued = Pick<InferenceRequest, 'signal' | 'trace' | 'principal' | 'priority'>

/** Holds a slot for as long as the request runs. */
export const queueGuard =
  (queue: Queue, waitMaxMs: number, now: () => number) =>
  <Request extends Queued, Event>(next: (request: Request) => AsyncIterable<Event>) =>
    async function* (request: Request): AsyncGenerator<Event> {
      if (request.signal.aborted) throw request.signal.reason
      if (!queue.tryEnter()) {
        const startedMs = now()
        try {
          await queue.enter({
            signal: request.signal,
            waitMaxMs,
            priority: request.priority ?? 'normal',
            principal: `${request.principal.tenant}/${request.principal.keyId}`,
          })
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
