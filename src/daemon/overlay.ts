import { type BackendConfig, resolveAdapter, resolveBackend, type Waits } from '../core/config.ts'
import { type BackendEntry } from '../core/config-schema.ts'
import { McpdError } from '../core/errors.ts'

/** What commands have changed about the backends since the start, on top of the config. Gone with the daemon. */
export interface Overlay {
  /** By name: an entry that is added, or stands in place of the config's. */
  readonly put: ReadonlyMap<string, BackendEntry>
  readonly removed: ReadonlySet<string>
}

export const emptyOverlay: Overlay = { put: new Map(), removed: new Set() }

export const withBackend = ({ put, removed }: Overlay, entry: BackendEntry): Overlay => ({
  put: new Map(put).set(entry.name, entry),
  removed: new Set([...removed].filter((name) => name !== entry.name)),
})

export const withoutBackend = ({ put, removed }: Overlay, name: string): Overlay => ({
  put: new Map([...put].filter(([key]) => key !== name)),
  removed: new Set(removed).add(name),
})

/** The config's backends as commands have changed them: in their order, what was added at the end. */
export const applyOverlay = (
  configs: readonly BackendConfig[],
  { put, removed }: Overlay,
  waits: Waits,
): readonly BackendConfig[] => {
  const kept = configs
    .filter(({ name }) => !removed.has(name))
    .map((config) => {
      const entry = put.get(config.name)
      return entry ? resolveBackend(entry, waits) : config
    })
  const names = new Set(configs.map(({ name }) => name))
  const added = [...put.values()].filter(({ name }) => !names.has(name))
  return [...kept, ...added.map((entry) => resolveBackend(entry, waits))]
}

/** An entry with these options in place of its own. Throws BAD_REQUEST when nothing is left to change. */
export const changedEntry = (
  config: BackendConfig,
  options: Readonly<Record<string, unknown>>,
): BackendEntry => {
  if (Object.keys(options).length === 0)
    throw new McpdError('BAD_REQUEST', 'A swap needs at least one option to change, such as the url.')
  const { adapter, ...changed } = options
  const { name, sidecar, waits, breaker } = config
  const isSame = typeof adapter !== 'string' || resolveAdapter(adapter, '.') === config.adapter
  return {
    name,
    adapter: typeof adapter === 'string' ? adapter : config.adapter,
    concurrency: config.concurrencyMax,
    queueMax: config.queueMax,
    timeouts: {
      queue: `${waits.queueMs}ms`,
      firstToken: `${waits.firstTokenMs}ms`,
      idle: `${waits.idleMs}ms`,
    },
    breaker: { failures: breaker.failuresMax, cooldown: `${breaker.cooldownMs}ms` },
    // Another adapter has options of its own.
    ...(isSame && { ...(sidecar && { sidecar: sidecarEntry(sidecar) }), ...config.options }),
    ...changed,
  }
}

const sidecarEntry = ({ memoryMaxBytes, command, ...rest }: NonNullable<BackendConfig['sidecar']>) => ({
  ...rest,
  ...(command && { command: [...command] }),
  ...(memoryMaxBytes !== undefined && { memoryMax: `${memoryMaxBytes}B` }),
})
