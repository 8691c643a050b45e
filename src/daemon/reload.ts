import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Config } from '../core/config.ts'
import { McpdError } from '../core/errors.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import { loadAdvice } from './adapter-code.ts'
import type { Backend } from './backend.ts'
import { emptyOverlay, type Overlay } from './overlay.ts'
import type { Registry } from './registry.ts'

/** What a reload did, by the names of backends. */
export interface ReloadReport {
  readonly added: readonly string[]
  readonly replaced: readonly string[]
  readonly removed: readonly string[]
  readonly kept: readonly string[]
  /** Settings that changed but only hold after a restart. */
  readonly restartNeeded: readonly string[]
  /** What is worth knowing besides, in sentences. */
  readonly advice: readonly string[]
  /** How long it took from when the new was ready until it took over. */
  readonly switchMs: number
}

export interface ReloadParts {
  /** Reads the config anew. Throws CONFIG_INVALID. */
  readonly load: () => LoadedConfig
  /** The backends it asks for, those that run with the same settings already among them. Throws CONFIG_INVALID. */
  readonly assemble: (
    loaded: LoadedConfig,
    overlay: Overlay,
    running: readonly Backend[],
  ) => Promise<readonly Backend[]>
  readonly registry: Registry
  /** Puts in force what is not of a backend: who may ask, how often is tried again. */
  readonly apply: (config: Config) => void
  readonly log: Logger
}

export interface Reloader {
  /** One at a time: a call during a reload waits for it and then reloads again. */
  reload(): Promise<ReloadReport>
  /**
   * Reloads with the overlay that `change` makes of the present one. Throws BACKEND_UNAVAILABLE when the backend
   * `mustServe` does not answer its health check; like every failure, that leaves all as it was.
   */
  change(change: (overlay: Overlay) => Overlay, mustServe?: string): Promise<ReloadReport>
}

/** How long the first questions to new backends may hold up a reload. */
const firstRefreshMaxMs = 10_000

/**
 * Parse, validate, start the new, swap, drain the old. Until the swap nothing has changed, so a bad file leaves
 * everything as it was.
 */
export const createReloader = (parts: ReloadParts, initial: Config): Reloader => {
  let current = initial
  let overlay = emptyOverlay
  let last: Promise<unknown> = Promise.resolve()

  const run = async (change: (overlay: Overlay) => Overlay, mustServe?: string): Promise<ReloadReport> => {
    const { registry, log } = parts
    const loaded = parts.load()
    const changed = change(overlay)
    const before = registry.backends
    const after = await parts.assemble(loaded, changed, before)
    const started = after.filter((backend) => !before.includes(backend))
    await Promise.race([
      Promise.all(started.map((backend) => backend.refresh())),
      new Promise((resolve) => setTimeout(resolve, firstRefreshMaxMs).unref()),
    ])
    const needed = started.find(
      (backend) => !backend.health.ok && (backend.name === mustServe || hasOnlyNewCode(backend, before)),
    )
    if (needed) {
      await Promise.all(started.map((backend) => backend.close()))
      throw new McpdError(
        'BACKEND_UNAVAILABLE',
        `${needed.name} does not serve, so nothing was changed: ${needed.health.detail ?? 'it does not answer'}`,
        { backend: needed.name },
      )
    }
    const switchedMs = performance.now()
    registry.swap(after, loaded.config.groups)
    overlay = changed
    parts.apply(loaded.config)
    const gone = before.filter((backend) => !after.includes(backend))
    for (const backend of gone)
      retire(backend, loaded.config.drainMs).catch((error: unknown) =>
        log.error({ err: error, backend: backend.name }, 'a backend could not be closed'),
      )
    const switchMs = performance.now() - switchedMs
    const report = { ...describe(before, after, current, loaded.config), switchMs }
    current = loaded.config
    log.info(report, 'config reloaded')
    return report
  }

  const change: Reloader['change'] = (make, mustServe) => {
    const next = last.then(() => run(make, mustServe))
    last = next.catch(() => undefined)
    return next
  }

  return { change, reload: () => change((same) => same) }
}

/** Its settings are the same and its code is another: what runs well is not given up for what does not. */
const hasOnlyNewCode = (backend: Backend, before: readonly Backend[]): boolean => {
  const old = before.find(({ name }) => name === backend.name)
  return old !== undefined && old.health.ok && isDeepStrictEqual(old.config, backend.config)
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
): Omit<ReloadReport, 'switchMs'> => {
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
      // By default it is in the state directory and moves with that.
      ...(oldConfig.stateDir === newConfig.stateDir && oldConfig.specs.store !== newConfig.specs.store
        ? ['specs.store']
        : []),
      ...(oldConfig.totalMs === newConfig.totalMs ? [] : ['timeouts.total']),
      ...(oldConfig.log.file === newConfig.log.file && oldConfig.log.level === newConfig.log.level
        ? []
        : ['log']),
    ],
    advice: [...new Set(started.flatMap(({ code }) => (code && loadAdvice(code)) ?? []))],
  }
}
