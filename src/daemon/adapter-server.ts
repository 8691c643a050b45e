import type { AdapterHost } from '../core/adapter.ts'
import { McpdError } from '../core/errors.ts'
import type { TransportRequest, TransportResponse } from '../core/transport.ts'
import { isRecord, type Wire } from '../dialects/wire.ts'

/** Bytes read of an answer that says what went wrong. */
const errorMaxBytes = 1024 * 1024
/** Bytes read of a list of models or of what there is to say of one. */
const listMaxBytes = 16 * 1024 * 1024

export interface AdapterServerOptions {
  /** May carry a user and password, sent as Basic, and a query, sent with every request. */
  readonly url: string
  /** For every request; names in any case. They go before Basic. */
  readonly headers: Readonly<Record<string, string>>
  /** What an answer that is not ok means. */
  readonly decodeError: (
    status: number,
    headers: Readonly<Record<string, string>>,
    bytes: Buffer,
  ) => McpdError
}

export type ServerRequest = Pick<TransportRequest, 'method' | 'path' | 'headers' | 'body' | 'signal'>

/** One server behind an adapter. */
export interface AdapterServer {
  /** Resolves with an answer that is ok and no web page. Throws what any other means. */
  ask(request: ServerRequest): Promise<TransportResponse>
  /** As `ask`, and reads the answer as JSON. Throws BACKEND_ERROR when it is none. */
  askJson(request: ServerRequest): Promise<unknown>
  /** As `askJson`, of an object. */
  askObject(request: ServerRequest): Promise<Wire>
  close(): Promise<void>
}

export const connectAdapterServer = (options: AdapterServerOptions, host: AdapterHost): AdapterServer => {
  const { decodeError } = options
  const url = new URL(options.url)
  const { search } = url
  const headers = headersOf(options.headers, url)
  const transport = host.connect(url.origin + url.pathname)

  const ask: AdapterServer['ask'] = async (request) => {
    const { path } = request
    const response = await transport.send({
      ...request,
      path: path + (search === '' || !path.includes('?') ? search : search.replace('?', '&')),
      headers: {
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
        ...request.headers,
      },
    })
    const { status } = response
    if (status < 200 || status > 299)
      throw decodeError(status, response.headers, await response.bytes(errorMaxBytes))
    if (response.headers['content-type']?.includes('html')) {
      await response.bytes(errorMaxBytes)
      throw webPage(status)
    }
    return response
  }

  const askJson: AdapterServer['askJson'] = async (request) => {
    const response = await ask(request)
    return parseJson(response, await response.bytes(listMaxBytes))
  }

  return {
    ask,
    askJson,
    askObject: async (request) => requireObject(await askJson(request)),
    close: () => transport.close(),
  }
}

const headersOf = (
  headers: Readonly<Record<string, string>>,
  { username, password }: URL,
): Record<string, string> => {
  const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    ...(username !== '' && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
}

/** The body as JSON. Throws BACKEND_ERROR when it is none. */
export const parseJson = ({ status, headers }: TransportResponse, bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    const type = headers['content-type'] ?? 'something'
    const what = bytes.length === 0 ? 'an empty body' : `${type} that is no JSON`
    throw new McpdError('BACKEND_ERROR', `The backend answered ${status} with ${what}.`, {}, error)
  }
}

/** Throws BACKEND_ERROR unless the value is an object. */
export const requireObject = (value: unknown): Wire => {
  if (isRecord(value)) return value
  throw new McpdError('BACKEND_ERROR', 'The backend answered with JSON that is no object.')
}

const webPage = (status: number): McpdError =>
  new McpdError(
    'BACKEND_ERROR',
    `The backend answered ${status} with a web page: its url is not that of an API.`,
    { suggestions: ["Correct url in the backend's entry of the config."] },
  )
