import { existsSync } from 'node:fs'
import type { Logger } from 'pino'
import type { ContextsConfig } from '../../core/context-config.ts'
import type { Guard, Invoke } from '../../core/inference.ts'
import type { Journal } from '../../core/journal.ts'
import type { MetricsRegistry } from '../../core/metrics.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { recallGuard } from '../guards/recall.ts'
import type { ContextParts } from '../http/context-route.ts'
import type { Registry } from '../registry.ts'
import { createAsk } from './ask.ts'
import type { Caches } from './cache/caches.ts'
import { createCompaction } from './compaction.ts'
import { createVault, type MasterKey } from './encryption/vault.ts'
import { openHotCopies } from './hot-redis/open.ts'
import { newId } from './ids.ts'
import { lazyJournal } from './journal/lazy.ts'
import { createMemoryJournal } from './journal/memory.ts'
import type { PostgresJournalOptions } from './journal/postgres.ts'
import { createLook, createPreview } from './look.ts'
import { migrateContexts } from './migrate.ts'
import { tokenizeBy, vectorsOf } from './models.ts'
import { createPruning } from './pruning.ts'
import { createContextStore } from './store.ts'

export interface Contexts {
  readonly guard: Guard
  readonly surface: ContextParts
  close(): Promise<void>
}

interface StartOptions {
  readonly registry: Registry
  /** The pipeline, for what models are asked on the daemon's own behalf. */
  readonly invoke: Invoke
  /** Closed by who opened them. */
  readonly caches: Caches
  readonly metrics: MetricsRegistry
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Longest wait for a summary. */
const compactMs = 5 * 60_000
const collectEveryMs = 60 * 60_000

/** Prepares the store of conversations, and makes what uses it. */
export const startContexts = (config: ContextsConfig, options: StartOptions): Contexts => {
  const { registry, invoke, caches, metrics, log, now } = options
  const journal = journalOf(config, options)
  const keys = config.encryption?.keys ?? []
  const contexts = createContextStore({
    journal,
    hotMaxBytes: config.hotMaxBytes,
    ...(config.hot && { copies: openHotCopies({ ...config.hot, keys, metrics, log, now }) }),
  })
  const ask = createAsk(invoke, now)
  const vectors = vectorsOf(config, ask, caches.vectors)
  const pruning = createPruning({
    tokenizeOf: tokenizeBy(registry, ask),
    counts: caches.counts,
    ...(vectors && { vectors }),
  })
  const compact = createCompaction(contexts, ask, caches.summaries)
  const stop = new AbortController()
  const { compaction } = config
  return {
    guard: recallGuard({
      contexts,
      newId,
      look: createLook({ registry, pruning }),
      learn: (...observed) => pruning.learn(...observed),
      overflowed: (key, head) => {
        if (!compaction) return
        // Who asked has an answer; the summary is for the next question.
        compact(
          key,
          head,
          compaction.model,
          AbortSignal.any([stop.signal, AbortSignal.timeout(compactMs)]),
        ).catch((error: unknown) =>
          log.warn({ err: error, context: key.context }, 'a conversation was not summed up'),
        )
      },
    }),
    surface: {
      contexts,
      newId,
      preview: createPreview(contexts, pruning),
      compact,
      migrate: async (url, signal) => {
        await using target = closing(await openPostgres(url, config.encryption?.keys))
        // Not before it is done may the block close what it writes to.
        return await migrateContexts(contexts.journal, target.journal, defaultPrincipal.tenant, signal)
      },
    },
    close: async () => {
      stop.abort()
      await pruning.close()
      await contexts.close()
    },
  }
}

const journalOf = (config: ContextsConfig, { caches, log, metrics, now }: StartOptions): Journal => {
  const { journal, retentionMs, encryption, archive, cache, spool, hotMaxBytes } = config
  if (journal.kind === 'memory') return createMemoryJournal({ now: Date.now, newId })
  const kind = { driver: journal.kind, shared: journal.kind === 'postgres' }
  const lazy = lazyJournal(kind, async () => {
    const opened = await open(journal, encryption?.keys, {
      ...(cache && { segments: caches.segments }),
      ...(archive && { archive }),
    })
    // What waits in a spool comes first.
    const aborted = spool ? 0 : await settled(opened)
    if (aborted > 0) log.info({ aborted }, 'answers that a crash cut off are kept as aborted')
    return keepHouse(opened, retentionMs, log)
  })
  const kept =
    spool && journal.kind === 'postgres'
      ? lazyJournal(kind, async () => {
          const { openSpool } = await import('./spool/open-spool.ts')
          const keys = encryption?.keys ?? []
          const { url } = journal
          return openSpool({ config: spool, remote: lazy, url, keys, hotMaxBytes, metrics, log, now })
        })
      : lazy
  // What a crash left open is settled before anybody asks.
  if (journal.kind === 'postgres' || existsSync(journal.path))
    kept.recover().catch((error: unknown) => log.error({ err: error }, 'the conversations cannot be read'))
  return kept
}

const open = async (
  journal: Exclude<ContextsConfig['journal'], { kind: 'memory' }>,
  keys: readonly MasterKey[] = [],
  more: PostgresParts = {},
): Promise<Journal> => {
  if (journal.kind === 'postgres') return openPostgres(journal.url, keys, more)
  const { openSqliteJournal } = await import('./journal/sqlite.ts')
  return openSqliteJournal({ path: journal.path, keys })
}

/** Aborts what a crash left open. A journal in which that fails, such as for a missing key, is not left open. */
const settled = async (journal: Journal): Promise<number> => {
  try {
    return await journal.recover()
  } catch (error) {
    await journal.close()
    throw error
  }
}

/** A journal that is closed with the block that has it. */
const closing = (journal: Journal) => ({ journal, [Symbol.asyncDispose]: () => journal.close() })

type PostgresParts = Pick<PostgresJournalOptions, 'segments' | 'archive'>

const openPostgres = async (
  url: string,
  keys: readonly MasterKey[] = [],
  more: PostgresParts = {},
): Promise<Journal> => {
  const { openPostgresJournal } = await import('./journal/postgres.ts')
  return openPostgresJournal({
    url,
    now: Date.now,
    newId,
    vault: createVault(keys),
    ...more,
  })
}

/** Deletes what is too old, now and every hour. */
const keepHouse = (journal: Journal, retentionMs: number | undefined, log: Logger): Journal => {
  const collect = (): void => {
    journal
      .collect(retentionMs === undefined ? {} : { retentionMs })
      .catch((error: unknown) => log.warn({ err: error }, 'old conversations were not deleted'))
  }
  const timer = setInterval(collect, collectEveryMs)
  timer.unref()
  collect()
  return {
    ...journal,
    close: () => {
      clearInterval(timer)
      return journal.close()
    },
  }
}
