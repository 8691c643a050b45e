import type { MetricsRegistry } from '../../../core/metrics.ts'
import type { CircuitState } from '../../guards/breaker.ts'

/**
 * What came of a read: from memory; from the copy in Redis (`hit`); from the journal, for there was no copy or not all
 * of the path in it (`miss`), or one of another revision (`stale`), or one that is not as it was written (`broken`), or
 * somebody was writing (`pending`), or Redis did not answer (`unavailable`).
 */
const readOutcomes = ['memory', 'hit', 'miss', 'stale', 'broken', 'pending', 'unavailable'] as const
export type ReadOutcome = (typeof readOutcomes)[number]

/** Why a copy was written from the journal. */
const repairReasons = ['miss', 'stale', 'broken'] as const
export type RepairReason = (typeof repairReasons)[number]

export interface HotCounts {
  readonly reads: Record<ReadOutcome, number>
  readonly repairs: Record<RepairReason, number>
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  // Every name is in it.
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>

export const createCounts = (): HotCounts => ({ reads: zeros(readOutcomes), repairs: zeros(repairReasons) })

export const hotMetrics = (
  metrics: MetricsRegistry,
  { reads, repairs }: HotCounts,
  circuit: () => CircuitState,
): void => {
  metrics.gauge('mcpd_hot_reads_total', 'Reads of whole conversations, by where they came from.', () =>
    Object.entries(reads).map(([outcome, count]) => [{ outcome }, count]),
  )
  metrics.gauge('mcpd_hot_repairs_total', 'Copies in Redis that were written from the journal, by why.', () =>
    Object.entries(repairs).map(([reason, count]) => [{ reason }, count]),
  )
  metrics.gauge(
    'mcpd_hot_circuit_open',
    '1 while Redis is not asked, for it does not answer in time.',
    () => [[{}, circuit() === 'closed' ? 0 : 1]],
  )
}
