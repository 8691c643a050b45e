import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Adapter, AdapterHost } from '../core/adapter.ts'
import { type BackendConfig, resolveBackend, type Waits } from '../core/config.ts'
import { isMcpdError, McpdError } from '../core/errors.ts'
import { configError, type LoadedConfig } from '../core/load-config.ts'
import type { Logger } from 'pino'
import { type AdapterCode, adapterModules, findCode, loadAdvice } from './adapter-code.ts'
import { type Backend, createBackend } from './backend.ts'
import type { ModuleHost } from './hosts/module.ts'
import { optionsProblem } from './hosts/module-check.ts'
import { reservedNames } from './http/native-path.ts'
import { createTransport } from './transport.ts'

/** Requests to a backend beside the inferences: health, models, token counts. */
const spareConnections = 4
const connectTimeoutMs = 10_000

/** The backend of `mcpd serve --model PATH`. */
export const modelBackend = (path: string, cwd: string, waits: Waits): BackendConfig =>
  resolveBackend({ name: 'local', adapter: 'embedded', model: resolve(cwd, path) }, waits)

export interface AssembleParts {
  readonly loaded: Pick<LoadedConfig, 'origins' | 'config'>
  /** Backends that run; one whose settings are the same is taken over as it is. */
  readonly running: readonly Backend[]
  /** Loads modules that mcpd did not bring. */
  readonly modules: ModuleHost
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** The backends of these configs; nothing is asked of new ones yet. Throws CONFIG_INVALID with the line at fault. */
export const assembleBackends = async (
  configs: readonly BackendConfig[],
  parts: AssembleParts,
): Promise<readonly Backend[]> => {
  const { loaded, running, modules, log, now } = parts
  const checked = await checkBackends(configs, loaded, modules)
  const made: Backend[] = []
  try {
    for (const { code, config } of checked) {
      const same = running.find(
        (backend) => isDeepStrictEqual(backend.config, config) && backend.code?.revision === code.revision,
      )
      const backend = same ?? createBackend({ config, code, adapter: host(code, config, log), now })
      made.push(backend)
      const advice = same ? undefined : loadAdvice(code)
      if (advice !== undefined) log.warn({ backend: config.name }, advice)
    }
    return made
  } catch (error) {
    // What was started for nothing must not stay.
    await Promise.allSettled(made.filter((one) => !running.includes(one)).map((one) => one.close()))
    throw error
  }
}

/** Each config with the code of its adapter. Throws CONFIG_INVALID with the line at fault. */
export const checkBackends = async (
  configs: readonly BackendConfig[],
  loaded: Pick<LoadedConfig, 'origins' | 'config'>,
  modules: ModuleHost,
): Promise<readonly { readonly config: BackendConfig; readonly code: AdapterCode }[]> => {
  const seen = new Set<string>()
  const checked: { config: BackendConfig; code: AdapterCode }[] = []
  for (const config of configs) {
    const pointer = `/backends/${loaded.config.backends.indexOf(config)}`
    if (seen.has(config.name))
      throw configError(loaded, `${pointer}/name`, `two backends are named "${config.name}".`)
    seen.add(config.name)
    checked.push({ config, code: await checkBackend(config, pointer, loaded, modules) })
  }
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

/** The code of a backend whose settings are in order. */
const checkBackend = async (
  config: BackendConfig,
  pointer: string,
  loaded: Pick<LoadedConfig, 'origins'>,
  modules: ModuleHost,
): Promise<AdapterCode> => {
  const types = adapterModules.map(({ type }) => type)
  if (reservedNames.has(config.name) || (types.includes(config.name) && config.name !== config.adapter))
    throw configError(loaded, `${pointer}/name`, `"${config.name}" is reserved; choose another name.`)
  const code = await findCode(config, modules).catch((error: unknown) => {
    if (!isMcpdError(error)) throw error
    throw configError(loaded, `${pointer}/adapter`, error.message)
  })
  const { options } = code
  const problem = options && optionsProblem({ type: code.type, options }, config.options)
  if (problem)
    throw configError(loaded, pointer + problem.pointer, `backend ${config.name}: ${problem.message}`)
  return code
}

const host = (code: AdapterCode, config: BackendConfig, log: Logger): Adapter => {
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
    return code.create(config.options, adapterHost)
  } catch (error) {
    const why = isMcpdError(error) || code.source !== undefined ? `: ${(error as Error).message}` : '.'
    throw new McpdError('CONFIG_INVALID', `The backend ${config.name} cannot be made${why}`, {}, error)
  }
}
