import { estimate, interval, runsMin } from '../compare/bootstrap.ts'
import { quantile, sorted } from '../percentile.ts'
import { createRandom } from '../random.ts'
import { windowOf } from '../report/build.ts'
import { measureRecords, type Metrics } from '../report/metrics.ts'
import type { Tax } from '../report/report.ts'
import type { Run } from '../run.ts'

const rows: readonly (readonly [string, (metrics: Metrics) => number | null])[] = [
  ['TTFT p50, ms', ({ ttftMs }) => ttftMs.p50],
  ['TTFT p90, ms', ({ ttftMs }) => ttftMs.p90],
  ['TTFT p99, ms', ({ ttftMs }) => ttftMs.p99],
  ['TPOT p50, ms', ({ tpotMs }) => tpotMs.p50],
  ['end to end p50, ms', ({ e2eMs }) => e2eMs.p50],
  ['output tokens/s', ({ outputTokensPerSecond }) => outputTokensPerSecond],
]

const resamples = 5000

/** The differences of a paired run whose target 0 is direct and whose target 1 goes through the daemon. */
export const taxOf = (run: Run, through: string): Tax => {
  const measured = run.phases.filter(({ phase }) => !phase.isWarmUp)
  const metricsOf = (target: number): Metrics[] =>
    measured
      .filter(({ phase }) => phase.targets[0] === target)
      .map((phase) => measureRecords(phase.records, windowOf(phase), undefined))
  const [direct, proxied] = [metricsOf(0), metricsOf(1)]
  return {
    through,
    pairs: Math.min(direct.length, proxied.length),
    rows: rows.flatMap(([metric, of]) => {
      const pairs = direct.flatMap((metrics, index) => {
        const [before, after] = [of(metrics), proxied[index] ? of(proxied[index]) : null]
        return before === null || after === null ? [] : [[before, after] as const]
      })
      if (pairs.length < runsMin) return []
      const differences = pairs.map(([before, after]) => after - before)
      const found = estimate([differences], resamples, createRandom(1, metric.length))
      return [
        {
          metric,
          direct: quantile(sorted(pairs.map(([before]) => before)), 0.5),
          through: quantile(sorted(pairs.map(([, after]) => after)), 0.5),
          difference: found.center,
          ...interval(found, 0.95),
        },
      ]
    }),
  }
}
