import type { Logger } from 'pino'
import type { HotConfig } from '../../../core/hot-config.ts'
import type { MetricsRegistry } from '../../../core/metrics.ts'
import { createVault, type MasterKey } from '../encryption/vault.ts'
import { createHotCopies, type HotCopies } from './copies.ts'
import { hotMetrics } from './counts.ts'
import { createLink } from './link.ts'
import { createWatch } from './watch.ts'

export interface OpenHotCopiesOptions extends HotConfig {
  /** Of `contexts.encryption`. */
  readonly keys: readonly MasterKey[]
  readonly metrics: MetricsRegistry
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Connects in the background: whether Redis is there is said in the log, and matters to nobody else. */
export const openHotCopies = (options: OpenHotCopiesOptions): HotCopies => {
  const { place, ttlMs, keys, metrics, log, now } = options
  const watch = createWatch(log)
  const link = createLink({ place, watch, now })
  const vault = createVault(keys)
  const copies = createHotCopies({
    link,
    watch,
    ttlMs,
    sealingOf: (key) => {
      const cipher = vault.of(key)
      return {
        seal: (bytes) => cipher.seal(sealedAs, bytes),
        open: (bytes) => cipher.open(sealedAs, bytes),
      }
    },
  })
  hotMetrics(metrics, copies.counts, link.circuit)
  return copies
}

const sealedAs = 'hot copy'
