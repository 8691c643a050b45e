import type { Logger } from 'pino'
import type { ContextKey } from '../../../core/context.ts'
import type { Journal } from '../../../core/journal.ts'
import { nameOf } from '../ids.ts'
import type { createQueues } from '../journal/postgres/queues.ts'
import { carry, type Carried } from './carry.ts'
import type { Memory, Revisions } from './memory.ts'
import { isUnavailable } from './outage.ts'
import type { NumberedEntry, SpoolFile } from './spool-file.ts'

export interface DrainParts {
  readonly remote: Journal
  readonly file: SpoolFile
  readonly memory: Memory
  readonly queues: ReturnType<typeof createQueues>
  /** Settles what a run before this one has left open in a context. Called in its queue. */
  readonly prepare: (key: ContextKey) => Promise<unknown>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export interface Drain {
  /** Carries everything over that can be, several contexts at once. Throws STORE_UNAVAILABLE. */
  all(isStopped: () => boolean): Promise<void>
  /** Appends that have come on a head of their own. */
  forks(): number
}

/** Contexts that are carried over at once. */
const lanesMax = 4
/** How long a context rests that cannot be carried over, such as for damage. */
const restMs = 60_000

export const createDrain = (parts: DrainParts): Drain => {
  const { file, log, now } = parts
  /** Contexts that cannot be carried over, and when they are tried again. */
  const resting = new Map<string, number>()
  let forks = 0

  const diverted = ({ append: { context } }: NumberedEntry, { outcome, head }: Carried): void => {
    if (outcome === 'forked') forks += 1
    log.warn({ context, outcome, head }, 'a spooled append is not where its client was told')
  }
  const drain = async (key: ContextKey): Promise<void> => {
    const name = nameOf(key)
    if ((resting.get(name) ?? -Infinity) > now()) return
    resting.delete(name)
    try {
      await drainContext(parts, key, diverted)
    } catch (error) {
      if (isUnavailable(error)) throw error
      // It stays where it is; the others go on.
      resting.set(name, now() + restMs)
      log.error({ err: error, context: key.context }, 'a spooled append cannot be carried over')
    }
  }
  return {
    all: async (isStopped) => {
      const left = [...file.contexts()]
      const lane = async (): Promise<void> => {
        try {
          for (let key = left.shift(); key && !isStopped(); key = left.shift()) await drain(key)
        } finally {
          // Where one fails for PostgreSQL being away, the others are at their end too.
          left.length = 0
        }
      }
      const lanes = await Promise.allSettled(Array.from({ length: lanesMax }, lane))
      for (const each of lanes) if (each.status === 'rejected') throw each.reason
    },
    forks: () => forks,
  }
}

interface Done {
  readonly diverted: (entry: NumberedEntry, carried: Carried) => void
  readonly revisions: Revisions[]
  atMs: number
  isStraight: boolean
}

/**
 * Carries the entries of a context over, in order, until there are none: first those that are there while more may
 * come, then the rest while appends wait. Throws what PostgreSQL and the disk throw.
 */
const drainContext = async (
  parts: DrainParts,
  key: ContextKey,
  diverted: Done['diverted'],
): Promise<void> => {
  const { file, memory, queues, prepare } = parts
  const done: Done = { diverted, revisions: [], atMs: 0, isStraight: true }
  await queues.run(nameOf(key), () => prepare(key))
  for (let pages = 0; pages < pagesMax && (await drainPage(parts, key, done)) > lastEntries;) pages += 1
  await queues.run(nameOf(key), async () => {
    while ((await drainPage(parts, key, done)) > 0);
    await file.emptied(key)
    if (done.isStraight) memory.settled(key, done.revisions, done.atMs)
    else memory.drop(key)
  })
}

/** So few entries may make an append wait. */
const lastEntries = 8
/** Pages after which appends wait in any case. */
const pagesMax = 10_000

/** Resolves with the number of entries that were there. */
const drainPage = async (parts: DrainParts, key: ContextKey, done: Done): Promise<number> => {
  const { remote, file, now } = parts
  const page = await file.read(key, 0)
  const written: NumberedEntry[] = []
  let renamed: Carried['renamed'] = []
  try {
    for (const entry of page) {
      done.atMs = now()
      const carried = await carry(remote, entry)
      written.push(entry)
      done.revisions.push(carried.revisions)
      if (carried.outcome === 'stored' && carried.renamed.length === 0) continue
      done.isStraight = false
      done.diverted(entry, carried)
      // The next ones have to know of the ids that these have got: they are read again.
      renamed = carried.renamed
      if (renamed.length > 0) break
    }
  } finally {
    // Once for all of them. Those that are carried over a second time after a crash are found to be there.
    await file.carried(written, renamed)
  }
  return page.length
}
