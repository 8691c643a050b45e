import { request } from 'undici'
import { childrenOf } from '../../bench/processes.ts'
import type { WatchedProcess } from '../../bench/plan.ts'
import type { Settings } from '../../bench/settings.ts'
import type { Target, WireName } from '../../bench/target.ts'
import type { Client } from '../../client/index.ts'
import { resolveModel } from '../../client/find-model.ts'
import { type ErrorCode, isMcpdError, McpdError } from '../../core/errors.ts'
import { identify } from '../../discovery/discover.ts'

export interface ResolveOptions {
  readonly settings: Settings
  readonly connect: () => Promise<Client>
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface Resolved {
  readonly targets: readonly Target[]
  /** The daemon and its sidecars, where they are on this machine. */
  readonly watched: readonly WatchedProcess[]
}

const listMaxMs = 5000
const listMaxBytes = 4 * 2 ** 20

/** Targets for what a person named: URLs, and models or groups of the daemon. Throws USAGE and what the daemon throws. */
export const resolveTargets = async (
  names: readonly string[],
  options: ResolveOptions,
): Promise<Resolved> => {
  const targets: Target[] = []
  const watched = new Map<number, WatchedProcess>()
  for (const name of names) {
    if (/^https?:\/\//i.test(name)) targets.push(await urlTarget(name, options))
    else {
      const found = await daemonTarget(name, options)
      targets.push(found.target)
      for (const one of found.watched) watched.set(one.pid, one)
    }
  }
  return { targets, watched: [...watched.values()] }
}

const wireFor = ({ api = 'openai', operation = 'chat' }: Settings): WireName => `${api}-${operation}`

const targetOf = (
  settings: Settings,
  given: Pick<Target, 'label' | 'url' | 'model' | 'wire'> &
    Pick<Target, 'tokenizer'> & { readonly apiKey?: string | undefined },
): Target => ({
  label: given.label,
  url: given.url,
  wire: given.wire,
  model: given.model,
  ...(given.apiKey !== undefined && { apiKey: given.apiKey }),
  ...(given.tokenizer && { tokenizer: given.tokenizer }),
  stream: !given.wire.endsWith('embed') && settings.stream !== false,
  streamUsage: true,
  extra: settings.extra ?? {},
})

const urlTarget = async (text: string, { settings, env, signal }: ResolveOptions): Promise<Target> => {
  if (!URL.canParse(text)) throw new McpdError('USAGE', `"${text}" is no URL.`)
  const { url, api } = await apiOf(new URL(text), settings)
  const apiKey = env['MCPD_BENCH_API_KEY'] || undefined
  const model = settings.model ?? (await onlyModel(url, api, apiKey, signal))
  return targetOf(settings, {
    label: `${model} at ${new URL(url).host}`,
    url,
    model,
    wire: wireFor({ ...settings, api }),
    apiKey,
    ...(api === 'openai' && { tokenizer: { url: `${url.replace(/\/v1$/, '')}/tokenize`, form: 'server' } }),
  })
}

type Api = NonNullable<Settings['api']>

/** Which API a URL is of: as told, by its path, or by what answers there. */
const apiOf = async (url: URL, { api }: Settings): Promise<{ url: string; api: Api }> => {
  const path = url.pathname.replace(/\/+$/, '')
  const base = url.origin + path
  if (api === 'openai') return { url: path === '' ? `${base}/v1` : base, api }
  if (api !== undefined) return { url: base.replace(/\/api$/, ''), api }
  if (path.endsWith('/v1')) return { url: base, api: 'openai' }
  if (path.endsWith('/api')) return { url: base.slice(0, -'/api'.length), api: 'ollama' }
  const found = path === '' ? await identify(url.origin, listMaxMs) : undefined
  if (found?.runtime.adapter === 'ollama') return { url: base, api: 'ollama' }
  return { url: path === '' ? `${base}/v1` : base, api: 'openai' }
}

/** The name of the one model there is. Throws USAGE with the names when there are several. */
const onlyModel = async (
  url: string,
  api: Api,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<string> => {
  const names = await modelNames(url, api, apiKey, signal)
  const [only] = names
  if (only !== undefined && names.length === 1) return only
  throw new McpdError(
    'USAGE',
    names.length === 0 ? `${url} lists no models.` : `${url} has ${names.length} models, and none was named.`,
    { suggestions: ['Name one: --model NAME', ...names.slice(0, 5).map((name) => `--model ${name}`)] },
  )
}

const modelNames = async (
  url: string,
  api: Api,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const path = { openai: '/models', ollama: '/api/tags', native: '/mcp/v1/models' }[api]
  const body = await getJson(url + path, apiKey, signal)
  const entries = api === 'openai' ? body['data'] : body['models']
  if (!Array.isArray(entries)) return []
  return (entries as Record<string, unknown>[])
    .map((entry) => (api === 'ollama' ? entry['name'] : entry['id']))
    .filter((name): name is string => typeof name === 'string')
}

const getJson = async (
  url: string,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<Record<string, unknown>> => {
  const failed = (code: ErrorCode, why: string, cause?: unknown): McpdError =>
    new McpdError(
      code,
      `${url} cannot be asked for its models: ${why}.`,
      { suggestions: ['Name one: --model NAME'] },
      cause,
    )
  try {
    const { statusCode, body } = await request(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(listMaxMs)]),
      ...(apiKey !== undefined && { headers: { authorization: `Bearer ${apiKey}` } }),
    })
    let text = ''
    for await (const chunk of body) {
      text += String(chunk)
      if (text.length > listMaxBytes) throw failed('BACKEND_ERROR', 'the list is too long')
    }
    if (statusCode === 401) throw failed('UNAUTHENTICATED', 'it wants a key in MCPD_BENCH_API_KEY')
    if (statusCode >= 400) throw failed('BACKEND_ERROR', `it answered ${statusCode}`)
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    signal.throwIfAborted()
    if (isMcpdError(error)) throw error
    if (error instanceof SyntaxError) throw failed('BACKEND_ERROR', 'its answer is no JSON', error)
    throw failed(
      'BACKEND_UNAVAILABLE',
      error instanceof Error ? (codeOf(error) ?? error.message) : 'no answer',
      error,
    )
  }
}

const codeOf = (error: Error & { code?: string }): string | undefined => error.code

const daemonTarget = async (name: string, { settings, connect, env }: ResolveOptions) => {
  await using client = await connect()
  const { operation = 'chat' } = settings
  const id = await nameOf(client, name, operation)
  const { api = 'openai' } = settings
  const target = targetOf(settings, {
    label: id,
    url: api === 'openai' ? `${client.url}/v1` : client.url,
    model: id,
    wire: wireFor({ ...settings, api }),
    apiKey: env['MCPD_API_KEY'] || undefined,
    ...(id.includes('/') && { tokenizer: { url: `${client.url}${nativePath(id)}`, form: 'daemon' } }),
  })
  return { target, watched: client.isLocal ? await daemonProcesses(client) : [] }
}

/** Of an id that is backend/model; the model's own name may have slashes. */
const nativePath = (id: string): string => {
  const slash = id.indexOf('/')
  const [backend, model] = [id.slice(0, slash), id.slice(slash + 1)]
  return `/mcp/v1/${encodeURIComponent(backend)}/${encodeURIComponent(model)}/tokenize`
}

/** An id as resolveModel has it; a name may also be a backend's that has one model. */
const nameOf = async (
  client: Client,
  name: string,
  operation: 'chat' | 'complete' | 'embed',
): Promise<string> => {
  const models = await client.models()
  const own = models.filter(({ backend, operations }) => backend === name && operations.includes(operation))
  if (own.length === 1 && own[0]) return own[0].id
  if (own.length > 1)
    throw new McpdError('USAGE', `The backend ${name} has ${own.length} models that can ${operation}.`, {
      suggestions: own.slice(0, 5).map(({ id }) => `mcpd bench ${id}`),
    })
  return resolveModel(client, name, operation)
}

/** The daemon and what it started. Empty when it does not say. */
export const daemonProcesses = async (client: Client): Promise<readonly WatchedProcess[]> => {
  try {
    const { pid } = await client.status()
    const sidecars = childrenOf(pid).map((child) => ({ pid: child, name: `sidecar ${child}` }))
    return [{ pid, name: 'mcpd daemon' }, ...sidecars]
  } catch {
    return []
  }
}
