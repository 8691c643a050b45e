import { resolve } from 'node:path'
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
import openai from './adapters/openai.ts'

/** The adapters that mcpd brings, by type. */
export const adapterModules: readonly AdapterModule[] = [openai, embedded]

/** Requests to a backend beside the inferences: health, models, token counts. */
const spareConnections = 4
const connectTimeoutMs = 10_000

/** The backend of `mcpd serve --model PATH`. */
export const modelBackend = (path: string, cwd: string, waits: Waits): BackendConfig =>
  resolveBackend({ name: 'local', adapter: 'embedded', ...{ model: resolve(cwd, path) } }, waits)

/** Makes the backends of a config; nothing is asked of them yet. Throws CONFIG_INVALID with the line at fault. */
export const assembleBackends = (
  configs: readonly BackendConfig[],
  loaded: Pick<LoadedConfig, 'origins'>,
  log: Logger,
  now: () => number,
): readonly Backend[] => {
  const seen = new Set<string>()
  const types = new Set(adapterModules.map(({ type }) => type))
  const checked = configs.map((config, index) => {
    const pointer = `/backends/${index}`
    if (seen.has(config.name))
      throw configError(loaded, `${pointer}/name`, `two backends are named "${config.name}".`)
    seen.add(config.name)
    if (reservedNames.has(config.name) || (types.has(config.name) && config.name !== config.adapter))
      throw configError(loaded, `${pointer}/name`, `"${config.name}" is reserved; choose another name.`)
    const module = adapterModules.find(({ type }) => type === config.adapter)
    if (!module)
      throw configError(
        loaded,
        `${pointer}/adapter`,
        `there is no adapter "${config.adapter}"; there are ${[...types].join(', ')}.`,
      )
    checkOptions(module, config, pointer, loaded)
    return { module, config }
  })
  return checked.map(({ module, config }) =>
    createBackend({ config, adapter: host(module, config, log), now }),
  )
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
