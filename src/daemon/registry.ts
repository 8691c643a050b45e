import type { Model } from '../core/adapter.ts'
import type { AnswerCacheConfig } from '../core/cache-config.ts'
import type { GroupConfig } from '../core/config.ts'
import type { Strategy } from '../core/config-schema.ts'
import { McpdError } from '../core/errors.ts'
import type { Backend } from './backend.ts'
import { pick, type Target } from './balance.ts'

/** Who may answer a request for one name, and how one of them is chosen. */
export interface Route {
  /** At least one, in the order of the config. */
  readonly targets: readonly Target[]
  readonly strategy: Strategy
  readonly stickyBy: string
  /** The group that the name is of. */
  readonly group?: string
  /** How its answers are kept; absent: they are not. */
  readonly cache?: AnswerCacheConfig
}

export interface ListedModel {
  readonly backend: Backend
  readonly model: Model
  /** The backend that answers to the bare name instead. */
  readonly shadowedBy?: string
}

/** A group as it stands: the targets of its config whose backends are there. */
interface Group {
  readonly config: GroupConfig
  readonly targets: readonly Target[]
}

/** In place of the adapter: the model is a group's name. */
export const groupWord = 'group'

/** Names → routes. `backends` stay in the order of the config: the first that serves a bare name gets it. */
export class Registry {
  #backends: readonly Backend[] = []
  #groups: ReadonlyMap<string, Group> = new Map()
  #caches = false
  readonly #adapterTypes: ReadonlySet<string>

  constructor(
    backends: readonly Backend[],
    adapterTypes: Iterable<string>,
    groups: readonly GroupConfig[] = [],
  ) {
    this.#adapterTypes = new Set(adapterTypes)
    this.swap(backends, groups)
  }

  get backends(): readonly Backend[] {
    return this.#backends
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()]
  }

  /** Whether any route keeps answers. */
  get caches(): boolean {
    return this.#caches
  }

  /** From the next request on these serve; who was found before keeps running until he is closed. */
  swap(
    backends: readonly Backend[],
    groups: readonly GroupConfig[] = this.groups.map(({ config }) => config),
  ): void {
    const byName = new Map(backends.map((backend) => [backend.name, backend]))
    const made = groups.map((config): [string, Group] => [
      config.name,
      {
        config,
        targets: config.targets.flatMap(({ backend: name, model, weight }) => {
          const backend = byName.get(name)
          return backend ? [{ backend, model, weight }] : []
        }),
      },
    ])
    this.#backends = backends
    this.#groups = new Map(made)
    this.#caches = [...backends, ...this.groups].some(({ config }) => config.cache !== undefined)
  }

  /**
   * Finds who serves `model`. `adapter` (native surface) is an adapter's type, a backend's name or `group`; without
   * it the model id itself may begin with one (`backend/model`, `adapter/model`), else it is a group's name or a bare
   * one. Throws ADAPTER_NOT_FOUND, MODEL_NOT_FOUND, or BACKEND_UNAVAILABLE when a backend that might have it is silent.
   */
  async resolveRoute(adapter: string | undefined, model: string): Promise<Route> {
    const found = this.lookupRoute(adapter, model)
    if (found) return found
    // A list may be older than the model: ask once more before saying no.
    await Promise.all(this.#candidates(adapter).map((backend) => backend.refresh()))
    const route = this.lookupRoute(adapter, model)
    if (route) return route
    throw this.#notFound(adapter, model)
  }

  /** One target of the route, a working one where there is one: for questions about a model. */
  async resolve(adapter: string | undefined, model: string): Promise<Target> {
    return first(await this.resolveRoute(adapter, model))
  }

  /** What `resolve` finds without asking any backend. */
  lookup(adapter: string | undefined, model: string): Target | undefined {
    const route = this.lookupRoute(adapter, model)
    return route && first(route)
  }

  lookupRoute(adapter: string | undefined, model: string): Route | undefined {
    if (adapter === groupWord) return this.#groupRoute(model)
    if (adapter !== undefined) return this.#among(this.#candidates(adapter), model)
    const group = this.#groupRoute(model)
    if (group) return group
    const slash = model.indexOf('/')
    if (slash > 0) {
      const prefix = model.slice(0, slash)
      if (prefix === groupWord) {
        const named = this.#groupRoute(model.slice(slash + 1))
        if (named) return named
      }
      if (this.#isPrefix(prefix)) {
        const route = this.#among(this.#candidates(prefix), model.slice(slash + 1))
        if (route) return route
      }
    }
    return single(serving(this.#backends, model))
  }

  list(): readonly ListedModel[] {
    const owners = new Map<string, string>()
    return this.#backends.flatMap((backend) =>
      (backend.models ?? []).map((model) => {
        const owner = owners.get(model.name)
        if (owner === undefined) owners.set(model.name, backend.name)
        return { backend, model, ...(owner !== undefined && { shadowedBy: owner }) }
      }),
    )
  }

  #groupRoute(name: string): Route | undefined {
    const group = this.#groups.get(name)
    if (!group || group.targets.length === 0) return undefined
    const { strategy, stickyBy, cache } = group.config
    const targets = group.targets.filter(({ backend }) => !backend.draining)
    if (targets.length === 0) throw drained(name)
    return { targets, strategy, stickyBy, group: name, ...(cache && { cache }) }
  }

  #isPrefix(name: string): boolean {
    return (
      this.#adapterTypes.has(name) ||
      this.#backends.some((backend) => backend.name === name || backend.adapterType === name)
    )
  }

  #candidates(adapter: string | undefined): readonly Backend[] {
    if (adapter === undefined) return this.#backends
    const named = this.#backends.filter(({ name }) => name === adapter)
    return named.length > 0 ? named : this.#backends.filter(({ adapterType }) => adapterType === adapter)
  }

  /** Among backends that were named, one that never answered is taken at its word: it may well have the model. */
  #among(backends: readonly Backend[], model: string): Route | undefined {
    if (backends.length > 0 && backends.every(({ draining }) => draining)) throw drained(backends[0]!.name)
    const target = serving(backends, model)
    if (target) return single(target)
    const silent = backends.find(({ models, draining }) => models === undefined && !draining)
    return single(silent && { backend: silent, model, weight: 1 })
  }

  #notFound(adapter: string | undefined, model: string): McpdError {
    if (adapter === groupWord)
      return new McpdError('MODEL_NOT_FOUND', `There is no group "${model}".`, {
        param: 'model',
        suggestions: ['Groups stand in mcpd.yaml under groups; GET /mcp/v1/models lists them.'],
      })
    const candidates = this.#candidates(adapter)
    if (adapter !== undefined && candidates.length === 0)
      return this.#adapterTypes.has(adapter)
        ? new McpdError('ADAPTER_NOT_FOUND', `No backend of adapter "${adapter}" is configured.`, {
            suggestions: [`Add one to mcpd.yaml: backends: [{ name: …, adapter: ${adapter} }]`],
          })
        : new McpdError('ADAPTER_NOT_FOUND', `There is no adapter or backend "${adapter}".`, {
            suggestions: ['GET /mcp/v1/adapters lists them.'],
          })
    const silent = candidates.filter((backend) => !backend.health.ok && backend.models === undefined)
    if (silent.length > 0)
      return new McpdError(
        'BACKEND_UNAVAILABLE',
        `No reachable backend serves "${model}"; not reachable: ${silent.map(({ name }) => name).join(', ')}.`,
        { retryAfterSeconds: 5 },
      )
    const known = this.list().map((listed) => listed.model.name)
    return new McpdError('MODEL_NOT_FOUND', `No backend serves a model "${model}".`, {
      param: 'model',
      suggestions: [
        known.length > 0
          ? `Models here: ${known.slice(0, 5).join(', ')}${known.length > 5 ? ', …' : ''}.`
          : 'No backend is configured; see `mcpd serve --help`.',
      ],
    })
  }
}

const serving = (backends: readonly Backend[], model: string): Target | undefined => {
  for (const backend of backends) {
    if (backend.draining) continue
    const found = backend.find(model)
    if (found) return { backend, model: found.name, weight: 1 }
  }
  return undefined
}

const drained = (name: string): McpdError =>
  new McpdError('BACKEND_UNAVAILABLE', `"${name}" is being drained and takes no new requests.`, {
    suggestions: ['`mcpd backend drain --undo` brings it back.'],
  })

const single = (target: Target | undefined): Route | undefined =>
  target && {
    targets: [target],
    strategy: 'p2c',
    stickyBy: '',
    ...(target.backend.config.cache && { cache: target.backend.config.cache }),
  }

const first = ({ targets }: Route): Target =>
  pick(targets, { strategy: 'least-busy', key: undefined, random: () => 0 })
