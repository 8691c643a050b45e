import type { ContextKey } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import type { OwnJournal } from '../../../core/journal.ts'
import {
  annotateIn,
  collectFrom,
  findTurnIn,
  listOf,
  type MemoryContext,
  pathOf,
  problemsOf,
  searchIn,
  statsOf,
  summaryOf,
} from './memory-context.ts'
import { noKey } from '../encryption/vault.ts'
import { createMemoryOutbox } from './memory-outbox.ts'
import { nameOf } from '../ids.ts'
import { createMemoryWriter } from './memory-writer.ts'
import type { JournalOptions } from './options.ts'

/**
 * Contexts in memory: complete but for what only a disk can do. For tests, and for a daemon that is to keep nothing.
 */
export const createMemoryJournal = (options: JournalOptions): OwnJournal => {
  const contexts = new Map<string, MemoryContext>()
  const outbox = createMemoryOutbox(options.consumers ?? [])
  const writer = createMemoryWriter({ ...options, contexts, outbox })
  let isClosed = false

  /** Every answer comes later, as from any journal. */
  const answer = async <T>(work: () => T): Promise<T> => {
    await Promise.resolve()
    if (isClosed) throw new McpdError('STORE_UNAVAILABLE', 'The journal is closed.')
    return work()
  }
  /** Of a context that is not there: undefined. */
  const of = <T>(key: ContextKey, work: (context: MemoryContext) => T): Promise<T | undefined> =>
    answer(() => {
      const context = contexts.get(nameOf(key))
      return context && work(context)
    })
  const all = <T>(work: (contexts: readonly MemoryContext[]) => T): Promise<T> =>
    answer(() => work([...contexts.values()]))

  return {
    driver: 'memory',
    shared: false,
    append: (request) => answer(() => writer.append(request)),
    restore: (appends) => answer(() => writer.restore(appends)),
    path: (key, end, range = {}) => of(key, (context) => pathOf(context, end, range)),
    summary: (key) => of(key, summaryOf),
    list: (query) => all((contexts) => listOf(contexts, query)),
    turns: (key) => of(key, (context) => [...context.turns.values()]),
    findTurn: (tenant, turn) => all((contexts) => findTurnIn(contexts, tenant, turn)),
    search: (query) => all((contexts) => searchIn(contexts, query)),
    annotate: (key, change) =>
      of(key, (context) => {
        annotateIn(context, change)
        return summaryOf(context)
      }),
    delete: async (key) =>
      (await of(key, (context) => {
        writer.remove(context)
        return true
      })) ?? false,
    rotate: () =>
      answer(() => {
        throw noKey()
      }),
    keys: async () => ({}),
    seal: () => answer(() => 0),
    collect: (policy) => all((contexts) => collectFrom(contexts, policy, options.now(), writer.remove)),
    async *fsck() {
      for (const context of await all((contexts) => contexts)) yield* problemsOf(context)
    },
    stats: () => all((contexts) => ({ ...statsOf(contexts), outbox: outbox.size() })),
    // What was open went with the process that had opened it.
    recover: () => answer(() => 0),
    outbox: (consumer, limit) => answer(() => outbox.read(consumer, limit)),
    settle: (consumer, through) => answer(() => outbox.settle(consumer, through)),
    close: async () => {
      isClosed = true
    },
  }
}
