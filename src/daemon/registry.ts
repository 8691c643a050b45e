import type { Model } from '../core/adapter.ts'
import { McpdError } from '../core/errors.ts'
import type { Backend } from './backend.ts'

/** A backend and its own name for the wanted model. */
export interface Target {
  readonly backend: Backend
  readonly model: string
}

export interface ListedModel {
  readonly backend: Backend
  readonly model: Model
  /** The backend that answers to the bare name instead. */
  readonly shadowedBy?: string
}

/** Names → targets. `backends` stay in the order of the config: the first that serves a bare name gets it. */
export class Registry {
  #backends: readonly Backend[]
  readonly #adapterTypes: ReadonlySet<string>

  constructor(backends: readonly Backend[], adapterTypes: Iterable<string>) {
    this.#backends = backends
    this.#adapterTypes = new Set(adapterTypes)
  }

  get backends(): readonly Backend[] {
    return this.#backends
  }

  /** From the next request on these serve; who was found before keeps running until he is closed. */
  swap(backends: readonly Backend[]): void {
    this.#backends = backends
  }

  /**
   * Finds who serves `model`. `adapter` (native surface) is an adapter's type or a backend's name; without it
   * the model id itself may begin with one (`backend/model`, `adapter/model`), else it is a bare name.
   * Throws ADAPTER_NOT_FOUND, MODEL_NOT_FOUND, or BACKEND_UNAVAILABLE when a backend that might have it is silent.
   */
  async resolve(adapter: string | undefined, model: string): Promise<Target> {
    const found = this.lookup(adapter, model)
    if (found) return found
    // A list may be older than the model: ask once more before saying no.
    await Promise.all(this.#candidates(adapter).map((backend) => backend.refresh()))
    const target = this.lookup(adapter, model)
    if (target) return target
    throw this.#notFound(adapter, model)
  }

  /** What `resolve` finds without asking any backend. */
  lookup(adapter: string | undefined, model: string): Target | undefined {
    if (adapter !== undefined) return this.#among(this.#candidates(adapter), model)
    const slash = model.indexOf('/')
    if (slash > 0) {
      const prefix = model.slice(0, slash)
      if (this.#isPrefix(prefix)) {
        const target = this.#among(this.#candidates(prefix), model.slice(slash + 1))
        if (target) return target
      }
    }
    return serving(this.#backends, model)
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

  #isPrefix(name: string): boolean {
    return this.#adapterTypes.has(name) || this.#backends.some((backend) => backend.name === name)
  }

  #candidates(adapter: string | undefined): readonly Backend[] {
    if (adapter === undefined) return this.#backends
    const named = this.#backends.filter(({ name }) => name === adapter)
    return named.length > 0 ? named : this.#backends.filter(({ adapterType }) => adapterType === adapter)
  }

  /** Among backends that were named, one that never answered is taken at its word: it may well have the model. */
  #among(backends: readonly Backend[], model: string): Target | undefined {
    const target = serving(backends, model)
    if (target) return target
    const silent = backends.find(({ models }) => models === undefined)
    return silent && { backend: silent, model }
  }

  #notFound(adapter: string | undefined, model: string): McpdError {
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
    const found = backend.find(model)
    if (found) return { backend, model: found.name }
  }
  return undefined
}
