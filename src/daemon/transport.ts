import { createRequire } from 'node:module'
import type { Dispatcher } from 'undici'
import { McpdError } from '../core/errors.ts'
import type { Transport, TransportRequest, TransportResponse } from '../core/transport.ts'

// All of undici, with its fetch, caches and mocks, would take a start three times as long to load.
const Pool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as typeof import('undici').Pool

/** Bytes of a response body held here before the socket is paused. */
const bufferedMaxBytes = 64 * 1024

export interface TransportOptions {
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  /** A Unix socket to connect to instead of the URL's host. */
  readonly socketPath?: string
}

/** HTTP to one backend over an undici Pool. Waiting is bounded by the request's signal alone. */
export const createTransport = (baseUrl: string, options: TransportOptions): Transport => {
  const url = new URL(baseUrl)
  const prefix = url.pathname.replace(/\/$/, '')
  const pool = new Pool(url.origin, {
    connections: options.connectionsMax,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: options.connectTimeoutMs,
      ...(options.socketPath !== undefined && { socketPath: options.socketPath }),
    },
  })

  const send = (request: TransportRequest): Promise<TransportResponse> =>
    new Promise((resolve, reject) => {
      if (request.signal.aborted) {
        reject(request.signal.reason as Error)
        return
      }
      const exchange = new Exchange(request.signal, resolve, reject)
      pool.dispatch(
        {
          method: request.method,
          path: prefix + request.path,
          headers: request.headers ?? null,
          body: request.body ?? null,
        },
        exchange,
      )
    })

  return { send, close: () => pool.destroy() }
}

/**
 * One request and its answer, as undici's handler. A state machine: waiting for the head, then for the body,
 * whose chunks are held in order until they are read; the socket is paused while too many are held.
 */
class Exchange implements Dispatcher.DispatchHandler, TransportResponse {
  status = 0
  headers: Readonly<Record<string, string>> = {}
  readonly #signal: AbortSignal
  readonly #resolve: (response: TransportResponse) => void
  readonly #reject: (error: unknown) => void
  readonly #chunks: Buffer[] = []
  #heldBytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #ended = false
  #failure: unknown
  #wake: (() => void) | undefined

  constructor(
    signal: AbortSignal,
    resolve: (response: TransportResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    signal.addEventListener('abort', this.#onAbort)
  }

  get body(): AsyncIterable<Buffer> {
    return this.#read()
  }

  async bytes(maxBytes: number): Promise<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of this.#read()) {
      length += chunk.length
      if (length > maxBytes)
        throw new McpdError('BACKEND_ERROR', `The backend's answer is over ${maxBytes} bytes.`)
      chunks.push(chunk)
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)
  }

  async *#read(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift()
        if (chunk) {
          this.#heldBytes -= chunk.length
          if (this.#controller?.paused && this.#heldBytes < bufferedMaxBytes) this.#controller.resume()
          yield chunk
        } else if (this.#failure) throw this.#failure
        else if (this.#ended) return
        else await new Promise<void>((wake) => (this.#wake = wake))
      }
    } finally {
      // Leaving early must not hand a half-read connection back to the pool.
      if (!this.#ended) this.#abort(new McpdError('CANCELLED', 'The answer was not read to its end.'))
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure) controller.abort(this.#failure as Error)
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status
    for (const name in headers) {
      const value = headers[name]
      if (Array.isArray(value)) headers[name] = value.at(-1)
    }
    this.headers = headers as Record<string, string>
    this.#resolve(this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes >= bufferedMaxBytes) controller.pause()
    this.#notify()
  }

  onResponseEnd(): void {
    this.#ended = true
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#notify()
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(this.#failure ?? transportError(error, this.status !== 0))
  }

  readonly #onAbort = (): void => this.#abort(this.#signal.reason)

  #abort(reason: unknown): void {
    this.#chunks.length = 0
    this.#fail(reason)
    this.#controller?.abort(reason as Error)
  }

  #fail(failure: unknown): void {
    this.#ended = true
    this.#failure ??= failure
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#reject(this.#failure)
    this.#notify()
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

const transportError = (error: Error & { code?: string }, headSeen: boolean): McpdError => {
  const why = error.code ?? error.message
  return headSeen
    ? new McpdError('BACKEND_INCOMPLETE', `The backend cut its answer short (${why}).`, {}, error)
    : new McpdError('BACKEND_UNAVAILABLE', `The backend cannot be reached (${why}).`, {}, error)
}
