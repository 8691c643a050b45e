import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import type { Journal } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { type RedisServer, startRedis } from '../harness/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'
import type { Build } from './builds.ts'
import { createDaemonProcess, type DaemonProcess } from './daemon-process.ts'

export const stores = ['sqlite', 'postgres', 'postgres+redis'] as const
export type Store = (typeof stores)[number]

export interface SystemOptions {
  readonly store: Store
  /** Empty; everything but the servers' own directories is in it. */
  readonly folder: string
  readonly builds?: readonly Build[]
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
  /** The daemons that have the context of this number. */
  readonly daemonsOf: (context: number) => readonly DaemonProcess[]
  /** The file of a daemon; of `sqlite` only. */
  readonly fileOf: (daemon: DaemonProcess) => string
  /** The stores themselves, past the daemons. Those of files are free only after their daemons have ended. */
  openJournals(): Promise<readonly Journal[]>
  close(): Promise<void>
}

/** Starts the servers; the daemons are there, and not started. */
export const startSystem = async (options: SystemOptions): Promise<System> => {
  const { store, folder, builds = [], postgresSettings = [] } = options
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
    const redis = store === 'postgres+redis' ? own(await startRedis()) : undefined
    const wires: Record<ServerKind, TcpProxy[]> = { postgres: [], redis: [] }
    const daemons: DaemonProcess[] = []
    for (const name of ['one', 'two']) {
      const place = join(folder, name)
      await mkdir(place, { recursive: true })
      const env: Record<string, string> = {}
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
      const config = configOf(store, backend.url)
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
      daemonsOf: (context) => (postgres ? daemons : daemons.slice(context % 2, (context % 2) + 1)),
      fileOf,
      openJournals: async () => {
        if (postgres) return [await openPostgresJournal({ url: postgres.url, now: Date.now, newId })]
        return Promise.all(daemons.map((daemon) => openSqliteJournal({ path: fileOf(daemon) })))
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

const configOf = (store: Store, backend: string): string => {
  const contexts = {
    sqlite: 'journal: "sqlite:"',
    postgres: 'journal: "${env:MCPD_FAULTS_POSTGRES}"',
    'postgres+redis': 'journal: "${env:MCPD_FAULTS_POSTGRES}", hot: { url: "${env:MCPD_FAULTS_REDIS}" }',
  }[store]
  return `contexts: { ${contexts} }\nbackends: [{ name: gpu, adapter: openai, url: "${backend}" }]\n`
}
