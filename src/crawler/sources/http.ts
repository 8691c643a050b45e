import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { Agent, type Dispatcher } from 'undici'
import type { SpecAuth } from '../../core/spec-config.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import { createAddressPolicy, type Resolve } from './address.ts'
import type { HostLimit } from './host-limit.ts'
import { defaultRetryPlan, parseRetryAfter, PassingFailure, type RetryPlan, withRetries } from './retry.ts'

/** HTTP for one look at one source: addresses checked, everything bounded. */
export interface Http extends AsyncDisposable {
  /** Follows redirects and tries again what may pass. Throws SOURCE_FAILED, SOURCE_REFUSED or the signal's reason. */
  send(request: HttpRequest): Promise<HttpAnswer>
  /** Aborted when its time is over, or the caller's. */
  readonly signal: AbortSignal
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Default: as the plan for retries says. */
  readonly attemptsMax?: number
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names; the last value of a repeated header. */
  readonly headers: Readonly<Record<string, string>>
  /** Unpacked. */
  readonly bytes: Buffer
  /** Where it came from in the end. */
  readonly url: URL
}

export interface HttpOptions {
  /** What the user or the config names; `auth` goes to its origin only. */
  readonly named: URL
  readonly auth?: SpecAuth
  /** For its origin only too, such as those of a gateway. */
  readonly headers?: Readonly<Record<string, string>>
  /** Other hosts that redirects may lead to. */
  readonly hosts: readonly string[]
  /** Of everything that is sent through it together. */
  readonly timeoutMs: number
  /** Of one body, packed and unpacked. */
  readonly sizeMaxBytes: number
  readonly signal: AbortSignal
  readonly limit: HostLimit
  readonly retry?: Partial<RetryPlan>
  readonly resolve?: Resolve
  /** A Unix socket to connect to instead of the host of `named`. */
  readonly socketPath?: string
}

const redirectsMax = 5
const connectMaxMs = 10_000
const headerMaxBytes = 64 * 1024
const redirectStatuses = new Set([301, 302, 303, 307, 308])
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504])

export const createHttp = (options: HttpOptions): Http => {
  const { named, auth, sizeMaxBytes, timeoutMs } = options
  const policy = createAddressPolicy(options)
  const plan = { ...defaultRetryPlan, ...options.retry }
  const agent = new Agent({
    connections: 2,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: headerMaxBytes,
    connect: {
      timeout: connectMaxMs,
      lookup: policy.lookup,
      ...(options.socketPath !== undefined && { socketPath: options.socketPath }),
    },
  })
  const deadline = new AbortController()
  const timer = setTimeout(
    () =>
      deadline.abort(
        new McpdError('SOURCE_FAILED', `${named.host} gave no whole answer within ${timeoutMs} ms.`),
      ),
    timeoutMs,
  )
  const stop = (): void => deadline.abort(options.signal.reason)
  if (options.signal.aborted) stop()
  options.signal.addEventListener('abort', stop, { once: true })
  const { signal } = deadline

  const once = async (url: URL, request: HttpRequest): Promise<HttpAnswer> => {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json, application/yaml;q=0.9, */*;q=0.5',
        'accept-encoding': 'gzip, br',
        'user-agent': 'mcpd',
        ...request.headers,
        // Credentials are for the origin they were given for.
        ...(url.origin === named.origin && { ...options.headers, ...authHeaders(auth) }),
      },
      ...(request.body !== undefined && { body: request.body }),
      signal,
    })
    const headers = lastValues(response.headers)
    const bytes = await readBody(response.body, headers, sizeMaxBytes)
    return { status: response.statusCode, headers, bytes, url }
  }

  const attempt = async (request: HttpRequest): Promise<HttpAnswer> => {
    let url: URL = request.url
    for (let redirects = 0; ; redirects += 1) {
      policy.check(url)
      const here = url
      const answer = await options.limit
        .run(here.host, () => once(here, request))
        .catch((error: unknown) => {
          throw failure(error, here, signal)
        })
      if (passingStatuses.has(answer.status))
        throw new PassingFailure(
          new McpdError('SOURCE_FAILED', `${here.host} answered ${answer.status}.`),
          parseRetryAfter(answer.headers['retry-after'], Date.now()),
        )
      const location = answer.headers['location']
      if (!redirectStatuses.has(answer.status) || location === undefined) return answer
      if (redirects >= redirectsMax)
        throw new McpdError('SOURCE_FAILED', `${named.host} redirects more than ${redirectsMax} times.`)
      if (!URL.canParse(location, here.href))
        throw new McpdError('SOURCE_FAILED', `${here.host} redirects to something that is no address.`)
      url = new URL(location, here)
    }
  }

  return {
    signal,
    send: (request) => withRetries(() => attempt(request), { ...plan, ...pick(request.attemptsMax) }, signal),
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', stop)
      await agent.destroy()
    },
  }
}

const pick = (attemptsMax: number | undefined) => (attemptsMax === undefined ? {} : { attemptsMax })

export const authHeaders = (auth: SpecAuth | undefined): Record<string, string> => {
  if (!auth) return {}
  if (auth.kind === 'basic')
    return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }
  return auth.header === undefined
    ? { authorization: `Bearer ${auth.token}` }
    : { [auth.header.toLowerCase()]: auth.token }
}

const lastValues = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const last = Array.isArray(value) ? value.at(-1) : value
      return last === undefined ? [] : [[name, last]]
    }),
  )

const unpackers = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const

const readBody = async (
  body: AsyncIterable<Buffer>,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<Buffer> => {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  const packed = Buffer.concat(chunks, length)
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '' || length === 0) return packed
  if (!Object.hasOwn(unpackers, encoding))
    throw new McpdError(
      'SOURCE_FAILED',
      `The answer is packed as "${encoding.slice(0, 40)}", which is not read.`,
    )
  try {
    return await unpackers[encoding as keyof typeof unpackers](packed, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, error)
    throw new McpdError('SOURCE_FAILED', `The answer is not the ${encoding} it claims to be.`, {}, error)
  }
}

const tooLarge = (maxBytes: number, cause?: unknown): McpdError =>
  new McpdError(
    'SOURCE_FAILED',
    `The answer is over ${maxBytes} bytes.`,
    { suggestions: ['If it is meant to be, raise `sizeMax` of the spec.'] },
    cause,
  )

/** What will not pass by itself: a name that does not exist, a certificate that is wrong. */
const lasting = new Set([
  'ENOTFOUND',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
])

const failure = (error: unknown, url: URL, signal: AbortSignal): unknown => {
  if (signal.aborted && isMcpdError(signal.reason)) return signal.reason
  const inner = isMcpdError(error) ? error : (error as Error).cause
  if (isMcpdError(inner)) return inner
  const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  const failed = new McpdError('SOURCE_FAILED', `${url.host} cannot be read (${code}).`, {}, error)
  return lasting.has(code) ? failed : new PassingFailure(failed)
}
