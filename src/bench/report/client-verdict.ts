import type { ThreadHealth } from '../measure/thread-health.ts'
import { clientQueue, type RequestRecord } from '../measure/record.ts'
import { quantile, sorted, summarise, type Summary } from '../percentile.ts'

export type Verdict = 'ok' | 'suspect' | 'saturated'

export interface ClientHealth {
  readonly verdict: Verdict
  /** Why it is not ok. */
  readonly reasons: readonly string[]
  readonly threads: number
  /** How late requests were sent against their schedule, by the client's own doing. */
  readonly scheduleLagMs: Summary
  /** Of the worst phase and thread; p99 of the median one where there are more than two. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly gc: { readonly count: number; readonly totalMs: number; readonly maxMs: number }
  /** Share of one core, of the busiest thread. */
  readonly cpuShare: number
  /** Events that shared a read with another of the same answer, as a part of all. */
  readonly coalescedShare: number
}

interface Limit {
  readonly what: string
  readonly suspect: number
  readonly saturated: number
  readonly unit: string
}

const limits = {
  loopDelay: { what: 'event loop delay p99', suspect: 2, saturated: 10, unit: ' ms' },
  scheduleLag: { what: 'schedule lag p99', suspect: 5, saturated: 25, unit: ' ms' },
  cpu: { what: 'CPU of a measuring thread', suspect: 0.7, saturated: 0.9, unit: ' cores' },
} as const satisfies Record<string, Limit>

/**
 * `isGated` says that requests had to wait for a slot by the load's own rule (`--concurrency` under `--rate`): then
 * their lag is no fault of the client.
 */
export const judgeClient = (
  records: readonly RequestRecord[],
  threads: readonly ThreadHealth[],
  isGated: boolean,
): ClientHealth => {
  const lag = sorted(records.map(clientQueue).filter((ms) => ms !== undefined))
  const scheduleLagMs = summarise(lag)
  const worst = (of: (health: ThreadHealth) => number): number =>
    threads.reduce((most, each) => Math.max(most, of(each)), 0)
  const loopDelayMs = {
    p50: worst(({ loopDelayP50Ms }) => loopDelayP50Ms),
    // Of a phase of a tenth of a second the 99th percentile is one hiccup: over many phases the usual one counts.
    p99:
      quantile(sorted(threads.map(({ loopDelayP99Ms }) => loopDelayP99Ms)), threads.length > 2 ? 0.5 : 1) ||
      0,
    max: worst(({ loopDelayMaxMs }) => loopDelayMaxMs),
  }
  const cpuShare = worst((health) => health.cpuShare)
  const findings = [
    judge(limits.loopDelay, loopDelayMs.p99),
    judge(limits.scheduleLag, isGated ? 0 : (scheduleLagMs.p99 ?? scheduleLagMs.p90 ?? 0)),
    judge(limits.cpu, cpuShare),
  ].filter((finding) => finding !== undefined)
  const verdict = findings.some((finding) => finding.verdict === 'saturated')
    ? 'saturated'
    : findings.length > 0
      ? 'suspect'
      : 'ok'
  const events = records.reduce((sum, { stamps }) => sum + stamps.length, 0)
  const coalesced = records.reduce((sum, record) => sum + record.coalesced, 0)
  return {
    verdict,
    reasons: findings.map(({ reason }) => reason),
    threads: threads.length,
    scheduleLagMs,
    loopDelayMs,
    gc: {
      count: threads.reduce((sum, { gcCount }) => sum + gcCount, 0),
      totalMs: threads.reduce((sum, { gcTotalMs }) => sum + gcTotalMs, 0),
      maxMs: worst(({ gcMaxMs }) => gcMaxMs),
    },
    cpuShare,
    coalescedShare: events === 0 ? 0 : coalesced / events,
  }
}

const judge = (
  { what, suspect, saturated, unit }: Limit,
  value: number,
): { verdict: Exclude<Verdict, 'ok'>; reason: string } | undefined => {
  if (value <= suspect) return undefined
  const verdict = value > saturated ? 'saturated' : 'suspect'
  const limit = verdict === 'saturated' ? saturated : suspect
  return { verdict, reason: `${what} ${value.toFixed(2)}${unit} (over ${limit})` }
}
