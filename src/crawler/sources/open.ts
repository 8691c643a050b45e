import type { BackendConfig } from '../../core/config.ts'
import { type SpecAuth, specDefaults, type SpecSource } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { commandSource } from './command.ts'
import { fileSource } from './file.ts'
import { gitSource } from './git.ts'
import type { HostLimit } from './host-limit.ts'
import type { RetryPlan } from './retry.ts'
import type { Source } from './source.ts'
import { serverSource, urlSource } from './url.ts'

/** What opening a source needs besides its entry. */
export interface SourcePlace {
  readonly limit: HostLimit
  /** Where copies of remote git repositories are kept. */
  readonly cacheDir: string
  readonly backends: readonly Pick<BackendConfig, 'name' | 'adapter' | 'options'>[]
  readonly retry?: Partial<RetryPlan>
}

/** Throws CONFIG_INVALID for a backend that is not there or has no address. */
export const openSource = (spec: SpecSource, place: SourcePlace): Source => {
  const { origin, timeoutMs, sizeMaxBytes, hosts, auth } = spec
  const http = {
    hosts,
    timeoutMs,
    sizeMaxBytes,
    limit: place.limit,
    ...(auth && { auth }),
    ...(place.retry && { retry: place.retry }),
  }
  if (origin.kind === 'url') return urlSource(new URL(origin.url), http)
  if (origin.kind === 'file') return fileSource(origin.path, sizeMaxBytes)
  if (origin.kind === 'command') return commandSource({ ...origin, timeoutMs, sizeMaxBytes })
  if (origin.kind === 'git')
    return gitSource({
      ...origin,
      timeoutMs: Math.max(timeoutMs, gitMinMs),
      sizeMaxBytes,
      cacheDir: place.cacheDir,
    })
  const { url, headers, adapter, auth: key } = backendFacts(origin.backend, place.backends)
  return serverSource(url, { adapter }, { headers, ...(key && { auth: key }), ...http })
}

/** A clone takes longer than a document. */
const gitMinMs = 300_000

/** Whether a backend has an address at which to look for a document. */
export const hasAddress = ({ options }: Pick<BackendConfig, 'options'>): boolean =>
  typeof options['url'] === 'string' && /^https?:/.test(options['url'])

/** The source of every backend that runs elsewhere. */
export const backendSpec = (name: string): SpecSource => ({
  name,
  origin: { kind: 'backend', backend: name },
  ...specDefaults,
})

const backendFacts = (name: string, backends: SourcePlace['backends']) => {
  const backend = backends.find((each) => each.name === name)
  if (!backend || !hasAddress(backend))
    throw new McpdError(
      'CONFIG_INVALID',
      backend ? `The backend ${name} has no address.` : `There is no backend "${name}".`,
      { suggestions: ['Name one of `backends` in mcpd.yaml that has a url.'] },
    )
  const url = new URL(String(backend.options['url']))
  const { apiKey, headers } = backend.options
  const auth: SpecAuth | undefined =
    typeof apiKey === 'string'
      ? { kind: 'token', token: apiKey }
      : url.username === ''
        ? undefined
        : {
            kind: 'basic',
            username: decodeURIComponent(url.username),
            password: decodeURIComponent(url.password),
          }
  url.username = ''
  url.password = ''
  return { url, headers: (headers ?? {}) as Record<string, string>, adapter: backend.adapter, auth }
}
