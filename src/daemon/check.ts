import type { TSchema } from 'typebox'
import { loadConfig } from '../core/load-config.ts'
import { adapterModules } from './adapter-code.ts'
import { checkBackends, modelBackend } from './assemble.ts'
import { type DaemonFlags, type DaemonPlace, flagLayer } from './daemon.ts'
import { createModuleHost } from './hosts/module.ts'
import { refuseOpenDoor } from './listen.ts'

/** What a start with these flags would work with. */
export interface CheckedConfig {
  /** The file that was read, if any. */
  readonly path?: string
  readonly backends: readonly { readonly name: string; readonly adapter: string }[]
}

/** Looks at the config as a start would, adapter options included, and starts nothing. Throws CONFIG_INVALID. */
export const checkConfig = async (
  flags: DaemonFlags,
  { env, cwd }: Omit<DaemonPlace, 'terminal'>,
): Promise<CheckedConfig> => {
  const path = flags.config === undefined ? {} : { path: flags.config }
  const loaded = loadConfig({ flags: flagLayer(flags), ...path, env, cwd })
  refuseOpenDoor(loaded.config, flags.insecure === true)
  const own = flags.model === undefined ? [] : [modelBackend(flags.model, cwd, loaded.config.waits)]
  const backends = await checkBackends([...own, ...loaded.config.backends], loaded, createModuleHost())
  return {
    ...(loaded.path !== undefined && { path: loaded.path }),
    backends: backends.map(({ config: { name }, code: { type } }) => ({ name, adapter: type })),
  }
}

/** An adapter and the settings it takes beside those of every backend. */
export interface DescribedAdapter {
  readonly type: string
  readonly description: string
  readonly options: TSchema
}

export const describeAdapters = (): readonly DescribedAdapter[] =>
  adapterModules.map(({ type, description, options }) => ({ type, description, options }))
