import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bodyOf } from '../../../src/core/canonical-json.ts'
import type { NewTurn } from '../../../src/core/context.ts'
import type { Message } from '../../../src/core/inference.ts'
import type { Journal } from '../../../src/core/journal.ts'
import { newId } from '../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../../src/daemon/contexts/journal/sqlite.ts'
import { type ContextStore, createContextStore } from '../../../src/daemon/contexts/store.ts'
import { type PostgresServer, startPostgres } from '../../harness/postgres.ts'
import type { Talk } from './conversations.ts'

export interface OpenStore {
  readonly store: ContextStore
  /** Under the store: what reads it finds nothing in memory. */
  readonly journal: Journal
  /** Gives free space back before bytes are counted. */
  readonly vacuum?: (how: 'plain' | 'full') => Promise<void>
  readonly close: () => Promise<void>
}

/** A store over the SQLite journal as the daemon has it, in a folder of its own below the temporary one. */
export const openStore = async (): Promise<OpenStore> => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-contexts-'))
  const journal = await openSqliteJournal({ path: join(folder, 'contexts.db') })
  const store = createContextStore({ journal })
  return {
    store,
    journal,
    close: async () => {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A store over a PostgreSQL of its own that waits for its disk, over a socket. */
export const openPostgresStore = async (): Promise<OpenStore & { readonly server: PostgresServer }> => {
  const server = await startPostgres([])
  const journal = await openPostgresJournal({ url: server.url, now: Date.now, newId })
  const store = createContextStore({ journal })
  return {
    server,
    store,
    journal,
    vacuum: async (how) => {
      await server.query(how === 'full' ? 'VACUUM FULL' : 'VACUUM')
    },
    close: async () => {
      await store.close()
      await server.close()
    },
  }
}

export const newTurns = (messages: readonly Message[]): readonly NewTurn[] =>
  messages.map((message) => ({ role: message.role, body: bodyOf(message) }))

/** Stores a talk turn by turn. */
export const storeTalk = async (store: ContextStore, context: string, talk: Talk): Promise<void> => {
  await store.create({ tenant: 'default', context })
  for (const messages of talk)
    await store.append({ tenant: 'default', context, expected: '*', turns: newTurns(messages) })
}

/** Milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly samples: number
}

/** Runs it one after the other, some times without looking, then as often as asked. */
export const measure = async (samples: number, run: (at: number) => unknown): Promise<Spread> => {
  const times: number[] = []
  const warm = Math.ceil(samples / 10)
  for (let at = 0; at < warm + samples; at += 1) {
    const startMs = performance.now()
    await run(at)
    if (at >= warm) times.push(performance.now() - startMs)
  }
  times.sort((left, right) => left - right)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { p50: at(0.5), p99: at(0.99), samples }
}
