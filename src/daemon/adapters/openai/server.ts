import type { AdapterHost, ForwardRequest } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import type { TransportResponse } from '../../../core/transport.ts'
import { decodeError } from '../../../dialects/openai/errors.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import type { OpenAiOptions } from './options.ts'

/** Bytes read of an answer that says what went wrong. */
const errorMaxBytes = 1024 * 1024
/** Bytes read of a list of models or of tokens. */
const listMaxBytes = 16 * 1024 * 1024

/** The server behind an adapter: its API below the base URL, and what vLLM and llama.cpp serve beside it. */
export interface Server {
  post(path: string, body: Buffer | string, signal: AbortSignal, accept?: string): Promise<TransportResponse>
  get(path: string, signal: AbortSignal): Promise<TransportResponse>
  forward(request: ForwardRequest): Promise<TransportResponse>
  /** As `post` and `get`, where the API's /v1 begins rather than below it. */
  readonly root: Pick<Server, 'post' | 'get'>
  close(): Promise<void>
}

/** `url` may carry a user and password, sent as Basic, and a query, sent with every request. */
export const connectServer = (options: OpenAiOptions, host: AdapterHost): Server => {
  const url = new URL(options.url)
  const { search } = url
  const headers = headersOf(options, url)
  const jsonHeaders = { ...headers, 'content-type': 'application/json' }
  const rootUrl = new URL(url.pathname.replace(/\/v\d+\/?$/, '') || '/', url.origin)
  const api = host.connect(url.origin + url.pathname)
  const root = host.connect(rootUrl.href)
  const over = (transport: typeof api, query: string): Pick<Server, 'post' | 'get'> => ({
    post: (path, body, signal, accept = 'application/json') =>
      transport.send({
        method: 'POST',
        path: path + query,
        headers: { ...jsonHeaders, accept },
        body,
        signal,
      }),
    get: (path, signal) => transport.send({ method: 'GET', path: path + query, headers, signal }),
  })
  const close = async (): Promise<void> => {
    await Promise.all([api.close(), root.close()])
  }
  const forward: Server['forward'] = ({ method, path, contentType, accept, body, signal }) =>
    api.send({
      method,
      path: path + (search === '' || !path.includes('?') ? search : search.replace('?', '&')),
      headers: {
        ...headers,
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(accept !== undefined && { accept }),
      },
      ...(body && { body }),
      signal,
    })
  return { ...over(api, search), root: over(root, search), forward, close }
}

const headersOf = (
  { apiKey, headers = {} }: OpenAiOptions,
  { username, password }: URL,
): Record<string, string> => {
  const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    ...(username !== '' && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
}

export const isOk = ({ status }: TransportResponse): boolean => status >= 200 && status < 300

/** What an answer that is not ok means. */
export const refusal = async (response: TransportResponse): Promise<McpdError> =>
  decodeError(response.status, response.headers, await response.bytes(errorMaxBytes))

/** Reads what nobody wants, so that its connection can be used again. */
export const discard = async (response: TransportResponse): Promise<void> => {
  await response.bytes(listMaxBytes)
}

/** A small answer as JSON object. Throws what `refusal` says when it is not ok, BACKEND_ERROR when it is no JSON. */
export const readObject = async (response: TransportResponse): Promise<Wire> => {
  if (!isOk(response)) throw await refusal(response)
  return parseObject(response, await response.bytes(listMaxBytes))
}

/** The body as a JSON object. Throws BACKEND_ERROR with the likely reason when it is none. */
export const parseObject = ({ status, headers }: TransportResponse, bytes: Buffer): Wire => {
  const type = headers['content-type'] ?? 'no content type'
  if (!type.includes('html') && bytes.length > 0)
    try {
      const value: unknown = JSON.parse(bytes.toString())
      if (isRecord(value)) return value
    } catch {
      // Told below.
    }
  throw notJson(status, type, bytes.length)
}

/** The error for an answer whose type already tells that it is none of the API's. */
export const notJson = (status: number, type: string, length?: number): McpdError => {
  if (type.includes('html'))
    return new McpdError(
      'BACKEND_ERROR',
      `The backend answered ${status} with a web page: its url is not that of an API.`,
      {
        suggestions: ["Correct url in the backend's entry of the config; most servers want /v1 at its end."],
      },
    )
  const what = length === 0 ? 'an empty body' : `${type} that is no JSON object`
  return new McpdError('BACKEND_ERROR', `The backend answered ${status} with ${what}.`)
}
