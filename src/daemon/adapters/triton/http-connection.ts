import type { AdapterHost } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import type { TransportRequest, TransportResponse } from '../../../core/transport.ts'
import { decodeError, errorInside } from '../../../dialects/kserve/errors.ts'
import { splitVersion } from '../../../dialects/kserve/wire.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import { defaultUrls, headersOf, type TritonOptions } from './options.ts'

/** Bytes read of an answer that says what went wrong. */
const errorMaxBytes = 1024 * 1024
/** Bytes read of what the server says of itself and its models. */
const listMaxBytes = 16 * 1024 * 1024

type Ask = Pick<TransportRequest, 'method' | 'path' | 'signal'> &
  Partial<Pick<TransportRequest, 'body' | 'headers'>>

/** A KServe server over HTTP. */
export interface HttpConnection {
  /** Resolves with an answer that is ok. Throws what any other means. */
  ask(request: Ask): Promise<TransportResponse>
  /** As `ask`, and reads the answer as JSON. */
  read(request: Ask): Promise<unknown>
  readObject(request: Ask): Promise<Wire>
  /** As `ask` of a route whose answer says nothing. */
  change(path: string, signal: AbortSignal): Promise<void>
  /** Whether a route answers 200. Throws where it is restricted. */
  probe(path: string, signal: AbortSignal): Promise<boolean>
  close(): Promise<void>
}

export const openHttp = (options: TritonOptions, host: AdapterHost): HttpConnection => {
  const url = new URL(options.url ?? defaultUrls.http)
  const headers = { ...headersOf(options, url), 'content-type': 'application/json' }
  const transport = host.connect(url.origin + url.pathname)

  const ask = async (request: Ask): Promise<TransportResponse> => {
    const response = await transport.send({ ...request, headers: { ...headers, ...request.headers } })
    const { status } = response
    if (status < 200 || status > 299)
      throw decodeError(status, response.headers, await response.bytes(errorMaxBytes))
    if (response.headers['content-type']?.includes('html')) throw notKserve(status, 'a web page')
    return response
  }
  const read = async (request: Ask): Promise<unknown> => {
    const response = await ask(request)
    const bytes = await response.bytes(listMaxBytes)
    return parse(response.status, bytes)
  }
  const readObject = async (request: Ask): Promise<Wire> => requireObject(await read(request))
  const probe = async (path: string, signal: AbortSignal): Promise<boolean> => {
    const response = await transport.send({ method: 'GET', path, headers, signal })
    const bytes = await response.bytes(errorMaxBytes)
    if (response.status === 401 || response.status === 403)
      throw decodeError(response.status, response.headers, bytes)
    return response.status === 200
  }
  const change = async (path: string, signal: AbortSignal): Promise<void> => {
    const response = await ask({ method: 'POST', path, body: '{}', signal })
    // There is nothing to read, but what is not read keeps its connection.
    await response.bytes(errorMaxBytes)
  }
  return { ask, read, readObject, change, probe, close: () => transport.close() }
}

export const parse = (status: number, bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw notKserve(status, bytes.length === 0 ? 'nothing' : `${bytes.length} bytes that are no JSON`)
  }
}

export const requireObject = (value: unknown): Wire => {
  if (!isRecord(value)) throw notKserve(200, 'no JSON object')
  const failure = errorInside(value)
  if (failure) throw failure
  return value
}

export const notKserve = (status: number, what: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend answered ${status} with ${what}: it may be no KServe server.`, {
    suggestions: ["Check url in the backend's entry of the config; Triton's HTTP port is 8000 as a rule."],
  })

/** Triton does not decode its paths, so a name that would have to be encoded is none it could have. */
export const modelPath = (model: string): string => {
  const { name, version } = splitVersion(model)
  if (!/^[\w.~!$&'()*+,;=:@-]+$/.test(name))
    throw new McpdError('MODEL_NOT_FOUND', `A model of Triton cannot be called '${name}'.`, {
      param: 'model',
    })
  return `/v2/models/${name}${version === undefined ? '' : `/versions/${version}`}`
}
