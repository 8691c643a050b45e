import { Client, type Dispatcher, Pool } from 'undici'
import type { LookupFunction } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Exchange, FailureKind, WireRequest, WireResponse } from '../exchange.ts'

/** Sends requests exactly as they are: `..`, odd methods and doubled headers stay, nothing is followed. */
export interface WireClient extends AsyncDisposable {
  /** Never throws for what the target does: a failure is part of the exchange. */
  send(operation: string, request: WireRequest, limits: SendLimits): Promise<Exchange>
}

export interface SendLimits {
  /** Until the whole answer is there. */
  readonly totalMaxMs: number
  /** The connection is closed after so many bytes of the body, as a client does that goes away. */
  readonly cutAfterBytes?: number
  readonly signal: AbortSignal
}

export interface WireClientOptions {
  readonly url: URL
  readonly connections: number
  readonly now: () => number
  /** Resolves the host to addresses that were checked. */
  readonly lookup?: LookupFunction
}

/** Kept of one answer. */
const keptMaxBytes = 2 ** 20
/** An answer larger than this is a flood, and cut off. */
const floodBytes = 32 * 2 ** 20
const connectMaxMs = 5000

export const createWireClient = ({ url, connections, now, lookup }: WireClientOptions): WireClient => {
  const options = {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 3000,
    maxHeaderSize: 64 * 1024,
    connect: { timeout: connectMaxMs, ...(lookup && { lookup }) },
  }
  const pool = new Pool(url.origin, { ...options, connections })
  const begun = now()
  const sendBy = (
    dispatcher: Dispatcher,
    operation: string,
    request: WireRequest,
    limits: SendLimits,
  ): Promise<Exchange> =>
    new Promise((settle) => {
      exchange(dispatcher, operation, request, limits, now, begun, settle)
    })
  return {
    send: async (operation, request, limits) => {
      const first = await sendBy(pool, operation, request, limits)
      // A connection kept open may have been closed just when it was used again: a new one tells.
      if (first.failure?.kind !== 'dropped' || first.response || limits.signal.aborted) return first
      const client = new Client(url.origin, options)
      try {
        return await sendBy(client, operation, request, limits)
      } finally {
        await client.destroy()
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  }
}

const exchange = (
  dispatcher: Dispatcher,
  operation: string,
  request: WireRequest,
  { totalMaxMs, cutAfterBytes, signal }: SendLimits,
  now: () => number,
  begun: number,
  settle: (exchange: Exchange) => void,
): void => {
  const sent = now()
  const chunks: Buffer[] = []
  let bytes = 0
  let kept = 0
  let headMs = 0
  let firstByteMs = 0
  let head: Pick<WireResponse, 'status' | 'headers'> | undefined
  let failure: { kind: FailureKind; message: string } | undefined
  let isDone = false
  let stop: ((reason: Error) => void) | undefined
  const end = (): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    signal.removeEventListener('abort', interrupted)
    const timings = {
      sentMs: sent - begun,
      headMs,
      firstByteMs: firstByteMs || headMs,
      totalMs: now() - sent,
    }
    const whole = unpacked(Buffer.concat(chunks), head?.headers['content-encoding'])
    const response = head && {
      ...head,
      body: (whole ?? '').toString(),
      bodyBytes: bytes,
      isCut: bytes > kept || whole === undefined,
    }
    settle({ operation, request, ...(response && { response }), ...(failure && { failure }), timings })
  }
  const give = (kind: FailureKind, message: string): void => {
    failure ??= { kind, message }
    stop?.(new Error(message))
    end()
  }
  const timer = setTimeout(() => give('timeout', `no whole answer within ${totalMaxMs} ms`), totalMaxMs)
  const interrupted = (): void => give('stopped', 'the run was ended')
  if (signal.aborted) return interrupted()
  signal.addEventListener('abort', interrupted, { once: true })
  const address = request.url.slice(pathStart(request.url))
  try {
    dispatcher.dispatch(
      {
        path: address,
        method: request.method,
        headers: request.headers.flat(),
        ...(request.body !== undefined && {
          body: Buffer.from(request.body, request.bodyEncoding ?? 'utf8'),
        }),
      },
      {
        onRequestStart: (controller) => {
          stop = (reason) => controller.abort(reason)
          if (isDone) stop(new Error('ended'))
        },
        onResponseStart: (_, status, headers) => {
          headMs = now() - sent
          head = { status, headers: joined(headers) }
        },
        onResponseData: (_, chunk) => {
          firstByteMs ||= now() - sent
          bytes += chunk.length
          if (kept < keptMaxBytes) {
            chunks.push(chunk)
            kept += chunk.length
          }
          if (cutAfterBytes !== undefined && bytes >= cutAfterBytes) {
            stop?.(new Error('cut'))
            end()
          } else if (bytes > floodBytes) give('flood', `the answer has more than ${floodBytes} bytes`)
        },
        onResponseEnd: () => end(),
        onResponseError: (_, error) => {
          failure ??= describe(error)
          end()
        },
      },
    )
  } catch (error) {
    // undici refuses what no HTTP can carry.
    give('malformed', `not sent: ${(error as Error).message}`)
  }
}

const unpackers: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

/** The body out of its encoding, which some use unasked; undefined where it cannot be read, and nothing can be said of it. */
const unpacked = (body: Buffer, encoding: string | undefined): Buffer | undefined => {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity' || body.length === 0) return body
  try {
    return unpackers[name]?.(body, { maxOutputLength: floodBytes })
  } catch {
    return undefined
  }
}

/** Where the path begins in an absolute URL. */
const pathStart = (url: string): number => url.indexOf('/', url.indexOf('//') + 2)

const joined = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> => {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) found[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  return found
}

const describe = (error: Error): { kind: FailureKind; message: string } => {
  const code = (error as NodeJS.ErrnoException).code ?? error.name
  const cause =
    code === 'UND_ERR_SOCKET' ? 'the connection was closed before the answer was whole' : error.message
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code))
    return { kind: 'refused', message: error.message || code }
  if (/^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RES_|INVALID))|ContentLength/.test(code))
    return { kind: 'malformed', message: `the answer is no HTTP: ${error.message}` }
  return { kind: 'dropped', message: cause }
}
