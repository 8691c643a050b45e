import type { Dispatcher } from 'undici'
import { McpdError } from '../../core/errors.ts'
import { monotonicMs } from '../clock.ts'

/** Bytes of one answer that are taken; more is a server that never ends. */
export const answerMaxBytes = 64 * 2 ** 20

/** Why an answer was not read to its end by the client's own doing. */
export type GivenUp = 'timeout' | 'oversize' | 'cancelled' | 'complete'

/**
 * One request, as undici's handler. A state machine: waiting for a connection, for the head, for the body. Every
 * handler stamps first; chunks are decoded by a reader that wakes in a microtask after it.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  connectedMs: number | undefined
  sentMs: number | undefined
  headMs: number | undefined
  endedMs: number | undefined
  status = 0
  headers: Readonly<Record<string, string | string[] | undefined>> = {}
  reads = 0
  bytes = 0
  /** The time of the chunk that the reader has in hand. */
  readMs = 0
  error: (Error & { code?: string }) | undefined
  givenUp: GivenUp | undefined
  /** When to give it up, on the monotonic clock. */
  deadlineMs: number
  readonly #chunks: Buffer[] = []
  readonly #times: number[] = []
  #next = 0
  #controller: Dispatcher.DispatchController | undefined
  #waiting: (() => void) | undefined

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.connectedMs ??= monotonicMs()
    this.#controller = controller
    if (this.givenUp) controller.abort(abandoned(this.givenUp))
  }

  onRequestSent(): void {
    this.sentMs = monotonicMs()
  }

  onResponseStart(_: unknown, status: number, headers: Exchange['headers']): void {
    this.headMs = monotonicMs()
    this.status = status
    this.headers = headers
    this.#wake()
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#times.push(monotonicMs())
    this.#chunks.push(chunk)
    this.reads += 1
    this.bytes += chunk.length
    if (this.bytes > answerMaxBytes) this.giveUp('oversize')
    this.#wake()
  }

  onResponseEnd(): void {
    this.endedMs = monotonicMs()
    this.#wake()
  }

  onResponseError(_: unknown, error: Error): void {
    this.endedMs ??= monotonicMs()
    this.error ??= error
    this.#wake()
  }

  /** Lets go of the connection; the reader then finds the end of the bytes, or the failure. */
  giveUp(why: GivenUp): void {
    if (this.endedMs !== undefined || this.givenUp) return
    this.givenUp = why
    this.endedMs = monotonicMs()
    this.#controller?.abort(abandoned(why))
    this.#wake()
  }

  /** Resolves when the head is there, or when there will be none. */
  async head(): Promise<void> {
    while (this.headMs === undefined && this.endedMs === undefined) await this.#sleep()
  }

  /** The body as it came; `readMs` is the time of the chunk that was yielded last. Throws what broke the answer. */
  async *body(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#chunks[this.#next]
      if (chunk) {
        this.readMs = this.#times[this.#next]!
        this.#next += 1
        if (this.#next === this.#chunks.length) this.#clear()
        yield chunk
      } else if (this.error && this.givenUp !== 'complete') throw this.error
      else if (this.endedMs !== undefined) return
      else await this.#sleep()
    }
  }

  #clear(): void {
    this.#chunks.length = 0
    this.#times.length = 0
    this.#next = 0
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => (this.#waiting = resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }
}

const abandoned = (why: GivenUp): McpdError => new McpdError('CANCELLED', `The request was given up: ${why}.`)
