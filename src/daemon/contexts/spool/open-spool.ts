import type { Logger } from 'pino'
import type { Journal } from '../../../core/journal.ts'
import type { MetricsRegistry } from '../../../core/metrics.ts'
import type { SpoolConfig } from '../../../core/spool-config.ts'
import { createVault, type MasterKey } from '../encryption/vault.ts'
import { newId } from '../ids.ts'
import { readRevisions } from './revisions.ts'
import { createSpoolFile } from './spool-file.ts'
import { createSpoolJournal, type SpoolJournal } from './spool-journal.ts'

export interface OpenSpoolOptions {
  readonly config: SpoolConfig
  readonly remote: Journal
  /** Of the database of `remote`. */
  readonly url: string
  readonly keys: readonly MasterKey[]
  readonly hotMaxBytes: number
  readonly metrics: MetricsRegistry
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** The spool of a daemon, with what it says about itself. */
export const openSpool = (options: OpenSpoolOptions): SpoolJournal => {
  const { config, remote, url, keys, hotMaxBytes, metrics, log, now } = options
  if (!remote.shared) throw new TypeError('What only this daemon writes to needs no spool.')
  const revisions = readRevisions(url)
  const journal = createSpoolJournal({
    remote,
    revisionsOf: (asked) => revisions.of(asked),
    file: createSpoolFile({ ...config, clock: Date.now, vault: createVault(keys) }),
    hotMaxBytes,
    log,
    newId,
    now,
    clock: Date.now,
  })
  const { spool } = journal
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(name, help, () => [[{}, read()]])
  gauge(
    'mcpd_context_spool_appends',
    'Appends to contexts that wait for PostgreSQL.',
    () => spool.stats().appends,
  )
  gauge('mcpd_context_spool_bytes', 'What they take on the disk.', () => spool.stats().bytes)
  gauge(
    'mcpd_context_spool_oldest_seconds',
    'How long the oldest has been waiting.',
    () => spool.stats().oldestMs / 1000,
  )
  gauge(
    'mcpd_context_spool_forks_total',
    'Appends that came on a head of their own, for another daemon had gone on.',
    () => spool.stats().forks,
  )
  return {
    ...journal,
    close: async () => {
      await journal.close()
      await revisions.close()
    },
  }
}
