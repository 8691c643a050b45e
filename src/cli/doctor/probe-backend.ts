import { access } from 'node:fs/promises'
import { request } from 'undici'
import type { BackendEntry } from '../../core/config-schema.ts'
import { type Found, identify } from '../../discovery/discover.ts'
import type { BackendFacts } from './judge.ts'

const answerMaxBytes = 16 * 2 ** 20
/** A backend in another room needs longer than one that may or may not be on this machine. */
const identifyMaxMs = 2000

/** Where each adapter's backends say what they are, below their URL, and the member that lists their models. */
const lists: Readonly<Record<string, { readonly path: string; readonly member?: string }>> = {
  openai: { path: '/models', member: 'data' },
  ollama: { path: '/api/tags', member: 'models' },
  triton: { path: '/v2' },
}

interface Place {
  readonly name: string
  readonly adapter: string | undefined
  readonly url: string
  /** Sent with the question for its models. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a backend of the config says, asked without a daemon: GET only. Rejects only when the signal strikes. */
export const probeEntry = async (entry: BackendEntry, signal: AbortSignal): Promise<BackendFacts> => {
  const { name, adapter, ...rest } = entry
  const url = typeof rest['url'] === 'string' ? rest['url'] : defaultUrls[adapter ?? '']
  // Over gRPC only the daemon asks.
  if (url !== undefined && /^https?:/.test(url))
    return probePlace({ name, adapter, url, headers: headersOf(rest) }, undefined, signal)
  const { model } = rest
  if (typeof model !== 'string')
    return { name, isReachable: true, title: `runs as ${adapter ?? 'a sidecar'}` }
  const isThere = await access(model).then(
    () => true,
    () => false,
  )
  return isThere
    ? { name, isReachable: true, title: model, modelCount: 1 }
    : { name, isReachable: false, detail: `the model file ${model} is not there` }
}

const defaultUrls: Readonly<Record<string, string>> = { ollama: 'http://127.0.0.1:11434' }

const headersOf = ({ apiKey, headers }: Readonly<Record<string, unknown>>): Record<string, string> => ({
  ...(typeof apiKey === 'string' && { authorization: `Bearer ${apiKey}` }),
  ...(typeof headers === 'object' && (headers as Record<string, string>)),
})

/** What a runtime that was found on this machine says. */
export const probeFound = ({ runtime, url, version }: Found, signal: AbortSignal): Promise<BackendFacts> =>
  probePlace(
    { name: runtime.name, adapter: runtime.adapter, url },
    `${runtime.title}${version === '' ? '' : ` ${version}`}`,
    signal,
  )

const probePlace = async (
  place: Place,
  knownTitle: string | undefined,
  signal: AbortSignal,
): Promise<BackendFacts> => {
  const { name, adapter = '', url, headers = {} } = place
  const list = lists[adapter]
  const base = shownUrl(url)
  const [found, answer] = await Promise.all([
    knownTitle === undefined ? identify(new URL(url).origin, identifyMaxMs) : undefined,
    ask(url.replace(/\/$/, '') + (list?.path ?? ''), headers, signal),
  ])
  signal.throwIfAborted()
  if ('detail' in answer) return { name, url: base, isReachable: false, detail: answer.detail }
  const title =
    knownTitle ?? (found && `${found.runtime.title}${found.version === '' ? '' : ` ${found.version}`}`)
  const models = list?.member === undefined ? undefined : memberOf(answer.json, list.member)
  const tellsNone = list !== undefined && list.member === undefined && answer.status === 200
  return {
    name,
    url: base,
    isReachable: true,
    ...(title !== undefined && { title }),
    ...(Array.isArray(models) && { modelCount: models.length }),
    ...(!Array.isArray(models) && !tellsNone && { detail: `it answered ${answer.status}` }),
    ...(answer.skewMs !== undefined && { skewMs: answer.skewMs }),
  }
}

/** By how much the clock of whoever answers at `url` is ahead, if it says. */
export const probeClock = async (url: string, signal: AbortSignal): Promise<number | undefined> => {
  const answer = await ask(url, {}, signal)
  return 'detail' in answer ? undefined : answer.skewMs
}

interface Answer {
  readonly status: number
  readonly json: unknown
  readonly skewMs?: number
}

const ask = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer | { readonly detail: string }> => {
  try {
    const sentAt = Date.now()
    const { statusCode, headers: answered, body } = await request(url, { headers, signal })
    // The server looked at its clock some time between the two; the header has whole seconds.
    const halfwayAt = (sentAt + Date.now()) / 2
    const saidAt = Date.parse(String(answered['date']))
    const text = await readSome(body)
    return {
      status: statusCode,
      json: parseOrUndefined(text),
      ...(!Number.isNaN(saidAt) && { skewMs: saidAt - halfwayAt }),
    }
  } catch (error) {
    return { detail: reasonOf(error) }
  }
}

const readSome = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > answerMaxBytes) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  UND_ERR_CONNECT_TIMEOUT: 'no answer to the connection attempt',
}

const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}

const shownUrl = (text: string): string => {
  const { origin, pathname } = new URL(text)
  return origin + pathname.replace(/\/$/, '')
}

const memberOf = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined

const parseOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
