import type { BackendEntry } from '../../../core/config-schema.ts'
import { uniquelyNamed } from '../../../discovery/unique-names.ts'
import type { DraftEntry } from '../draft.ts'
import { countMax, type Deployment } from './deployment.ts'
import type { Notes } from './notes.ts'
import { type Setting, variableReference } from './reference.ts'
import type { Secrets } from './secrets.ts'

interface BackendParts {
  readonly notes: Notes
  readonly secrets: Secrets
  /** For every backend. */
  readonly breaker: Readonly<Record<string, unknown>>
  /** Those that this mcpd has. */
  readonly adapters: readonly string[]
}

/** The deployments that reach the same server with the same credentials: a backend of that name. */
export interface Server {
  readonly name: string
  readonly deployments: readonly [Deployment, ...Deployment[]]
}

/** LiteLLM has an entry per model, mcpd one per server and key. */
export const findServers = (deployments: readonly Deployment[]): readonly Server[] => {
  const servers = new Map<string, [Deployment, ...Deployment[]]>()
  for (const deployment of deployments) {
    const { provider, url, key, headers } = deployment
    const identity = JSON.stringify([provider.adapter, url, key, headers])
    const server = servers.get(identity)
    if (server) server.push(deployment)
    else servers.set(identity, [deployment])
  }
  return uniquelyNamed(
    [...servers.values()].map((members) => ({ name: members[0].provider.name, deployments: members })),
  )
}

export const draftBackend = (server: Server, parts: BackendParts): DraftEntry => {
  const [first] = server.deployments
  const { adapter } = first.provider
  const isKnown = parts.adapters.includes(adapter)
  if (!isKnown) parts.notes.add(first.pointer, `this mcpd has no adapter ${adapter}.`)
  const aliases = [...new Set(server.deployments.map(({ alias }) => alias))]
  return {
    comments: [`In LiteLLM: ${aliases.join(', ')}.`],
    entry: entryOf(server, parts),
    ...(!isKnown && { isExample: true }),
  }
}

const entryOf = (
  { name, deployments }: Server,
  { notes, secrets, breaker }: BackendParts,
): DraftEntry['entry'] => {
  const [first] = deployments
  const { provider, url, key, headers, pointer } = first
  const variable = `${name.toUpperCase().replaceAll(/\W/g, '_')}_API_KEY`
  const at = `${pointer}/litellm_params`
  const concurrency = concurrencyOf(deployments, notes)
  // Embeddings have no streams.
  const streaming = deployments.filter(({ operation }) => operation !== 'embed')
  const firstToken = agreed(streaming, 'firstToken', 'stream_timeout', notes)
  const keepAlive = agreed(deployments, 'keepAlive', 'keep_alive', notes)
  const contextLengths = Object.fromEntries(
    deployments.flatMap(({ model, contextLength }) =>
      contextLength === undefined ? [] : [[model, contextLength]],
    ),
  )
  const models = listedModels(deployments)
  const entry: BackendEntry & Readonly<Record<string, unknown>> = {
    name,
    adapter: provider.adapter,
    url,
    ...(key && { apiKey: secrets.write(key, `${at}/api_key`, variable) }),
    ...(Object.keys(headers).length > 0 && { headers: writeHeaders(headers, name, at, secrets) }),
    ...(models.length > 0 && { models }),
    ...(concurrency !== undefined && { concurrency }),
    ...(firstToken !== undefined && { timeouts: { firstToken } }),
    ...(Object.keys(contextLengths).length > 0 && { contextLengths }),
    ...(keepAlive !== undefined && { keepAlive }),
    ...(Object.keys(breaker).length > 0 && { breaker }),
  }
  return entry
}

const secretName = /auth|key|token|secret|cookie/i

const writeHeaders = (
  headers: Readonly<Record<string, Setting>>,
  backend: string,
  pointer: string,
  secrets: Secrets,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, setting]) => {
      if ('variable' in setting) return [name, variableReference(setting.variable)]
      if (!secretName.test(name)) return [name, setting.literal]
      const variable = `${backend}_${name}`.toUpperCase().replaceAll(/\W/g, '_')
      return [name, secrets.write(setting, `${pointer}/extra_headers/${name}`, variable)]
    }),
  )

/** A hosted provider has many models, of which the config names some; one's own server says itself what it has. */
const listedModels = (deployments: readonly Deployment[]): (string | object)[] => {
  const isHosted = deployments.every(({ provider, url }) => url === provider.hostedUrl)
  const isAll = deployments.some(({ model }) => model.includes('*'))
  if (!isHosted || isAll) return []
  const models = new Map(
    // Anthropic has conversations alone, whatever mode a config claims.
    deployments.map(({ model, operation, provider }) => [
      model,
      provider.adapter === 'anthropic' ? undefined : operation,
    ]),
  )
  return [...models].map(([name, operation]) =>
    operation === undefined ? name : { name, operations: [operation] },
  )
}

/** What LiteLLM limits per model is limited per backend here: by their sum, if each has a limit. */
const concurrencyOf = (deployments: readonly Deployment[], notes: Notes): number | undefined => {
  const limits = deployments.flatMap(({ requestsMax }) => (requestsMax === undefined ? [] : [requestsMax]))
  if (limits.length === deployments.length)
    return Math.min(
      countMax,
      limits.reduce((sum, limit) => sum + limit, 0),
    )
  for (const { pointer, requestsMax } of deployments)
    if (requestsMax !== undefined)
      notes.add(
        `${pointer}/litellm_params/max_parallel_requests`,
        'mcpd limits a backend as a whole (concurrency), and other models there have no limit.',
      )
  return undefined
}

/** A setting that is one per backend here and one per model there. */
const agreed = <Name extends 'firstToken' | 'keepAlive'>(
  deployments: readonly Deployment[],
  name: Name,
  member: string,
  notes: Notes,
): Deployment[Name] | undefined => {
  const [first] = deployments
  const given = deployments.filter((deployment) => deployment[name] !== undefined)
  if (given.length === deployments.length && given.every((deployment) => deployment[name] === first?.[name]))
    return first?.[name]
  for (const { pointer } of given)
    notes.add(
      `${pointer}/litellm_params/${member}`,
      'mcpd has one per backend, and the models there do not agree on it.',
    )
  return undefined
}
