import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

export interface PostgresServer {
  /** Of its database, over a socket in its directory. */
  readonly url: string
  readonly directory: string
  /** Statements as the owner of everything. */
  query(text: string): Promise<readonly Record<string, unknown>[]>
  /** As if the machine had lost its power, but for what the page cache has. */
  kill(): Promise<void>
  /** In good order, without waiting for those who are connected. */
  stop(): Promise<void>
  /** After `kill` or `stop`. */
  start(): Promise<void>
  /** Every process of it stops where it is, connections open, until `thaw`. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  close(): Promise<void>
}

/** Why there can be no server here; undefined where there can. */
export const postgresMissing = (): string | undefined => {
  if (binaries() === undefined) return 'PostgreSQL is not installed'
  return process.getuid?.() === 0 && !existsSync('/usr/bin/setpriv')
    ? 'PostgreSQL does not run as root, and there is no setpriv'
    : undefined
}

/** Such as `postgres (PostgreSQL) 15.18`; undefined where there is none. */
export const postgresVersion = (): string | undefined => {
  const place = binaries()
  return place === undefined
    ? undefined
    : execFileSync(join(place, 'postgres'), ['--version'], { encoding: 'utf8' }).trim()
}

const debian = '/usr/lib/postgresql'

/** The directory of the newest binaries. */
const binaries = (): string | undefined => {
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const places = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')))
}

/** How often a server is started that ends at once. */
const startTriesMax = 100

/** A server of its own in a temporary directory, on no port. `settings` are lines of postgresql.conf. */
export const startPostgres = async (settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> => {
  const place = binaries()
  if (place === undefined) throw new Error('PostgreSQL is not installed.')
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-pg-'))
  const data = join(directory, 'data')
  const drop = await droppedRights(directory)
  const command = (name: string, args: readonly string[]): [string, string[]] => {
    const [first = '', ...rest] = [...drop, join(place, name), ...args]
    return [first, rest]
  }
  await run(
    ...command('initdb', ['-D', data, '-U', 'mcpd', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']),
    {
      cwd: directory,
    },
  )
  const url = `postgres://mcpd@localhost/postgres?host=${encodeURIComponent(directory)}`
  let server: ChildProcess | undefined
  const query: PostgresServer['query'] = async (text) => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
  const spawnServer = (): ChildProcess => {
    const options = ['listen_addresses=', `unix_socket_directories=${directory}`, ...settings]
    return spawn(...command('postgres', ['-D', data, ...options.flatMap((option) => ['-c', option])]), {
      cwd: directory,
      stdio: 'ignore',
    })
  }
  const start = async (): Promise<void> => {
    let tries = 1
    let child = spawnServer()
    server = child
    for (;;) {
      if (child.exitCode !== null) {
        if (tries === startTriesMax) throw new Error('PostgreSQL did not start.')
        // Processes of a server that was just killed may still have its memory, and none starts before they are gone.
        tries += 1
        child = spawnServer()
        server = child
      }
      try {
        await query('SELECT 1')
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = server
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill(signal)
    await once(child, 'exit')
  }
  const signalAll = async (signal: NodeJS.Signals): Promise<void> => {
    const parent = server?.pid
    if (parent === undefined) return
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(parent)]).catch(() => ({ stdout: '' }))
    for (const pid of [parent, ...(stdout.match(/\d+/g) ?? []).map(Number)])
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended meanwhile.
      }
  }
  // Immediate: no checkpoint, and the next start recovers from the log.
  const kill = (): Promise<void> => end('SIGQUIT')
  await start()
  return {
    url,
    directory,
    query,
    kill,
    stop: () => end('SIGINT'),
    start,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    close: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: it gets the rights of somebody else, and the directory with them. */
const droppedRights = async (directory: string): Promise<readonly string[]> => {
  if (process.getuid?.() !== 0) return []
  const user = await identity('postgres').catch(() => identity('nobody'))
  await chown(directory, user, user)
  return ['/usr/bin/setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']
}

const identity = async (name: string): Promise<number> => Number((await run('id', ['-u', name])).stdout)
