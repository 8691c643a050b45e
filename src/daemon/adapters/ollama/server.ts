import type { AdapterHost } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import type { TransportRequest, TransportResponse } from '../../../core/transport.ts'
import { decodeError } from '../../../dialects/ollama/errors.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import { defaultUrl, type OllamaOptions } from './options.ts'

/** Bytes read of an answer that says what went wrong. */
const errorMaxBytes = 1024 * 1024
/** Bytes read of a list of models or of what there is to say of one. */
const listMaxBytes = 16 * 1024 * 1024

/** The Ollama behind an adapter. */
export interface Server {
  /** Resolves with an answer that is ok. Throws what any other means. */
  ask(request: Pick<TransportRequest, 'method' | 'path' | 'body' | 'signal'>): Promise<TransportResponse>
  /** As `ask`, and reads the answer as a JSON object. */
  askObject(request: Parameters<Server['ask']>[0]): Promise<Wire>
  close(): Promise<void>
}

/** `url` may carry a user and password, sent as Basic, and a path before Ollama's own. */
export const connectServer = (options: OllamaOptions, host: AdapterHost): Server => {
  const url = new URL(options.url ?? defaultUrl)
  const headers = headersOf(options, url)
  const transport = host.connect(url.origin + url.pathname)

  const ask: Server['ask'] = async (request) => {
    const response = await transport.send({ ...request, headers })
    const { status } = response
    if (status < 200 || status > 299)
      throw decodeError(status, response.headers, await response.bytes(errorMaxBytes))
    if (response.headers['content-type']?.includes('html')) throw noOllama(status, 'a web page')
    return response
  }

  return {
    ask,
    askObject: async (request) => {
      const response = await ask(request)
      return parseObject(response, await response.bytes(listMaxBytes))
    },
    close: () => transport.close(),
  }
}

const headersOf = (
  { apiKey, headers = {} }: OllamaOptions,
  { username, password }: URL,
): Record<string, string> => {
  const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    'content-type': 'application/json',
    ...(username !== '' && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
}

/** The body as a JSON object. Throws BACKEND_ERROR when it is none. */
export const parseObject = ({ status }: TransportResponse, bytes: Buffer): Wire => {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw noOllama(status, bytes.length === 0 ? 'nothing' : `${bytes.length} bytes that are no JSON object`)
}

const noOllama = (status: number, what: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend answered ${status} with ${what}: it may be no Ollama.`, {
    suggestions: ["Check url in the backend's entry of the config; Ollama listens on port 11434 as a rule."],
  })
