import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Compile } from 'typebox/compile'
import type { Adapter, AdapterHost, AdapterModule } from '../core/adapter.ts'
import { type BackendConfig, resolveBackend, type Waits } from '../core/config.ts'
import { McpdError } from '../core/errors.ts'
import { configError, type LoadedConfig } from '../core/load-config.ts'
import type { Logger } from 'pino'
import { type Backend, createBackend } from './backend.ts'
import { reservedNames } from './http/native-path.ts'
import { hostInSidecar } from './hosts/sidecar.ts'
import { createTransport } from './transport.ts'
import embedded from './adapters/embedded/index.ts'
import ollama from './adapters/ollama.ts'
import openai from './adapters/openai.ts'

/** The adapters that mcpd brings, by type. */
export const adapterModules: readonly AdapterModule[] = [openai, ollama, embedded]

/** Requests to a backend beside the inferences: health, models, token counts. */
const spareConnections = 4
const connectTimeoutMs = 10_000

/** The backend of `mcpd serve --model PATH`. */
export const modelBackend = (path: string, cwd: string, waits: Waits): BackendConfig =>
  resolveBackend({ name: 'local', adapter: 'embedded', ...{ model: resolve(cwd, path) } }, waits)

export interface AssembleParts {
  readonly loaded: Pick<LoadedConfig, 'origins' | 'config'>
  /** Backends that run; one whose settings are the same is taken over as it is. */
  readonly running: readonly Backend[]
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** The backends of these configs; nothing is asked of new ones yet. Throws CONFIG_INVALID with the line at fault. */
export const assembleBackends = (
  configs: readonly BackendConfig[],
  parts: AssembleParts,
): readonly Backend[] => {
  const { loaded, running, log, now } = parts
  return checkBackends(configs, loaded).map(
    ({ module, config }) =>
      running.find((backend) => isDeepStrictEqual(backend.config, config)) ??
      createBackend({ config, adapter: host(module, config, log), now }),
  )
}

/** Each config with the module of its adapter. Throws CONFIG_INVALID with the line at fault. */
export const checkBackends = (
  configs: readonly BackendConfig[],
  loaded: Pick<LoadedConfig, 'origins' | 'config'>,
): readonly { readonly config: BackendConfig; readonly module: AdapterModule }[] => {
  const seen = new Set<string>()
  const checked = configs.map((config) => {
    const pointer = `/backends/${loaded.config.backends.indexOf(config)}`
    if (seen.has(config.name))
      throw configError(loaded, `${pointer}/name`, `two backends are named "${config.name}".`)
    seen.add(config.name)
    return { config, module: checkBackend(config, pointer, loaded) }
  })
  checkGroups(configs, loaded)
  return checked
}

/** Groups name backends that there are, and no name that means something else. Throws CONFIG_INVALID. */
const checkGroups = (
  configs: readonly BackendConfig[],
  loaded: Pick<LoadedConfig, 'origins' | 'config'>,
): void => {
  const backends = new Set(configs.map(({ name }) => name))
  const seen = new Set<string>()
  for (const [index, group] of loaded.config.groups.entries()) {
    const pointer = `/groups/${index}`
    if (seen.has(group.name))
      throw configError(loaded, `${pointer}/name`, `two groups are named "${group.name}".`)
    seen.add(group.name)
    for (const [at, { backend }] of group.targets.entries())
      if (!backends.has(backend))
        throw configError(
          loaded,
          `${pointer}/targets/${at}`,
          `group ${group.name} names the backend "${backend}", which there is not.`,
        )
  }
}

/** The module of a backend whose settings are in order. */
const checkBackend = (
  config: BackendConfig,
  pointer: string,
  loaded: Pick<LoadedConfig, 'origins'>,
): AdapterModule => {
  const types = adapterModules.map(({ type }) => type)
  if (reservedNames.has(config.name) || (types.includes(config.name) && config.name !== config.adapter))
    throw configError(loaded, `${pointer}/name`, `"${config.name}" is reserved; choose another name.`)
  const module = adapterModules.find(({ type }) => type === config.adapter)
  if (!module)
    throw configError(
      loaded,
      `${pointer}/adapter`,
      `there is no adapter "${config.adapter}"; there are ${types.join(', ')}.`,
    )
  checkOptions(module, config, pointer, loaded)
  return module
}

const checkOptions = (
  module: AdapterModule,
  config: BackendConfig,
  pointer: string,
  loaded: Pick<LoadedConfig, 'origins'>,
): void => {
  const check = Compile(module.options)
  if (check.Check(config.options)) return
  const [first] = check.Errors(config.options)
  const at = first?.instancePath ?? ''
  const what = first?.keyword === 'boolean' ? 'is not a setting of this adapter' : first?.message
  throw configError(loaded, pointer + at, `backend ${config.name}: ${at.slice(1) || config.adapter} ${what}.`)
}

const host = (module: AdapterModule, config: BackendConfig, log: Logger): Adapter => {
  const child = log.child({ backend: config.name })
  const adapterHost: AdapterHost = {
    name: config.name,
    connect: (baseUrl) =>
      createTransport(baseUrl, {
        connectionsMax: config.concurrencyMax + spareConnections,
        connectTimeoutMs,
      }),
    log: (level, message, fields = {}) => child[level](fields, message),
  }
  try {
    return module.host === 'sidecar'
      ? hostInSidecar(module, config.options, adapterHost)
      : module.create(config.options, adapterHost)
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `The backend ${config.name} cannot be made.`, {}, error)
  }
}
