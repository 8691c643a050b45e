import { errorTable, isMcpdError, McpdError } from '../../core/errors.ts'

export type CircuitState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failuresMax: number
  /** How long an open circuit refuses before one probe is let through. */
  readonly cooldownMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told when the circuit closes after it was open: what was known of the backend is old. */
  readonly onClose?: () => void
}

/** A circuit breaker: closed → open after failures in a row → half-open with a single probe → closed or open again. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openedMs: number | undefined
  #probing = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  get state(): CircuitState {
    if (this.#openedMs === undefined) return 'closed'
    return this.#options.now() - this.#openedMs < this.#options.cooldownMs ? 'open' : 'half-open'
  }

  /** Milliseconds until a request may be tried; 0 = now. */
  get waitMs(): number {
    if (this.#openedMs === undefined) return 0
    const leftMs = Math.max(0, this.#openedMs + this.#options.cooldownMs - this.#options.now())
    return leftMs === 0 && this.#probing ? this.#options.cooldownMs : leftMs
  }

  /** Whether the next request may be the probe that finds out if the backend has recovered. */
  get wantsProbe(): boolean {
    return this.state === 'half-open' && !this.#probing
  }

  /** Takes the permission to send one request; every `true` must be answered by one of the three verdicts below. */
  admit(): boolean {
    const { state } = this
    if (state === 'closed') return true
    if (state === 'open' || this.#probing) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    const wasOpen = this.#openedMs !== undefined
    this.#failures = 0
    this.#openedMs = undefined
    this.#probing = false
    if (wasOpen) this.#options.onClose?.()
  }

  failed(): void {
    this.#failures += 1
    if (this.#probing || this.#failures >= this.#options.failuresMax) this.#openedMs = this.#options.now()
    this.#probing = false
  }

  /** The request ended without saying anything of the backend: cancelled, or refused for its own fault. */
  undecided(): void {
    this.#probing = false
  }
}

/** Refuses with CIRCUIT_OPEN while the backend is known to fail; judges each request by its outcome. */
export const breakerGuard =
  (breaker: Breaker, backend: string) =>
  <Request, Event>(next: (request: Request) => AsyncIterable<Event>) =>
    async function* (request: Request): AsyncGenerator<Event> {
      if (!breaker.admit())
        throw new McpdError('CIRCUIT_OPEN', `The backend ${backend} failed repeatedly and is given a rest.`, {
          backend,
          retryAfterSeconds: Math.max(1, Math.ceil(breaker.waitMs / 1000)),
        })
      let verdict: 'succeeded' | 'failed' | 'undecided' = 'undecided'
      try {
        yield* next(request)
        verdict = 'succeeded'
      } catch (error) {
        if (isMcpdError(error) && errorTable[error.code].backendFault) verdict = 'failed'
        throw error
      } finally {
        breaker[verdict]()
      }
    }
