import { p99CountMin } from '../percentile.ts'
import type { Metrics } from '../report/metrics.ts'
import type { RunValues } from '../report/report.ts'

/** What runs are compared by. */
export interface ComparedMetric {
  readonly name: string
  readonly label: string
  /** Which way is worse. */
  readonly worse: 'more' | 'less'
  readonly of: (metrics: Metrics) => number | null
}

/** A p99 of one run is only a value to compare when it is more than the luck of its two or three slowest requests. */
const tailCountMin = 2 * p99CountMin

export const comparedMetrics: readonly ComparedMetric[] = [
  { name: 'ttftP50Ms', label: 'TTFT p50', worse: 'more', of: ({ ttftMs }) => ttftMs.p50 },
  {
    name: 'ttftP99Ms',
    label: 'TTFT p99',
    worse: 'more',
    of: ({ ttftMs }) => (ttftMs.n < tailCountMin ? null : ttftMs.p99),
  },
  { name: 'tpotP50Ms', label: 'TPOT p50', worse: 'more', of: ({ tpotMs }) => tpotMs.p50 },
  { name: 'e2eP50Ms', label: 'E2E p50', worse: 'more', of: ({ e2eMs }) => e2eMs.p50 },
  {
    name: 'outputTokensPerSecond',
    label: 'output tokens/s',
    worse: 'less',
    of: ({ outputTokensPerSecond }) => outputTokensPerSecond || null,
  },
]

/** The values of one run; what it has too little of is left out. */
export const valuesOf = (metrics: Metrics): RunValues =>
  Object.fromEntries(
    comparedMetrics.flatMap(({ name, of }) => {
      const value = of(metrics)
      return value === null || value <= 0 ? [] : [[name, value]]
    }),
  )
