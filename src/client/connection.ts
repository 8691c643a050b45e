import { Pool } from 'undici'
import { McpdError, isMcpdError } from '../core/errors.ts'
import { notOurs, problemToError } from './problem.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the daemon's URL, beginning with a slash. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** Lines of JSON, in place of `body`. */
  readonly lines?: string
  readonly signal?: AbortSignal | undefined
}

/** HTTP towards one daemon. Every failure is an McpdError: the daemon's own, DAEMON_UNREACHABLE or CANCELLED. */
export interface Connection {
  json(call: Call): Promise<unknown>
  /** For answers that are no JSON value. */
  text(call: Call): Promise<string>
  /** For answers whose body says nothing. */
  done(call: Call): Promise<void>
  /**
   * The body as it comes, if it is of `type` (default: server-sent events). Leaving the loop early closes the request,
   * which cancels it in the daemon.
   */
  stream(call: Call, type?: StreamType): AsyncIterable<Buffer>
  close(): Promise<void>
}

export type StreamType = 'text/event-stream' | 'application/x-ndjson'

export interface ConnectionOptions {
  readonly url: URL
  readonly source: string
  /** Connects here instead of to the host of `url`. */
  readonly socketPath?: string | undefined
  /** Sent as Bearer. */
  readonly token?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const connectMs = 5000
/** Longer than the daemon's own longest time-out by default, which is what should strike first. */
const silenceMs = 35 * 60_000
const connectionsMax = 64
const answerMaxBytes = 256 * 2 ** 20

export const createConnection = (options: ConnectionOptions): Connection => {
  const { url, socketPath } = options
  const prefix = url.pathname.replace(/\/$/, '')
  const pool = new Pool(socketPath === undefined ? url.origin : 'http://localhost', {
    connect: { timeout: connectMs, ...(socketPath !== undefined && { socketPath }) },
    connections: connectionsMax,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  })

  const send = async (
    { method, path, body, lines }: Call,
    accept: string,
    signal: AbortSignal | undefined,
  ) => {
    const response = await pool.request({
      method,
      path: prefix + path,
      headers: {
        accept,
        ...(body && { 'content-type': 'application/json' }),
        ...(lines !== undefined && { 'content-type': 'application/x-ndjson' }),
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(lines !== undefined && { body: lines }),
      ...(signal && { signal }),
    })
    if (response.statusCode < 400) return response
    throw problemToError({
      status: response.statusCode,
      text: await readText(response.body),
      url: shown(options),
      retryAfter: headerText(response.headers['retry-after']),
    })
  }

  const read = async <Answer>(
    call: Call,
    accept: string,
    parse: (text: string) => Answer,
  ): Promise<Answer> => {
    const signal = anySignal(options.signal, call.signal)
    try {
      const response = await send(call, accept, signal)
      return parse(await readText(response.body))
    } catch (error) {
      throw toClientError(error, options, signal)
    }
  }

  const json = (call: Call): Promise<unknown> =>
    read(call, 'application/json', (text) => parseJson(text, options))
  const text = (call: Call): Promise<string> => read(call, '*/*', (answer) => answer)

  const done = async (call: Call): Promise<void> => {
    const signal = anySignal(options.signal, call.signal)
    try {
      const { body } = await send(call, 'application/json', signal)
      await body.dump()
    } catch (error) {
      throw toClientError(error, options, signal)
    }
  }

  async function* stream(call: Call, wanted: StreamType = 'text/event-stream'): AsyncGenerator<Buffer> {
    const signal = anySignal(options.signal, call.signal)
    try {
      const response = await send(call, wanted, signal)
      const type = headerText(response.headers['content-type']) ?? 'nothing'
      if (!type.startsWith(wanted)) throw notOurs(shown(options), `it answered ${type} instead of a stream`)
      yield* response.body
    } catch (error) {
      throw toClientError(error, options, signal)
    }
  }

  return { json, text, done, stream, close: () => pool.destroy() }
}

const anySignal = (...signals: (AbortSignal | undefined)[]): AbortSignal | undefined => {
  const given = signals.filter((signal) => signal !== undefined)
  return given.length > 1 ? AbortSignal.any(given) : given[0]
}

/** What connects, for messages: without user name and password. */
const shown = ({ url, socketPath }: ConnectionOptions): string =>
  socketPath ?? url.origin + url.pathname.replace(/\/$/, '')

const headerText = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

const readText = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > answerMaxBytes)
      throw new McpdError('REQUEST_TOO_LARGE', `The answer is over ${answerMaxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const parseJson = (text: string, options: ConnectionOptions): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notOurs(shown(options), 'its answer is not JSON', error)
  }
}

/** Why there is no connection. */
const refusals: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'nothing listens there',
  ENOTFOUND: 'no such host',
  UND_ERR_CONNECT_TIMEOUT: 'no answer to the connection attempt',
}
/** Why there is no answer although there was a connection. */
const breaks: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_HEADERS_TIMEOUT: 'it took too long',
  UND_ERR_BODY_TIMEOUT: 'it fell silent',
}

const toClientError = (
  error: unknown,
  options: ConnectionOptions,
  signal: AbortSignal | undefined,
): McpdError => {
  if (isMcpdError(error)) return error
  if (signal?.aborted)
    return isMcpdError(signal.reason)
      ? signal.reason
      : new McpdError('CANCELLED', 'The request was cancelled.', {}, error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const broken = breaks[code]
  if (broken !== undefined)
    return new McpdError(
      'DAEMON_UNREACHABLE',
      `The daemon at ${shown(options)} did not finish its answer: ${broken}.`,
      { suggestions: ['See whether it still runs: mcpd status', 'See what it did: mcpd logs'] },
      error,
    )
  const why = refusals[code] ?? (error instanceof Error ? error.message : String(error))
  return new McpdError(
    'DAEMON_UNREACHABLE',
    `No daemon answers at ${shown(options)} (${options.source}): ${why}.`,
    { suggestions: ['Start one: mcpd serve'] },
    error,
  )
}
