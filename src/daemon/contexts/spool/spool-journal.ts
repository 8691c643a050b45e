import type { Logger } from 'pino'
import type { Append, Appended, ContextKey } from '../../../core/context.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import type { SharedJournal, SpoolStats } from '../../../core/journal.ts'
import { nameOf } from '../ids.ts'
import { createQueues } from '../journal/postgres/queues.ts'
import { createChores } from './chores.ts'
import { type FixedAppend, fixAppend } from './entry.ts'
import { createLocal, isNewContext } from './local.ts'
import type { KnownContext } from './known-context.ts'
import { createMemory } from './memory.ts'
import { createOutage, isUnavailable } from './outage.ts'
import { createReads } from './reads.ts'
import type { SpoolFile } from './spool-file.ts'

export interface SpoolJournalOptions {
  /** The journal in PostgreSQL. */
  readonly remote: SharedJournal
  /** By `nameOf`, at which revision contexts are, but of those that are not there. */
  readonly revisionsOf: (keys: readonly ContextKey[]) => Promise<ReadonlyMap<string, string>>
  readonly file: SpoolFile
  /** Memory for contexts that this daemon uses. */
  readonly hotMaxBytes: number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly newId: () => string
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Unix milliseconds. */
  readonly clock: () => number
  /** How long it is believed that nobody else has written. Default 15,000. */
  readonly leaseMs?: number
  /** How often PostgreSQL is tried while it is away. Default 1000. */
  readonly retryMs?: number
}

export interface SpoolJournal extends SharedJournal {
  readonly spool: {
    stats(): SpoolStats
    /** Tries now what is tried from time to time: PostgreSQL, and to carry over what waits for it. */
    carryOver(): Promise<void>
  }
}

const leaseMsDefault = 15_000
const retryMsDefault = 1000

/**
 * A journal that goes on without PostgreSQL. While it answers, nothing is different. While it does not, appends to
 * contexts that nobody else has written to since this daemon did, and new contexts, go into a file of this daemon and
 * are acknowledged when the disk has them; they are carried over in order, each once, when PostgreSQL is back. Until
 * then a context with such appends is answered from here. For everything else it throws what PostgreSQL throws.
 */
export const createSpoolJournal = (options: SpoolJournalOptions): SpoolJournal => {
  const { remote, revisionsOf, file, hotMaxBytes, log, newId, now, clock } = options
  const { leaseMs = leaseMsDefault, retryMs = retryMsDefault } = options
  const memory = createMemory({ maxBytes: hotMaxBytes, leaseMs, now, clock })
  const queues = createQueues()
  const outage = createOutage((isAway) => {
    tell(log, isAway)
    if (isAway) chores.soon()
  })
  const local = createLocal({ remote, file, memory, clock, newId })
  const chores = createChores({
    remote,
    revisionsOf,
    file,
    memory,
    queues,
    outage,
    log,
    now,
    retryMs,
    beatMs: leaseMs / beatsPerLease,
    prepare: async (key) => memory.get(key) ?? local.load(key),
  })

  const isHeld = (key: ContextKey): boolean => {
    const sinceMs = outage.sinceMs()
    return sinceMs !== undefined && memory.isHeld(key, sinceMs)
  }
  /**
   * What may be spooled after an attempt without an answer is tried as it would be spooled: behind the turn that is
   * known here. Otherwise it could have been written behind another one than its client is told.
   */
  const attempt = async (request: FixedAppend): Promise<Appended> => {
    const { expected, closes, turns, opens } = request
    const at = memory.get(request)?.heads.get(request.head)
    const writes = turns.length > 0 || opens !== undefined
    if (expected !== '*' || closes !== undefined || at === undefined || !writes) return remote.append(request)
    const result = await remote.append({ ...request, expected: at })
    if (result.outcome !== 'conflict') return result
    memory.drop(request)
    return remote.append(request)
  }
  const append = async (request: Append): Promise<Appended> => {
    await chores.ready()
    const fixed = fixAppend(request, { newId, clock })
    const spool = async (context: KnownContext) => certain(request, await local.append(context, fixed))
    if (file.has(request)) return spool(memory.get(request) ?? (await local.load(request)))
    const canSpool = (): boolean =>
      chores.isOpen() && (isHeld(request) || (isNewContext(request) && !memory.get(request)))
    if (outage.sinceMs() === undefined || !canSpool()) {
      const startedMs = now()
      const ended = memory.appending(fixed)
      try {
        const result = await attempt(fixed)
        ended(result)
        return result
      } catch (error) {
        if (!isUnavailable(error)) throw error
        outage.begin(startedMs)
        if (canSpool()) return spool(memory.get(request) ?? memory.made(request))
        // It may have been written.
        ended(undefined)
        throw error
      }
    }
    return spool(memory.get(request) ?? memory.made(request))
  }
  /** Of what is not told of in the file: whoever asks waits until it is carried over. */
  const changing = async <Result>(key: ContextKey, work: () => Promise<Result>): Promise<Result> => {
    await chores.ready()
    if (file.has(key)) throw busy(key)
    try {
      return await work()
    } finally {
      memory.drop(key)
    }
  }

  return {
    ...remote,
    ...createReads({
      remote,
      file,
      memory,
      queues,
      outage,
      local,
      ready: () => chores.ready(),
      isHeld,
      now,
      newId,
    }),
    append: (request) => queues.run(nameOf(request), () => append(request)),
    restore: (appends) => {
      const [first] = appends
      return first ? changing(first, () => remote.restore(appends)) : remote.restore(appends)
    },
    annotate: (key, change) => changing(key, () => remote.annotate(key, change)),
    delete: (key) => changing(key, () => remote.delete(key)),
    // Comes by itself, after what is carried over.
    recover: async () => {
      await chores.ready()
      return 0
    },
    stats: async () => {
      try {
        return { ...(await remote.stats()), spool: chores.stats() }
      } catch (error) {
        throw isMcpdError(error) && isUnavailable(error) ? withStats(error, chores.stats()) : error
      }
    },
    spool: { stats: () => chores.stats(), carryOver: () => chores.now() },
    close: async () => {
      await chores.close()
      await file.close()
      await remote.close()
    },
  }
}

/** A daemon may miss some beats. */
const beatsPerLease = 5

/** Whoever wants to know what waits wants to know it now. */
const withStats = (error: McpdError, { appends, bytes, oldestMs }: SpoolStats): McpdError =>
  new McpdError(
    error.code,
    `${error.message} ${appends} appends wait for it in the spool, ${bytes} bytes, the oldest for ${Math.round(oldestMs / 1000)} s.`,
    error.details,
    error,
  )

const tell = (log: SpoolJournalOptions['log'], isAway: boolean): void =>
  isAway ? log.warn('PostgreSQL is away: what can be is spooled') : log.info('PostgreSQL is back')

const busy = ({ context }: ContextKey): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `What was added to the context ${context} while PostgreSQL was away is still to be carried over.`,
    { retryAfterSeconds: 2 },
  )

/**
 * What a client may be told without PostgreSQL: where the key may have been used before, nobody else knows whether what
 * conflicts is not the append itself. Throws STORE_UNAVAILABLE.
 */
const certain = ({ context, idempotencyKey }: Append, result: Appended): Appended => {
  if (result.outcome !== 'conflict' || idempotencyKey === undefined) return result
  throw new McpdError(
    'STORE_UNAVAILABLE',
    `Only PostgreSQL, which is not available, knows whether this was added to the context ${context} before.`,
    { retryAfterSeconds: 2 },
  )
}
