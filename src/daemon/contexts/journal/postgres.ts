import type { ContextKey } from '../../../core/context.ts'
import { isMcpdError } from '../../../core/errors.ts'
import type { Journal } from '../../../core/journal.ts'
import type { TextCache } from '../cache/strict-keyv.ts'
import { createVault, type Vault } from '../encryption/vault.ts'
import { type ArchiveOptions, createArchive } from './postgres/archive.ts'
import { nameOf } from '../ids.ts'
import { append, restore, type Writer } from './postgres/append.ts'
import { startChores } from './postgres/chores.ts'
import { connectDatabase } from './postgres/database.ts'
import { checkAll, readStats } from './postgres/fsck.ts'
import { annotate, collect, deleteContext } from './postgres/housekeeping.ts'
import { createGroups } from './postgres/group.ts'
import { createRecollection } from './postgres/known.ts'
import { takeLease } from './postgres/lease.ts'
import { addConsumers, readOutbox, settleOutbox } from './postgres/outbox.ts'
import { readPosition } from './postgres/position.ts'
import { createQueues } from './postgres/queues.ts'
import { findArchived, findTurn, readList, readPath, readSummary, readTurns } from './postgres/read.ts'
import { countByKey, rotate } from './postgres/rotate.ts'
import { migrate } from './postgres/schema.ts'
import type { PathTip } from './postgres/seal.ts'
import { cachedSegments, type FetchSegments } from './postgres/segments.ts'
import { search } from './postgres/search.ts'
import { listen } from './postgres/wake.ts'
import { writeChanges } from './postgres/write.ts'
import type { JournalOptions } from './options.ts'

export interface PostgresJournalOptions extends JournalOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Default: nothing is encrypted. */
  readonly vault?: Vault
  /** Keeps sealed segments near. Default: they are read from the database. */
  readonly segments?: TextCache
  /** Where contexts go that nobody uses. Default: they stay. */
  readonly archive?: ArchiveOptions
  /** How long a daemon that does not answer is taken to be there; default 15,000. */
  readonly leaseMs?: number
}

const leaseMsDefault = 15_000

/**
 * Contexts in a PostgreSQL database that several daemons may share. An append reads in one statement and writes in one
 * other, which is its transaction; it is acknowledged when the server has it on its disk. Resolves when the database
 * is of this schema. Throws STORE_UNAVAILABLE where it cannot be reached or written, CONFIG_INVALID where it will not do.
 */
export const openPostgresJournal = async (options: PostgresJournalOptions): Promise<Journal> => {
  const {
    url,
    now,
    newId,
    segments,
    consumers = [],
    leaseMs = leaseMsDefault,
    vault = createVault(),
  } = options
  const database = await connectDatabase(url)
  const open = async () => {
    await migrate(database)
    if (consumers.length > 0) await addConsumers(database, consumers)
    return takeLease(database, leaseMs)
  }
  const lease = await open().catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const alone: Writer = { now, newId, vault, fence: lease.fence, ripened: () => undefined }
  const writer: Writer = {
    ...alone,
    ripened: (tip) => chores.noted(tip),
    thaw: (key) => archive.thaw(key),
    submit: createGroups((changes) => writeChanges(database, vault, lease.fence(), changes)),
    recollection: createRecollection(),
  }
  const chores = startChores(database, lease, writer, leaseMs)
  const archive = createArchive(database, vault, alone, options.archive)
  const waker = listen(url, chores.woken)
  const queues = createQueues()
  let closing: Promise<void> | undefined

  /** A context that is deleted while it is read is none: what of it was missed is not damage. */
  const reading = async <Result>(
    key: ContextKey,
    read: (fetch?: FetchSegments) => Promise<Result>,
  ): Promise<Result | undefined> => {
    try {
      return await read(segments && cachedSegments(segments, key))
    } catch (error) {
      // A cache may also hold what was encrypted with a key that is gone.
      const isCached = segments !== undefined && isMcpdError(error) && error.code === 'CONFIG_INVALID'
      if (!isCached && (!isMcpdError(error) || error.code !== 'CONTEXT_DAMAGED')) throw error
      return read(segments && cachedSegments(segments, key, true))
    }
  }
  /** As `reading`; what is archived comes back when somebody does not find it. */
  const finding = async <Result>(
    key: ContextKey,
    read: (fetch?: FetchSegments) => Promise<Result | undefined>,
  ): Promise<Result | undefined> =>
    (await reading(key, read)) ?? ((await archive.thaw(key)) ? reading(key, read) : undefined)
  const end = async (): Promise<void> => {
    await waker.close()
    await chores.close()
    // Where the server is not there, the others wait for the lease.
    await lease.end().catch(() => undefined)
    await database.close()
  }
  return {
    driver: 'postgres',
    shared: true,
    append: (request) =>
      // Writers of this daemon to one context would only be in each other's way.
      queues.run(nameOf(request), () => append(database, writer, request)),
    restore: async (appends) => {
      const tips: PathTip[] = []
      await database.transaction((sql) =>
        restore(sql, { ...alone, ripened: (tip) => void tips.push(tip) }, appends),
      )
      // Before the end of the transaction nobody else would see them.
      for (const tip of tips) chores.noted(tip)
    },
    path: (key, end, range) => finding(key, (fetch) => readPath(database, vault, key, end, range, fetch)),
    position: (key, end) => finding(key, () => readPosition(database, vault, key, end)),
    turns: async (key) => {
      // An archived context is there, without turns.
      await archive.thaw(key)
      return reading(key, () => readTurns(database, vault, key))
    },
    summary: (key) => readSummary(database, vault, key),
    list: (query) => readList(database, vault, query),
    findTurn: async (tenant, turn) => {
      const there = await findTurn(database, vault, tenant, turn)
      if (there) return there
      const archived = await findArchived(database, tenant, turn)
      if (archived) await archive.thaw(archived)
      // Also where it is not archived: another daemon may have just brought it back.
      return findTurn(database, vault, tenant, turn)
    },
    search: (query) => search(database, vault, query),
    annotate: async (key, change) => {
      // Pins are of turns.
      if (change.pins) await archive.thaw(key)
      return (await annotate(database, vault, key, change)) ? readSummary(database, vault, key) : undefined
    },
    delete: (key) => deleteContext(database, key),
    seal: (signal) => chores.seal(signal),
    rotate: (signal) => rotate(database, vault, archive, signal),
    keys: () => countByKey(database),
    collect: async (policy, signal) => {
      const collected = await collect(database, policy, archive.drop, signal)
      await archive.run(signal)
      return collected
    },
    fsck: (signal) => checkAll(database, vault, archive, signal),
    stats: () => readStats(database),
    recover: () => chores.recover(),
    outbox: (consumer, limit) => readOutbox(database, consumer, limit),
    settle: (consumer, through) => settleOutbox(database, consumer, through),
    close: () => {
      closing ??= end()
      return closing
    },
  }
}
