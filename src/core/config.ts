import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Static } from 'typebox'
import { type AnswerCacheConfig, resolveAnswerCache } from './cache-config.ts'
import type { BackendEntry, ConfigFile, group, sidecar, Strategy, waits } from './config-schema.ts'
import { type ContextsConfig, resolveContexts } from './context-config.ts'
import { parseDuration, parseSize } from './quantity.ts'
import { type FuzzConfig, resolveFuzz } from './fuzz-config.ts'
import { resolveSpecs, type SpecsConfig } from './spec-config.ts'

/** How long a request waits at one backend. */
export interface Waits {
  readonly queueMs: number
  readonly firstTokenMs: number
  readonly idleMs: number
}

/** A child process that runs the adapter: this command, or else one of mcpd's own around the module. */
export interface SidecarConfig {
  readonly command?: readonly string[]
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly memoryMaxBytes?: number
}

export interface BackendConfig {
  readonly name: string
  /** Adapter type, or the file URL of a module. */
  readonly adapter: string
  readonly sidecar?: SidecarConfig
  readonly concurrencyMax: number
  readonly queueMax: number
  readonly waits: Waits
  readonly breaker: { readonly failuresMax: number; readonly cooldownMs: number }
  /** Of requests that name one of its models; those to a group go by the group's. Absent: off. */
  readonly cache?: AnswerCacheConfig
  /** The adapter's own options, validated by the adapter's schema when the backend is made. */
  readonly options: Readonly<Record<string, unknown>>
}

export interface GroupConfig {
  readonly name: string
  readonly targets: readonly { readonly backend: string; readonly model: string; readonly weight: number }[]
  readonly strategy: Strategy
  readonly stickyBy: string
  /** Absent: off. */
  readonly cache?: AnswerCacheConfig
}

export interface RetryConfig {
  /** Further attempts of one request. */
  readonly attemptsMax: number
  /** Retries per request, over all requests. */
  readonly budgetRatio: number
  readonly backoffMs: number
  readonly retryAfterMaxMs: number
}

/** Effective configuration: every default filled in, every unit resolved. */
export interface Config {
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly apiKey?: string
    readonly hosts: readonly string[]
    readonly origins: readonly string[]
    readonly bodyMaxBytes: number
  }
  readonly backends: readonly BackendConfig[]
  readonly groups: readonly GroupConfig[]
  readonly retries: RetryConfig
  /** Documents to watch, and where their versions are kept. */
  readonly specs: SpecsConfig
  /** What `mcpd fuzz` is told for every run. */
  readonly fuzz: FuzzConfig
  /** Conversations that are kept. */
  readonly contexts: ContextsConfig
  /** For backends that are not in the file, such as that of `--model`. */
  readonly waits: Waits
  /** Limit of a whole request. */
  readonly totalMs: number
  readonly drainMs: number
  readonly log: { readonly level: string; readonly file: string }
  readonly stateDir: string
}

type WaitsFile = Partial<Record<keyof typeof waits, string>>

const resolveWaits = (file: WaitsFile | undefined, fallback: Waits): Waits => ({
  queueMs: file?.queue ? parseDuration(file.queue) : fallback.queueMs,
  firstTokenMs: file?.firstToken ? parseDuration(file.firstToken) : fallback.firstTokenMs,
  idleMs: file?.idle ? parseDuration(file.idle) : fallback.idleMs,
})

const defaultWaits: Waits = { queueMs: 30_000, firstTokenMs: 300_000, idleMs: 120_000 }

/** `stateDir` is the default for a file that names none; `folder` is where relative paths start. */
export const resolveConfig = (file: ConfigFile, stateDir: string, folder = '.'): Config => {
  const waits = resolveWaits(file.timeouts, defaultWaits)
  const directory = file.stateDir ?? stateDir
  return {
    listen: {
      host: file.listen?.host ?? '127.0.0.1',
      port: file.listen?.port ?? 6273,
      ...(file.listen?.apiKey !== undefined && { apiKey: file.listen.apiKey }),
      hosts: file.listen?.hosts ?? [],
      origins: file.listen?.origins ?? [],
      bodyMaxBytes: parseSize(file.listen?.bodyMax ?? '32MB'),
    },
    backends: (file.backends ?? []).map((entry) => resolveBackend(entry, waits, folder)),
    specs: resolveSpecs(file.specs, directory, folder),
    fuzz: resolveFuzz(file.fuzz, folder),
    contexts: resolveContexts(file.contexts, directory, folder),
    groups: (file.groups ?? []).map(resolveGroup),
    retries: {
      attemptsMax: file.retries?.max ?? 2,
      budgetRatio: file.retries?.budget ?? 0.2,
      backoffMs: parseDuration(file.retries?.backoff ?? '100ms'),
      retryAfterMaxMs: parseDuration(file.retries?.retryAfterMax ?? '2s'),
    },
    waits,
    totalMs: parseDuration(file.timeouts?.total ?? '30m'),
    drainMs: parseDuration(file.shutdown?.drain ?? '30s'),
    log: { level: file.log?.level ?? 'info', file: file.log?.file ?? `${directory}/log.jsonl` },
    stateDir: directory,
  }
}

/** What a program is called that does not say which adapter it is. */
export const sidecarWord = 'sidecar'

/** What the schema cannot say, by JSON pointer of the config; undefined when all is well. */
export const backendProblem = (
  entries: readonly BackendEntry[] = [],
): { readonly pointer: string; readonly message: string } | undefined => {
  const index = entries.findIndex(({ adapter, sidecar: child }) => adapter === undefined && !child?.command)
  const entry = entries[index]
  return (
    entry && {
      pointer: `/backends/${index}`,
      message: `the backend ${entry.name} needs an adapter, or a sidecar with a command.`,
    }
  )
}

/** An adapter's type as it is; the path of a module, relative to `folder`, as its file URL. */
export const resolveAdapter = (adapter: string, folder: string): string =>
  /^\.{1,2}[/\\]/.test(adapter) || isAbsolute(adapter)
    ? pathToFileURL(resolve(folder, adapter)).href
    : adapter

/** `waits` are the file's own defaults for every backend; `folder` is where relative paths start. */
export const resolveBackend = (entry: BackendEntry, waits: Waits, folder = '.'): BackendConfig => {
  const {
    name,
    adapter = sidecarWord,
    sidecar: child,
    concurrency,
    queueMax,
    timeouts,
    breaker,
    cache,
    ...options
  } = entry
  return {
    name,
    adapter: resolveAdapter(adapter, folder),
    ...(child && { sidecar: resolveSidecar(child, folder) }),
    concurrencyMax: concurrency ?? 64,
    queueMax: queueMax ?? 512,
    waits: resolveWaits(timeouts, waits),
    breaker: {
      failuresMax: breaker?.failures ?? 5,
      cooldownMs: parseDuration(breaker?.cooldown ?? '10s'),
    },
    ...resolveAnswerCache(cache),
    options,
  }
}

const resolveSidecar = (
  { command, cwd = '.', env = {}, memoryMax }: Static<typeof sidecar>,
  folder: string,
): SidecarConfig => ({
  ...(command && { command }),
  cwd: resolve(folder, cwd),
  env,
  ...(memoryMax !== undefined && { memoryMaxBytes: parseSize(memoryMax) }),
})

const resolveGroup = ({ name, targets, strategy, stickyBy, cache }: Static<typeof group>): GroupConfig => ({
  name,
  targets: targets.map((entry) => {
    const { target, weight = 1 } = typeof entry === 'string' ? { target: entry } : entry
    const slash = target.indexOf('/')
    return { backend: target.slice(0, slash), model: target.slice(slash + 1), weight }
  }),
  strategy: strategy ?? 'p2c',
  stickyBy: stickyBy ?? 'prompt_cache_key',
  ...resolveAnswerCache(cache),
})
