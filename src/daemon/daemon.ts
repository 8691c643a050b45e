import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../core/config.ts'
import type { Invoke } from '../core/inference.ts'
import type { ConfigFile } from '../core/config-schema.ts'
import { loadConfig, type LoadedConfig } from '../core/load-config.ts'
import { createMetrics } from '../core/metrics.ts'
import { createActivity } from './activity.ts'
import { adapterModules } from './adapter-code.ts'
import { createAdapterMetrics } from './adapter-metrics.ts'
import { assembleBackends } from './assemble.ts'
import { banner } from './banner.ts'
import { openCaches } from './contexts/cache/caches.ts'
import { startContexts } from './contexts/start.ts'
import { daemonGauges } from './gauges.ts'
import { measureGuard } from './guards/measure.ts'
import { createAccess } from './http/access.ts'
import { createServer } from './http/server.ts'
import { createModuleHost } from './hosts/module.ts'
import { closeServer, listen, listenAsOllama, openAdminSocket, refuseOpenDoor } from './listen.ts'
import { openLog } from './log.ts'
import { createPipeline } from './pipeline.ts'
import { applyOverlay } from './overlay.ts'
import { type BackendPlan, planBackends } from './plan-backends.ts'
import { Registry } from './registry.ts'
import { createReloader, type Reloader } from './reload.ts'
import { createRetryBudget } from './retry-budget.ts'
import { startSpecs } from './specs.ts'
import { openStateDir } from './state-dir.ts'
import { errorDialects, surfacesOf } from './surfaces.ts'
import { version } from './version.ts'
import { watchConfig } from './watch-config.ts'

/** Command-line flags of the daemon process. */
export interface DaemonFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly model?: string
  readonly stateDir?: string
  readonly logLevel?: string
  readonly insecure?: boolean
  readonly json?: boolean
  readonly detached?: boolean
  /** Listen where Ollama does, too. */
  readonly asOllama?: boolean
  /** False: do not look for runtimes on this machine. */
  readonly discover?: boolean
}

export interface DaemonPlace {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Whether a person watches stderr. */
  readonly terminal: boolean
}

export interface Daemon {
  readonly url: string
  readonly app: FastifyInstance
  readonly registry: Registry
  readonly reloader: Reloader
  /** What a person is told at the start. */
  readonly banner: string
  /** Resolves when the daemon has been told to stop over its API. */
  readonly stopped: Promise<void>
  /** Drains and closes everything; may be called more than once. */
  close(): Promise<void>
}

/** How long a start waits for backends to say what they serve; slower ones are served as soon as they answer. */
const firstRefreshMaxMs = 10_000
const refreshEveryMs = 30_000

/** Boots a daemon: config → state directory → log → backends → pipeline → server. Closed in reverse. */
export const startDaemon = async (flags: DaemonFlags, place: DaemonPlace): Promise<Daemon> => {
  await using stack = new AsyncDisposableStack()
  const now = (): number => performance.now()
  const load = loader(flags, place)
  const loaded = load()
  const { config } = loaded
  refuseOpenDoor(config, flags.insecure === true)

  const stateDir = stack.adopt(openStateDir(config.stateDir), (dir) => dir.close())
  const log = stack.adopt(await openLog({ ...config.log, terminal: place.terminal }), (open) => open.close())

  const plan = planner(flags, place, stateDir.path)
  const first = await plan(loaded)
  const modules = createModuleHost()
  const registry = new Registry(
    await assembleBackends(first.configs, { loaded, running: [], modules, log, now }),
    adapterModules.map(({ type }) => type),
    config.groups,
  )
  stack.defer(async () => {
    await Promise.all(registry.backends.map((backend) => backend.close()))
  })
  const { metrics, activity, adapterMetrics } = meters(config, registry, now)
  const specs = stack.adopt(startSpecs(config, { log }), (watching) => watching.close())
  const caches = stack.adopt(openCaches(config.contexts, { log, now }), (open) => open.close())
  const contexts = stack.adopt(
    startContexts(config.contexts, { registry, caches, metrics, log, now, invoke: (one) => invoke(one) }),
    (kept) => kept.close(),
  )

  const local = new WeakSet<Socket>()
  const accessOf = ({ listen: rules }: Config) =>
    createAccess({ ...rules, adminToken: stateDir.adminToken, local })
  let access = accessOf(config)
  const reloader = createReloader(
    {
      load,
      assemble: async (again, overlay, running) => {
        const { configs } = await plan(again)
        return assembleBackends(applyOverlay(configs, overlay, again.config.waits), {
          loaded: again,
          running,
          modules,
          log,
          now,
        })
      },
      registry,
      apply: (again) => {
        access = accessOf(again)
        retries = again.retries
        specs.apply(again)
      },
      log,
    },
    config,
  )

  let url = ''
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  let { retries } = config
  const measure = measureGuard(metrics, now)
  const invoke: Invoke = createPipeline({
    registry,
    measure,
    recall: contexts.guard,
    answers: caches.answers,
    now,
    budget: createRetryBudget(() => retries.budgetRatio),
    retries: () => retries,
    random: Math.random,
  })
  const app = await createServer({
    bodyMaxBytes: config.listen.bodyMaxBytes,
    log,
    now,
    access: (request, reply) => access(request, reply),
    dialects: errorDialects,
    surfaces: surfacesOf({
      answering: { invoke, activity, now, log, registry },
      measure,
      metrics,
      adapterMetrics,
      reloader,
      specs,
      contexts: contexts.surface,
      stateDir: stateDir.path,
      drainMs: config.drainMs,
      local,
      ...(loaded.path !== undefined && { configPath: loaded.path }),
      url: () => url,
      stop,
    }),
  })
  stack.defer(() => closeServer(app))
  url = await listen(app, config)
  await openAdminSocket(stack, app, stateDir.socket, local)
  const notes = [...first.notes, ...(flags.asOllama ? [await listenAsOllama(stack, app, config)] : [])]
  stack.defer(() => activity.drain(config.drainMs))

  await keepFresh(stack, registry)
  // Who asked for one model by name wants to hear at once that it cannot be had.
  if (flags.model !== undefined) await Promise.race([registry.backends[0]?.adapter.ready, Promise.resolve()])
  reloadOnChange(stack, loaded.path, reloader, log)
  stateDir.publish({ url, version, log: config.log.file })
  log.info({ url, version, backends: registry.backends.map(({ name }) => name) }, 'ready')

  return {
    url,
    app,
    registry,
    reloader,
    banner: banner(registry, { url, notes, asksForKey: config.listen.apiKey !== undefined }),
    stopped,
    close: closeOnce(stack.move()),
  }
}

/** What is counted, and the requests that run. */
const meters = (config: Config, registry: Registry, now: () => number) => {
  const metrics = createMetrics()
  const activity = createActivity(config.totalMs)
  const adapterMetrics = createAdapterMetrics(registry, now)
  daemonGauges(metrics, registry, activity, adapterMetrics)
  return { metrics, activity, adapterMetrics }
}

const closeOnce = (owned: AsyncDisposableStack): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  return () => (closing ??= owned.disposeAsync())
}

const loader =
  (flags: DaemonFlags, { env, cwd }: DaemonPlace) =>
  (): LoadedConfig =>
    loadConfig({
      flags: flagLayer(flags),
      ...(flags.config !== undefined && { path: flags.config }),
      env,
      cwd,
    })

const planner =
  (flags: DaemonFlags, { cwd }: DaemonPlace, stateDir: string) =>
  (loaded: LoadedConfig): Promise<BackendPlan> =>
    planBackends(loaded, {
      ...(flags.model !== undefined && { model: flags.model }),
      cwd,
      stateDir,
      discover: flags.discover !== false,
    })

/** What the flags say, in the shape of the config file. */
export const flagLayer = (flags: DaemonFlags): ConfigFile => ({
  listen: {
    ...(flags.host !== undefined && { host: flags.host }),
    ...(flags.port !== undefined && { port: flags.port }),
  },
  ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }),
  ...(flags.logLevel !== undefined && {
    // The schema says which levels there are; it checks this layer with the others.
    log: { level: flags.logLevel as NonNullable<NonNullable<ConfigFile['log']>['level']> },
  }),
})

const reloadOnChange = (
  stack: AsyncDisposableStack,
  path: string | undefined,
  reloader: Reloader,
  log: Logger,
): void => {
  if (path === undefined) return
  const watcher = watchConfig(path, () => {
    reloader.reload().catch((error: unknown) => log.error({ err: error }, 'the config was not reloaded'))
  })
  stack.defer(() => watcher.close())
}

/** Asks the backends what they serve: now, waiting a while, and then again and again. */
const keepFresh = async (stack: AsyncDisposableStack, registry: Registry): Promise<void> => {
  const refresh = () => Promise.all(registry.backends.map((backend) => backend.refresh()))
  const limit = Promise.withResolvers<void>()
  const limitTimer = setTimeout(limit.resolve, firstRefreshMaxMs)
  await Promise.race([limit.promise, refresh()])
  clearTimeout(limitTimer)
  const timer = setInterval(() => void refresh(), refreshEveryMs)
  timer.unref()
  stack.defer(() => clearInterval(timer))
}
