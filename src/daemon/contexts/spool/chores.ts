import type { ContextKey } from '../../../core/context.ts'
import { isMcpdError } from '../../../core/errors.ts'
import type { SpoolStats } from '../../../core/journal.ts'
import { createDrain, type DrainParts } from './drain.ts'
import { fill } from './fill.ts'
import { isUnavailable, type Outage } from './outage.ts'

export interface ChoreParts extends DrainParts {
  readonly revisionsOf: (keys: readonly ContextKey[]) => Promise<ReadonlyMap<string, string>>
  readonly outage: Outage
  readonly retryMs: number
  readonly beatMs: number
}

export interface Chores {
  /** Resolves when it is known what the file has; where it cannot be opened too, and then nothing is spooled. */
  ready(): Promise<void>
  isOpen(): boolean
  /** Something has to be carried over, or PostgreSQL is away. */
  soon(): void
  now(): Promise<void>
  stats(): SpoolStats
  close(): Promise<void>
}

/** After an error that will be the same in a moment, such as a schema of a newer mcpd. */
const errorRetryMs = 30_000
/** A context that nobody has: whether PostgreSQL answers. */
const probe: ContextKey = { tenant: 'default', context: 'spool-probe' }

/** What the spool does beside answering: it looks whether PostgreSQL is back, carries over, and renews what it holds. */
export const createChores = (parts: ChoreParts): Chores => {
  const { remote, revisionsOf, file, memory, outage, log, now, retryMs, beatMs } = parts
  const drain = createDrain(parts)
  let isClosed = false
  let isOpen = false
  let isRecovered = false
  let running: Promise<void> | undefined
  let beating: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const opening = file.open().then(
    () => {
      isOpen = true
      if (file.contexts().length > 0) log.info(file.stats(), 'appends of a run before wait for PostgreSQL')
    },
    (error: unknown) => log.error({ err: error }, 'nothing can be spooled'),
  )
  const round = async (): Promise<void> => {
    const startedMs = now()
    try {
      await remote.summary(probe)
      outage.end()
      await drain.all(() => isClosed)
      if (isClosed) return
      if (!isRecovered) {
        // Not before: an answer whose end is in the file would be taken for one that a crash cut off.
        const aborted = await remote.recover()
        if (aborted > 0) log.info({ aborted }, 'answers that a crash cut off are kept as aborted')
      }
      isRecovered = true
      // What was held before is held again, if nobody has written.
      await beat()
    } catch (error) {
      if (!isUnavailable(error)) throw error
      outage.begin(startedMs)
    }
  }
  const run = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    running ??= opening
      .then(round)
      .then(
        () => retryMs,
        (error: unknown) => {
          log.error({ err: error }, 'the spool was not looked after')
          return errorRetryMs
        },
      )
      .then((delayMs) => {
        running = undefined
        soon(delayMs)
      })
    return running
  }
  const hasWork = (): boolean =>
    outage.sinceMs() !== undefined || file.contexts().length > 0 || (isOpen && !isRecovered)
  const soon = (delayMs = retryMs): void => {
    if (isClosed || timer || running || !hasWork()) return
    timer = setTimeout(() => void run(), delayMs)
    timer.unref()
  }
  const beat = async (): Promise<void> => {
    const held = memory.held().filter((key) => !file.has(key))
    if (outage.sinceMs() !== undefined || held.length === 0) return
    const startedMs = now()
    try {
      await fill({ remote, memory })
      const checked = memory.checking((key) => file.has(key))
      checked(await revisionsOf(held))
    } catch (error) {
      if (!isMcpdError(error)) throw error
      if (isUnavailable(error)) outage.begin(startedMs)
    }
  }
  const beats = setInterval(() => {
    beating ??= beat()
      .catch((error: unknown) => log.error({ err: error }, 'it is not known who has written last'))
      .finally(() => {
        beating = undefined
      })
  }, beatMs)
  beats.unref()

  void run()
  return {
    ready: () => opening,
    isOpen: () => isOpen,
    soon: () => soon(),
    now: async () => {
      await running
      await run()
    },
    stats: () => ({ ...file.stats(), forks: drain.forks() }),
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      clearInterval(beats)
      await opening
      await Promise.all([running, beating])
    },
  }
}
