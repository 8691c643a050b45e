import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import type { Journal } from '../../src/core/journal.ts'
import { createVault } from '../../src/daemon/contexts/encryption/vault.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { type RedisServer, startRedis } from '../harness/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'
import type { Build } from './builds.ts'
import { createDaemonProcess, type DaemonProcess } from './daemon-process.ts'

export const stores = ['sqlite', 'postgres', 'postgres+redis', 'postgres+redis+spool'] as const
export type Store = (typeof stores)[number]

export interface SystemOptions {
  readonly store: Store
  /** Empty; everything but the servers' own directories is in it. */
  readonly folder: string
  readonly builds?: readonly Build[]
  /** Encrypts what is kept. */
  readonly encrypted?: boolean
  /** Lines of postgresql.conf. */
  readonly postgresSettings?: readonly string[]
}

export type ServerKind = 'postgres' | 'redis'

/** What is under test: two daemons, with one store between them or with a file each, and every wire in a proxy. */
export interface System {
  readonly store: Store
  readonly folder: string
  readonly daemons: readonly DaemonProcess[]
  readonly postgres?: PostgresServer
  readonly redis?: RedisServer
  /** The wires to a server, one for each daemon. */
  readonly wires: Readonly<Record<ServerKind, readonly TcpProxy[]>>
  /** The daemons that clients ask for the context of this number. One has its spool, and its file, for itself. */
  readonly daemonsOf: (context: number) => readonly DaemonProcess[]
  /** The file of a daemon; of `sqlite` only. */
  readonly fileOf: (daemon: DaemonProcess) => string
  /** The stores themselves, past the daemons. Those of files are free only after their daemons have ended. */
  openJournals(): Promise<readonly Journal[]>
  close(): Promise<void>
}

/** Starts the servers; the daemons are there, and not started. */
export const startSystem = async (options: SystemOptions): Promise<System> => {
  const { store, folder, builds = [], encrypted = false, postgresSettings = [] } = options
  const keys = encrypted ? [{ id: 'storm', key: randomBytes(32) }] : []
  const secret = keys[0]?.key.toString('hex')
  const closers: (() => Promise<void>)[] = []
  const own = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    closers.unshift(() => part.close())
    return part
  }
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0)) await closer()
  }
  try {
    const backend = own(await startStandIn())
    const postgres = store === 'sqlite' ? undefined : own(await startPostgres(postgresSettings))
    const redis = store.includes('redis') ? own(await startRedis()) : undefined
    const wires: Record<ServerKind, TcpProxy[]> = { postgres: [], redis: [] }
    const daemons: DaemonProcess[] = []
    for (const name of ['one', 'two']) {
      const place = join(folder, name)
      await mkdir(place, { recursive: true })
      const env: Record<string, string> = { ...(secret !== undefined && { MCPD_FAULTS_KEY: secret }) }
      if (postgres) {
        wires.postgres.push(own(await startPostgresWire(postgres, place)))
        env['MCPD_FAULTS_POSTGRES'] = postgres.url.replace(
          encodeURIComponent(postgres.directory),
          encodeURIComponent(place),
        )
      }
      if (redis) {
        const wire = own(await startTcpProxy({ port: 0 }, { port: redis.port }))
        wires.redis.push(wire)
        env['MCPD_FAULTS_REDIS'] = `redis://127.0.0.1:${wire.port}`
      }
      const config = configOf(store, encrypted, backend.url)
      daemons.push(own(await createDaemonProcess({ name, folder: place, config, env, builds })))
    }
    const fileOf = ({ name }: DaemonProcess): string => join(folder, name, 'contexts.db')
    return {
      store,
      folder,
      daemons,
      ...(postgres && { postgres }),
      ...(redis && { redis }),
      wires,
      daemonsOf: (context) => {
        const isShared = postgres !== undefined && !store.includes('spool')
        return isShared ? daemons : daemons.slice(context % 2, (context % 2) + 1)
      },
      fileOf,
      openJournals: async () => {
        if (postgres)
          return [
            await openPostgresJournal({ url: postgres.url, now: Date.now, newId, vault: createVault(keys) }),
          ]
        return Promise.all(daemons.map((daemon) => openSqliteJournal({ path: fileOf(daemon), keys })))
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const startStandIn = (): Promise<OpenAiStandIn> => startOpenAiStandIn({ models: ['gpt'], tokenDelayMs: 1 })

const startPostgresWire = (postgres: PostgresServer, place: string): Promise<TcpProxy> => {
  const socket = '.s.PGSQL.5432'
  return startTcpProxy({ path: join(place, socket) }, { path: join(postgres.directory, socket) })
}

const configOf = (store: Store, encrypted: boolean, backend: string): string => {
  const contexts = [
    store === 'sqlite' ? 'journal: "sqlite:"' : 'journal: "${env:MCPD_FAULTS_POSTGRES}"',
    ...(store.includes('redis') ? ['hot: { url: "${env:MCPD_FAULTS_REDIS}" }'] : []),
    ...(store.includes('spool') ? ['spool: true'] : []),
    ...(encrypted ? ['encryption: { keys: [{ id: storm, key: "${env:MCPD_FAULTS_KEY}" }] }'] : []),
  ]
  return `contexts: { ${contexts.join(', ')} }\nbackends: [{ name: gpu, adapter: openai, url: "${backend}" }]\n`
}
