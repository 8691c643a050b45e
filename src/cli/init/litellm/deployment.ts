import { below } from '../../../core/config-file.ts'
import type { Notes } from './notes.ts'
import { findProvider, type Provider, splitModel } from './provider.ts'
import { readSetting, type Setting, toDuration, variableReference } from './reference.ts'

/** An entry of `model_list` that a backend of mcpd can stand for. */
export interface Deployment {
  readonly pointer: string
  /** What LiteLLM's clients call it. */
  readonly alias: string
  readonly provider: Provider
  /** What the backend calls it; `*` for all it has. */
  readonly model: string
  readonly url: string
  readonly key?: Setting
  readonly headers: Readonly<Record<string, Setting>>
  readonly operation?: 'embed' | 'complete'
  readonly requestsMax?: number
  /** Share of the load among deployments of one name. */
  readonly weight?: number
  readonly firstToken?: string
  readonly total?: string
  readonly contextLength?: number
  readonly keepAlive?: string | number
}

type Mapping = Readonly<Record<string, unknown>>

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Undefined when it cannot be taken over; `notes` then say why. */
export const readDeployment = (entry: unknown, pointer: string, notes: Notes): Deployment | undefined => {
  const { litellm_params: params, model_info: info, model_name: alias } = isMapping(entry) ? entry : {}
  const at = below(pointer, 'litellm_params')
  if (!isMapping(params) || text(params['model']) === undefined) {
    notes.add(pointer, 'has no litellm_params.model, so it is not taken over.')
    return undefined
  }
  const model = String(params['model'])
  const named = splitModel(model, text(params['custom_llm_provider']))
  const provider = named && findProvider(named.provider)
  if (!named || !provider) {
    const why = named ? `mcpd has no adapter for ${named.provider}` : 'it does not say whose model it is'
    notes.add(pointer, `${model} is not taken over: ${why}.`)
    return undefined
  }
  const url = readUrl(params, provider, at, notes)
  if (url === undefined) return undefined
  notes.leftOut(pointer, entry as Mapping, new Set(['model_name', 'litellm_params', 'model_info']))
  notes.leftOut(at, params, provider.adapter === 'ollama' ? knownOfOllama : known)
  const key = readSetting(params['api_key']) ?? defaultKey(provider, params)
  return {
    pointer,
    alias: text(alias) ?? model,
    provider,
    model: named.model,
    url,
    ...(key && { key }),
    headers: readHeaders(params, at, notes),
    ...readLimits(params, at, notes),
    ...(provider.adapter === 'ollama' && readOllama(params, at, notes)),
    ...readMode(info, below(pointer, 'model_info'), notes),
  }
}

const known: ReadonlySet<string> = new Set([
  'model',
  'custom_llm_provider',
  'api_base',
  'base_url',
  'api_key',
  'extra_headers',
  'headers',
  'organization',
  'max_parallel_requests',
  'stream_timeout',
  'timeout',
  'weight',
])
const knownOfOllama: ReadonlySet<string> = new Set([...known, 'num_ctx', 'keep_alive'])

/** A hosted provider's key comes from its variable, where neither the key nor another address is given. */
const defaultKey = ({ keyVariable, hostedUrl }: Provider, params: Mapping): Setting | undefined =>
  keyVariable !== undefined && (hostedUrl === undefined || readBase(params) === undefined)
    ? { variable: keyVariable }
    : undefined

const readBase = (params: Mapping): Setting | undefined =>
  readSetting(params['api_base']) ?? readSetting(params['base_url'])

const readUrl = (params: Mapping, provider: Provider, pointer: string, notes: Notes): string | undefined => {
  const base = readBase(params)
  if (base && 'variable' in base) return variableReference(base.variable) + (provider.urlEnding ?? '')
  if (base) return cleanUrl(base.literal, provider, below(pointer, 'api_base'), notes)
  const url = provider.hostedUrl ?? provider.localUrl
  if (url !== undefined) return url
  if (provider.urlVariable !== undefined) return variableReference(provider.urlVariable)
  notes.add(below(pointer, 'model'), 'is not taken over: there is no api_base that says where it is.')
  return undefined
}

/** Without what may be a secret: user, password and query. */
const cleanUrl = (literal: string, { urlEnding = '' }: Provider, pointer: string, notes: Notes) => {
  const url = URL.canParse(literal) ? new URL(literal) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    notes.add(pointer, 'is no http address, so the model is not taken over.')
    return undefined
  }
  if (url.username !== '' || url.password !== '' || url.search !== '')
    notes.add(
      pointer,
      'its user, password or query is left out; put what is needed into headers, as ${env:NAME}.',
    )
  const path = url.pathname.replace(/\/+$/, '')
  return `${url.origin}${path}${path.endsWith(urlEnding) ? '' : urlEnding}`
}

const readHeaders = (params: Mapping, pointer: string, notes: Notes): Record<string, Setting> => {
  const organization = readSetting(params['organization'])
  const headers: Record<string, Setting> = organization ? { 'openai-organization': organization } : {}
  for (const member of ['headers', 'extra_headers']) {
    const given = params[member]
    if (given === undefined) continue
    for (const [name, value] of Object.entries(isMapping(given) ? given : {})) {
      const setting = readSetting(value)
      if (setting && /^[A-Za-z0-9-]+$/.test(name)) headers[name] = setting
      else notes.add(below(below(pointer, member), name), 'is no header that can be sent.')
    }
  }
  return headers
}

/** What mcpd takes for a number of requests, failures or attempts. */
export const countMax = 1_000_000

const readLimits = (params: Mapping, pointer: string, notes: Notes) => {
  const duration = (member: string): string | undefined => {
    const value = params[member]
    if (value === undefined || value === null) return undefined
    const written = toDuration(value)
    if (written === undefined) notes.add(below(pointer, member), 'is no number of seconds.')
    return written
  }
  const firstToken = duration('stream_timeout')
  const total = duration('timeout')
  const requestsMax = params['max_parallel_requests']
  const isCount = Number.isInteger(requestsMax) && Number(requestsMax) > 0 && Number(requestsMax) <= countMax
  if (requestsMax !== undefined && !isCount)
    notes.add(below(pointer, 'max_parallel_requests'), 'is no number of requests.')
  return {
    ...(firstToken !== undefined && { firstToken }),
    ...(total !== undefined && { total }),
    ...(isCount && { requestsMax: Number(requestsMax) }),
    ...readWeight(params['weight'], below(pointer, 'weight'), notes),
  }
}

/** Within what a group takes. */
const weightMax = 1000

const readWeight = (weight: unknown, pointer: string, notes: Notes): Pick<Deployment, 'weight'> => {
  if (weight === undefined) return {}
  if (typeof weight === 'number' && weight > 0 && weight <= weightMax) return { weight }
  notes.add(pointer, `is no weight above 0 and up to ${weightMax}.`)
  return {}
}

const keepAlivePattern = /^-?(\d+(\.\d+)?(ms|s|m|h))+$/
const contextMax = 2 ** 31 - 1

const readOllama = (
  { num_ctx: contextLength, keep_alive: keepAlive }: Mapping,
  pointer: string,
  notes: Notes,
): Pick<Deployment, 'contextLength' | 'keepAlive'> => {
  const isContext =
    Number.isInteger(contextLength) && Number(contextLength) > 0 && Number(contextLength) <= contextMax
  if (contextLength !== undefined && !isContext)
    notes.add(below(pointer, 'num_ctx'), 'is no number of tokens.')
  // Ollama takes bare seconds as a text too.
  const isSeconds = typeof keepAlive === 'string' && /^-?\d+$/.test(keepAlive)
  const kept = isSeconds ? Number(keepAlive) : keepAlive
  const isKept =
    (typeof kept === 'number' && Number.isFinite(kept)) ||
    (typeof kept === 'string' && keepAlivePattern.test(kept))
  if (keepAlive !== undefined && !isKept)
    notes.add(below(pointer, 'keep_alive'), 'is no duration, and no number of seconds.')
  return {
    ...(isContext && { contextLength: Number(contextLength) }),
    ...(isKept && { keepAlive: kept }),
  }
}

const operations: Readonly<Record<string, Deployment['operation']>> = {
  embedding: 'embed',
  completion: 'complete',
}

const readMode = (info: unknown, pointer: string, notes: Notes): Pick<Deployment, 'operation'> => {
  if (!isMapping(info)) return {}
  notes.leftOut(pointer, info, new Set(['mode']))
  const mode = text(info['mode'])
  if (mode === undefined || mode === 'chat') return {}
  const operation = Object.hasOwn(operations, mode) ? operations[mode] : undefined
  if (operation) return { operation }
  notes.add(below(pointer, 'mode'), 'mcpd has no operation of this kind.')
  return {}
}
