import { randomBytes } from 'node:crypto'
import type { ContextKey, StoredTurn } from '../../../core/context.ts'
import type { ContextPath, Journal, Problem } from '../../../core/journal.ts'
import { scan } from '../encryption/scan.ts'
import { type MasterKey, noKey } from '../encryption/vault.ts'
import { createFollower, searchConsumer } from './sqlite/follow.ts'
import type { RotatePlace, Rotation } from './sqlite/rotate.ts'
import type { ThreadStart } from './sqlite/thread-body.ts'
import { createThreadClient } from './sqlite/thread-client.ts'
import { pack, unpack } from './sqlite/wire.ts'

export interface SqliteJournalOptions {
  /** The file; what can be built from it again is beside it, with `-search` in its name. */
  readonly path: string
  /** Who reads the outbox besides the search index. Default: nobody. */
  readonly consumers?: readonly string[]
  /** Pages of 4096 bytes that the file may have. Default: as many as the disk holds. */
  readonly maxPages?: number
  /** Encrypt what is kept: the first one encrypts, all decrypt. Default: nothing is encrypted. */
  readonly keys?: readonly MasterKey[]
}

/**
 * Contexts in one SQLite file of this daemon. One thread writes, and acknowledges when the disk has it; another one
 * reads. Resolves when the file is open and of this schema. Throws CONFIG_INVALID for a file of a newer mcpd and
 * DAEMON_RUNNING for one that another daemon has.
 */
export const openSqliteJournal = async ({
  path,
  consumers = [],
  maxPages,
  keys = [],
}: SqliteJournalOptions): Promise<Journal> => {
  const start: Omit<ThreadStart, 'role'> = {
    path,
    searchPath: path.replace(/(\.[^./]*)?$/, '-search.db'),
    owner: randomBytes(12).toString('hex'),
    consumers: [...consumers, searchConsumer],
    keys,
    ...(maxPages !== undefined && { maxPages }),
  }
  const reader = createThreadClient({ ...start, role: 'reader' }, () => undefined)
  const follower = createFollower(reader, () => writer)
  const writer = createThreadClient({ ...start, role: 'writer' }, follower.follow)

  try {
    await writer.ask('open', [])
  } catch (error) {
    await Promise.all([writer.close(), reader.close()])
    throw error
  }
  return {
    driver: 'sqlite',
    shared: false,
    append: async (append) => {
      const { packed, bytes } = pack([append])
      const [first] = packed
      if (!first) throw new TypeError('One value packed is one value.')
      return answerOf(writer.ask('append', [first], bytes))
    },
    restore: async (appends) => {
      const { packed, bytes } = pack(appends)
      await writer.ask('restore', [packed], bytes)
    },
    path: async (key, end, range = {}) => {
      const { answer, bytes } = await reader.ask('path', [keyOf(key), end, range])
      return answer && unpack<ContextPath>([answer], bytes)[0]
    },
    turns: async (key) => {
      const { answer, bytes } = await reader.ask('turns', [keyOf(key)])
      return answer && unpack<{ readonly turns: readonly StoredTurn[] }>([answer], bytes)[0]?.turns
    },
    summary: (key) => answerOf(reader.ask('summary', [keyOf(key)])),
    list: (query) => answerOf(reader.ask('list', [query])),
    findTurn: (tenant, turn) => answerOf(reader.ask('findTurn', [tenant, turn])),
    search: async (query) => {
      if (keys.length > 0) return scan(query, (before) => answerOf(reader.ask('scan', [query, before])))
      // What was acknowledged before the search is found by it.
      await follower.fillIndex()
      return answerOf(reader.ask('search', [query]))
    },
    annotate: async (key, change) =>
      (await answerOf(writer.ask('annotate', [keyOf(key), change])))
        ? answerOf(reader.ask('summary', [keyOf(key)]))
        : undefined,
    delete: (key) => answerOf(writer.ask('delete', [keyOf(key)])),
    seal: async (signal) => {
      signal?.throwIfAborted()
      return answerOf(writer.ask('seal', []))
    },
    rotate: async (signal) => {
      if (keys.length === 0) throw noKey()
      let rows = 0
      for (let place: RotatePlace | undefined = { k: 0, t: 0 }; place;) {
        signal?.throwIfAborted()
        const step: Rotation = await answerOf(writer.ask('rotate', [place]))
        rows += step.rows
        place = step.next
      }
      // Nothing of what was there before stays in the log.
      await writer.ask('truncate', [])
      return rows
    },
    keys: () => answerOf(reader.ask('keys', [])),
    collect: async (policy, signal) => {
      signal?.throwIfAborted()
      const collected = await answerOf(writer.ask('collect', [policy]))
      signal?.throwIfAborted()
      await reader.ask('sweep', [])
      return collected
    },
    async *fsck(signal) {
      for (let after: number | undefined = 0; after !== undefined;) {
        signal?.throwIfAborted()
        const { problems, next }: { problems: readonly Problem[]; next?: number } = await answerOf(
          reader.ask('fsck', [after]),
        )
        yield* problems
        after = next
      }
    },
    stats: () => answerOf(reader.ask('stats', [])),
    recover: () => answerOf(writer.ask('recover', [])),
    outbox: (consumer, limit) => answerOf(reader.ask('outbox', [consumer, limit])),
    settle: (consumer, through) => answerOf(writer.ask('settle', [consumer, through])),
    close: async () => {
      await follower.settled()
      // The reader first: the log can only be emptied when nobody reads it.
      await reader.close()
      await writer.close()
    },
  }
}

const answerOf = async <T>(asked: Promise<{ readonly answer: T }>): Promise<T> => (await asked).answer

/** Nothing but the key goes over, whatever else the caller's object has. */
const keyOf = ({ tenant, context }: ContextKey): ContextKey => ({ tenant, context })
