import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Kept over `kill` and `start`. */
  readonly directory: string
  /** One command by redis-cli; its answer as text. */
  command(...words: readonly string[]): Promise<string>
  kill(): Promise<void>
  /** After `kill`, on the same port. */
  start(): Promise<void>
  /** SIGSTOP freezes it with its connections open, SIGCONT lets it go on. */
  signal(name: NodeJS.Signals): void
  close(): Promise<void>
}

/** Why there can be no server here; undefined where there can. */
export const redisMissing = (): string | undefined => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    execFileSync('redis-cli', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'redis-server is not installed'
  }
}

/** Somebody else may take a free port before the server does. */
const attemptsMax = 5

/** A server of its own in a temporary directory. `settings` are arguments such as `--maxmemory 10mb`, in pieces. */
export const startRedis = async (settings: readonly string[] = []): Promise<RedisServer> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await freePort(), settings)
    } catch (error) {
      if (attempt === attemptsMax) throw error
    }
  }
}

const startOn = async (port: number, settings: readonly string[]): Promise<RedisServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-redis-'))
  const command: RedisServer['command'] = async (...words) =>
    (await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...words])).stdout.trim()
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const child = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...settings],
      { stdio: 'ignore' },
    )
    server = child
    for (;;) {
      if (child.exitCode !== null) throw new Error('Redis did not start.')
      try {
        if ((await command('PING')) === 'PONG') return
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const kill = async (): Promise<void> => {
    const child = server
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const close = async (): Promise<void> => {
    await kill()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    command,
    kill,
    start,
    signal: (name) => void server?.kill(name),
    close,
  }
}

export interface RedisCluster {
  readonly urls: readonly string[]
  readonly nodes: readonly RedisServer[]
  close(): Promise<void>
}

/** Three masters that share the slots. */
export const startRedisCluster = async (): Promise<RedisCluster> => {
  const started = await Promise.allSettled(
    Array.from({ length: 3 }, () =>
      startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000']),
    ),
  )
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())))
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
    // Each node hears of the others by and by.
    for (const node of nodes)
      while (!(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
        await new Promise((resolve) => setTimeout(resolve, 50))
    return { nodes, urls: nodes.map(({ url }) => url), close }
  } catch (error) {
    await close()
    throw error
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  // The bus of a cluster is 10,000 above.
  if (address === null || typeof address === 'string' || address.port > 55_000) return freePort()
  return address.port
}
