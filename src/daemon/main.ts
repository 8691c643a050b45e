import { existsSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config, ConfigFile } from '../core/config.ts'
import { errorTable, McpdError, toMcpdError } from '../core/errors.ts'
import { loadConfig } from '../core/load-config.ts'
import { createMetrics } from '../core/metrics.ts'
import { createActivity } from './activity.ts'
import { writeDemoModel } from './adapters/embedded/demo-model.ts'
import { adapterModules, assembleBackends, modelBackend } from './assemble.ts'
import { banner } from './banner.ts'
import { daemonGauges } from './gauges.ts'
import { createAccess, isLoopback } from './http/access.ts'
import { adminSurface } from './http/admin.ts'
import { nativeSurface } from './http/native.ts'
import { observeSurface } from './http/observe.ts'
import { openaiSurface } from './http/openai.ts'
import { createServer } from './http/server.ts'
import { openLog } from './log.ts'
import { createPipeline } from './pipeline.ts'
import { Registry } from './registry.ts'
import { openStateDir, type StateDir } from './state-dir.ts'
import { version } from './version.ts'

export interface DaemonFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly model?: string
  readonly stateDir?: string
  readonly insecure?: boolean
  readonly json?: boolean
  readonly logLevel?: string
}

export interface Daemon {
  readonly url: string
  readonly app: FastifyInstance
  readonly registry: Registry
  /** What a person is told at the start. */
  readonly banner: string
  /** Resolves when the daemon has been told to stop, by whatever way. */
  readonly stopped: Promise<void>
  /** Drains and closes everything; may be called more than once. */
  close(): Promise<void>
}

/** How long a start waits for backends to say what they serve; slower ones are served as soon as they answer. */
const firstRefreshMaxMs = 10_000
const refreshEveryMs = 30_000

/** Boots a daemon: config → state directory → log → backends → pipeline → server. Closed in reverse. */
export const startDaemon = async (
  flags: DaemonFlags,
  { env = process.env, cwd = process.cwd(), terminal = false } = {},
): Promise<Daemon> => {
  await using stack = new AsyncDisposableStack()
  const now = (): number => performance.now()
  const loaded = loadConfig({
    flags: flagLayer(flags),
    ...(flags.config !== undefined && { path: flags.config }),
    env,
    cwd,
  })
  const { config } = loaded
  refuseOpenDoor(config, flags.insecure === true)

  const stateDir = stack.adopt(openStateDir(config.stateDir), (dir) => dir.close())
  const log = stack.adopt(openLog({ ...config.log, terminal }), (open) => open.close())
  const configs = await backendConfigs(config, flags, stateDir, cwd)
  const backends = assembleBackends(configs, loaded, log, now)
  for (const backend of backends) stack.defer(() => backend.close())

  const registry = new Registry(
    backends,
    adapterModules.map(({ type }) => type),
  )
  const metrics = createMetrics()
  const activity = createActivity(config.totalMs)
  daemonGauges(metrics, registry, activity)
  const invoke = createPipeline({ registry, metrics, now })

  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const local = new WeakSet<Socket>()
  let url = ''
  const parts = { invoke, activity, now, log, registry }
  const app = await createServer({
    bodyMaxBytes: config.listen.bodyMaxBytes,
    log,
    now,
    access: createAccess({ ...config.listen, adminToken: stateDir.adminToken, local }),
    surfaces: [
      nativeSurface({ ...parts, modules: adapterModules }),
      openaiSurface(parts),
      observeSurface({ registry, metrics, activity }),
      adminSurface({
        registry,
        activity,
        startedAt: new Date(),
        stateDir: stateDir.path,
        ...(loaded.path !== undefined && { configPath: loaded.path }),
        url: () => url,
        stop,
      }),
    ],
  })
  stack.defer(() => app.close())
  url = await listen(app, config)
  await openAdminSocket(stack, app, stateDir.socket, local)
  stack.defer(() => activity.drain(config.drainMs))

  await firstRefresh(registry)
  const timer = setInterval(() => {
    for (const backend of registry.backends) void backend.refresh()
  }, refreshEveryMs)
  timer.unref()
  stack.defer(() => clearInterval(timer))
  stateDir.publish({ url, version, log: config.log.file })
  log.info({ url, version, backends: backends.map(({ name }) => name) }, 'ready')

  const owned = stack.move()
  let closing: Promise<void> | undefined
  return {
    url,
    app,
    registry,
    banner: banner(registry, url, config.listen.apiKey !== undefined),
    stopped,
    close: () => (closing ??= owned.disposeAsync()),
  }
}

const flagLayer = (flags: DaemonFlags): ConfigFile => ({
  listen: {
    ...(flags.host !== undefined && { host: flags.host }),
    ...(flags.port !== undefined && { port: flags.port }),
  },
  ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }),
  ...(flags.logLevel !== undefined && {
    log: { level: flags.logLevel as NonNullable<NonNullable<ConfigFile['log']>['level']> },
  }),
})

const refuseOpenDoor = ({ listen: { host, apiKey } }: Config, insecure: boolean): void => {
  if (isLoopback(host) || apiKey !== undefined || insecure) return
  throw new McpdError('CONFIG_INVALID', `Listening on ${host} without a key would let anybody in.`, {
    suggestions: [
      'Set listen.apiKey in mcpd.yaml (apiKey: "${env:NAME}") or MCPD_API_KEY.',
      'Or pass --insecure, if the network in front of it is really closed.',
    ],
  })
}

/** `--model` comes first; with neither it nor a config, the demo model makes the first minute work. */
const backendConfigs = async (config: Config, flags: DaemonFlags, stateDir: StateDir, cwd: string) => {
  const own = flags.model === undefined ? [] : [modelBackend(flags.model, cwd, config.waits)]
  if (own.length + config.backends.length > 0) return [...own, ...config.backends]
  const path = join(stateDir.path, 'mcpd-demo.gguf')
  if (!existsSync(path)) await writeDemoModel(path)
  return [{ ...modelBackend(path, cwd, config.waits), name: 'demo' }]
}

const listen = async (app: FastifyInstance, { listen: { host, port } }: Config): Promise<string> => {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? `port ${port} is in use`
        : code === 'EACCES'
          ? `port ${port} needs rights that this user has not`
          : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
            ? `${host} is no address of this machine`
            : (error as Error).message
    throw new McpdError(
      'CONFIG_INVALID',
      `Cannot listen on ${host}:${port}: ${why}.`,
      { suggestions: ['Choose another by --port; 0 picks a free one.'] },
      error,
    )
  }
  const address = app.server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
}

/** The same routes on a socket that only the daemon's own user can open. */
const openAdminSocket = async (
  stack: AsyncDisposableStack,
  app: FastifyInstance,
  path: string,
  local: WeakSet<Socket>,
): Promise<void> => {
  const server = createHttpServer((request, response) => app.routing(request, response))
  server.on('connection', (socket) => local.add(socket))
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o600)
  stack.defer(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  )
}

const firstRefresh = async (registry: Registry): Promise<void> => {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, firstRefreshMaxMs)
  await Promise.race([limit.promise, Promise.all(registry.backends.map((backend) => backend.refresh()))])
  clearTimeout(timer)
}

/** The process `mcpd-daemon`. */
export const main = async (argv: readonly string[]): Promise<void> => {
  const flags = new Command('mcpd-daemon')
    .option('--config <path>', 'config file')
    .option('--host <host>', 'address to bind')
    .option('--port <port>', 'TCP port, 0 picks a free one', Number)
    .option('--model <path>', 'GGUF file to serve')
    .option('--state-dir <path>', 'state directory')
    .option('--log-level <level>', 'least severe level written')
    .option('--insecure', 'allow other hosts without a key')
    .option('--json', 'say in JSON where it listens')
    .parse([...argv], { from: 'user' })
    .opts<DaemonFlags>()
  let daemon: Daemon
  try {
    daemon = await startDaemon(flags, { terminal: process.stderr.isTTY })
  } catch (error) {
    fail(toMcpdError(error))
    return
  }
  process.stdout.write(
    flags.json ? `${JSON.stringify({ url: daemon.url, pid: process.pid })}\n` : daemon.banner,
  )
  process.send?.({ type: 'ready', url: daemon.url, pid: process.pid })
  await Promise.race([daemon.stopped, signalled()])
  await daemon.close()
  // Whatever still holds the loop has had its time to end.
  process.exit(0)
}

/** The first SIGINT or SIGTERM asks for a stop, a second one does not wait. */
const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve()
        process.once(signal, () => process.exit(130))
      })
    }
  })

const fail = (error: McpdError): void => {
  const { exit } = errorTable[error.code]
  const suggestions = error.details.suggestions ?? []
  process.send?.({ type: 'failed', code: error.code, message: error.message, exit, suggestions })
  process.stderr.write(`mcpd: ${[error.message, ...suggestions].join('\n      ')}\n`)
  if (error.code === 'INTERNAL') process.stderr.write(`${String((error.cause as Error)?.stack)}\n`)
  process.exitCode = exit
  process.disconnect?.()
}
