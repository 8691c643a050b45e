import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../core/config.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import type { Backend } from './backend.ts'
import type { Registry } from './registry.ts'

/** What a reload did, by the names of backends. */
export interface ReloadReport {
  readonly added: readonly string[]
  readonly replaced: readonly string[]
  readonly removed: readonly string[]
  readonly kept: readonly string[]
  /** Settings that changed but only hold after a restart. */
  readonly restartNeeded: readonly string[]
}

export interface ReloadParts {
  /** Reads the config anew. Throws CONFIG_INVALID. */
  readonly load: () => LoadedConfig
  /** The backends it asks for, those that run with the same settings already among them. Throws CONFIG_INVALID. */
  readonly assemble: (loaded: LoadedConfig, running: readonly Backend[]) => Promise<readonly Backend[]>
  readonly registry: Registry
  /** Puts in force what is not of a backend: who may ask, how often is tried again. */
  readonly apply: (config: Config) => void
  readonly log: Logger
}

export interface Reloader {
  /** One at a time: a call during a reload waits for it and then reloads again. */
  reload(): Promise<ReloadReport>
}

/** How long the first questions to new backends may hold up a reload. */
const firstRefreshMaxMs = 10_000

/**
 * Parse, validate, start the new, swap, drain the old. Until the swap nothing has changed, so a bad file leaves
 * everything as it was.
 */
export const createReloader = (parts: ReloadParts, initial: Config): Reloader => {
  let current = initial
  let last: Promise<unknown> = Promise.resolve()

  const run = async (): Promise<ReloadReport> => {
    const { registry, log } = parts
    const loaded = parts.load()
    const before = registry.backends
    const after = await parts.assemble(loaded, before)
    const started = after.filter((backend) => !before.includes(backend))
    await Promise.race([
      Promise.all(started.map((backend) => backend.refresh())),
      new Promise((resolve) => setTimeout(resolve, firstRefreshMaxMs).unref()),
    ])
    registry.swap(after, loaded.config.groups)
    parts.apply(loaded.config)
    const gone = before.filter((backend) => !after.includes(backend))
    for (const backend of gone)
      retire(backend, loaded.config.drainMs).catch((error: unknown) =>
        log.error({ err: error, backend: backend.name }, 'a backend could not be closed'),
      )
    const report = describe(before, after, current, loaded.config)
    current = loaded.config
    log.info(report, 'config reloaded')
    return report
  }

  return {
    reload: () => {
      const next = last.then(run, run)
      last = next.catch(() => undefined)
      return next
    },
  }
}

const retire = async (backend: Backend, drainMs: number): Promise<void> => {
  // Who found it in the same turn of the loop has its slot by the next one.
  await setImmediate()
  await backend.queue.drained(drainMs)
  await backend.close()
}

const describe = (
  before: readonly Backend[],
  after: readonly Backend[],
  oldConfig: Config,
  newConfig: Config,
): ReloadReport => {
  const oldNames = new Set(before.map(({ name }) => name))
  const newNames = new Set(after.map(({ name }) => name))
  const names = (backends: readonly Backend[]): string[] => backends.map(({ name }) => name)
  const started = after.filter((backend) => !before.includes(backend))
  return {
    added: names(started.filter(({ name }) => !oldNames.has(name))),
    replaced: names(started.filter(({ name }) => oldNames.has(name))),
    removed: names(before.filter(({ name }) => !newNames.has(name))),
    kept: names(after.filter((backend) => before.includes(backend))),
    restartNeeded: [
      ...(['host', 'port', 'bodyMaxBytes'] as const)
        .filter((key) => oldConfig.listen[key] !== newConfig.listen[key])
        .map((key) => `listen.${key === 'bodyMaxBytes' ? 'bodyMax' : key}`),
      ...(oldConfig.stateDir === newConfig.stateDir ? [] : ['stateDir']),
      ...(oldConfig.totalMs === newConfig.totalMs ? [] : ['timeouts.total']),
      ...(oldConfig.log.file === newConfig.log.file && oldConfig.log.level === newConfig.log.level
        ? []
        : ['log']),
    ],
  }
}
