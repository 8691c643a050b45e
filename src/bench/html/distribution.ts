import { formatMs } from '../render/quantity.ts'
import type { Curve } from '../report/curves.ts'
import type { Report } from '../report/report.ts'
import { areaOf, bottomAxis, type Entry, formatTick, legend, leftAxis, panel, picture } from './frame.ts'
import { logarithmic, tail } from './scale.ts'
import { path, titled } from './svg.ts'

const height = 360

interface Drawn extends Entry {
  readonly values: Curve
  readonly isDashed?: boolean
}

/** Gaps of nothing, between events of one read, would take half of a logarithmic axis. */
const lowEnd = ({ values }: Drawn): number => values[Math.floor(values.length * 0.05)] || 0.01

/** How many requests were at most this slow; each further nine of the tail is as tall as the one before. */
export const distribution = ({ curves }: Report): string => {
  const all: readonly Drawn[] = [
    { kind: 'blue', label: 'TTFT', values: curves.ttftMs },
    { kind: 'blue', label: 'TTFT from schedule (dashed)', values: curves.ttftFromScheduleMs, isDashed: true },
    { kind: 'orange', label: 'end to end', values: curves.e2eMs },
    {
      kind: 'orange',
      label: 'end to end from schedule (dashed)',
      values: curves.e2eFromScheduleMs,
      isDashed: true,
    },
    { kind: 'teal', label: 'TPOT', values: curves.tpotMs },
    { kind: 'violet', label: 'inter-chunk gaps', values: curves.iclMs },
  ]
  const shown = all.filter(({ values }) => values.length > 1)
  const values = shown.flatMap((each) => [...each.values])
  if (values.length === 0) return ''
  const area = areaOf(height)
  const finest = curves.shares[Math.max(...shown.map((each) => each.values.length)) - 1] ?? 0.9
  const x = logarithmic(
    Math.max(0.01, Math.max(...values) / 5000, Math.min(...shown.map(lowEnd)) * 0.9),
    Math.max(...values, 0.02) * 1.1,
    area.left,
    area.right,
  )
  const y = tail(finest, area.bottom, area.top)
  return panel(
    'Distribution',
    'Read it upwards: at p99, one request in a hundred is slower. Where a dashed line leaves its solid one, requests had to wait inside of the client before they were sent.',
    picture(height, 'Distribution of latencies', [
      bottomAxis(area, x, {
        label: 'ms (log)',
        format: formatTick,
      }),
      leftAxis(area, y, {
        format: (share) => (share === 0 ? '' : `p${Number((share * 100).toPrecision(6))}`),
      }),
      ...shown.map(({ values: curve, kind, isDashed }) =>
        path(
          curve.map((value, index) => [Math.max(area.left, x(value)), y(curves.shares[index]!)] as const),
          `stroke ${kind}${isDashed ? ' thin dash' : ''}`,
        ),
      ),
      ...shown
        .filter(({ isDashed }) => !isDashed)
        .flatMap(({ values: curve, kind, label }) =>
          [0.5, 0.9, 0.99].flatMap((share) => {
            const index = curves.shares.findIndex((each) => Math.abs(each - share) < 1e-9)
            const value = curve[index]
            if (value === undefined) return []
            return [
              titled(
                'circle',
                { cx: Math.max(area.left, x(value)), cy: y(share), r: 4, class: `mark ${kind}` },
                `${label} p${share * 100}: ${formatMs(value)} ms`,
              ),
            ]
          }),
        ),
    ]) + legend(shown),
  )
}
