import { formatMs, formatNumber } from '../render/quantity.ts'
import type { Point, Report } from '../report/report.ts'
import { areaOf, bottomAxis, legend, leftAxis, panel, picture } from './frame.ts'
import { linear, logarithmic } from './scale.ts'
import { path, text, titled } from './svg.ts'

const height = 330

/**
 * The point with the best use of the server: the last before more load buys little throughput for much latency.
 * It maximises throughput over TTFT in the sense of Kleinrock's power. Undefined for fewer than three points.
 */
export const kneeOf = (points: readonly Point[]): Point | undefined => {
  if (points.length < 3) return undefined
  const power = ({ metrics }: Point): number => {
    const latency = metrics.e2eMs.p50
    return latency === null || latency <= 0 ? 0 : metrics.outputTokensPerSecond / latency ** 0.5
  }
  return points.reduce((best, point) => (power(point) > power(best) ? point : best))
}

/** Throughput against latency, step by step of the load. */
export const loadCurve = ({ points }: Report): string => {
  const shown = points.filter(({ metrics }) => metrics.ttftMs.p50 !== null)
  if (shown.length < 2) return ''
  const area = areaOf(height, { right: 940 })
  const most = Math.max(...shown.map(({ metrics }) => metrics.outputTokensPerSecond))
  const times = shown.flatMap(({ metrics: { ttftMs } }) => [ttftMs.p50!, ttftMs.p99 ?? ttftMs.p90!])
  const x = linear(0, most * 1.06, area.left, area.right)
  const y = logarithmic(Math.min(...times) * 0.8, Math.max(...times) * 1.2, area.bottom, area.top)
  const users = shown.map(({ metrics }) => metrics.tokensPerSecondPerUser.p50 ?? 0)
  const right = linear(0, Math.max(...users, 1) * 1.15, area.bottom, area.top)
  const at = (of: (point: Point) => number) =>
    shown.map((point) => [x(point.metrics.outputTokensPerSecond), of(point)] as const)
  const p50 = at(({ metrics }) => y(metrics.ttftMs.p50!))
  const tail = at(({ metrics }) => y(metrics.ttftMs.p99 ?? metrics.ttftMs.p90!))
  const perUser = at(({ metrics }) => right(metrics.tokensPerSecondPerUser.p50 ?? 0))
  const knee = kneeOf(shown)
  const marks = (places: readonly (readonly [number, number])[], kind: string): string =>
    places
      .map(([cx, cy], index) =>
        titled(
          'circle',
          {
            cx,
            cy,
            r: shown[index] === knee ? 6.5 : 4.5,
            class: `${shown[index] === knee ? 'knee' : 'mark'} ${kind}`,
          },
          wordsOf(shown[index]!),
        ),
      )
      .join('')
  return panel(
    'Throughput and latency',
    'What more load buys, and what it costs. The filled mark is the knee: beyond it latency grows faster than throughput.',
    picture(height, 'Throughput against latency', [
      bottomAxis(area, x, { label: 'output tokens/s, all users' }),
      leftAxis(area, y, { label: 'TTFT, ms (log)' }),
      ...right.ticks.map((tick) =>
        text(area.right + 8, right(tick) + 4, formatNumber(tick).replace(/\.0+$/, ''), { class: 'tick' }),
      ),
      text(area.right + 50, area.top + 10, 'tokens/s per user', { class: 'unit', 'text-anchor': 'end' }),
      path(perUser, 'stroke thin dash teal'),
      path(tail, 'stroke orange'),
      path(p50, 'stroke blue'),
      marks(perUser, 'teal'),
      marks(tail, 'orange'),
      marks(p50, 'blue'),
      ...p50.map(([px, py], index) => {
        // Points of a saturated server are above each other: there the names go to the left.
        const before = p50[index - 1]
        const isCrowded = before !== undefined && Math.abs(px - before[0]) < 60
        return isCrowded
          ? text(px - 12, py + 4, shown[index]!.name, { 'text-anchor': 'end', class: 'tick' })
          : text(px, py + 20, shown[index]!.name, { 'text-anchor': 'middle', class: 'tick' })
      }),
    ]) +
      legend([
        { kind: 'blue', label: 'TTFT p50' },
        {
          kind: 'orange',
          label: shown.every(({ metrics }) => metrics.ttftMs.p99 !== null)
            ? 'TTFT p99'
            : 'TTFT p99, or p90 of few requests',
        },
        { kind: 'teal', label: 'tokens/s per user (right)' },
      ]),
  )
}

const wordsOf = ({ name, metrics }: Point): string =>
  `${name}: ${formatNumber(metrics.outputTokensPerSecond)} tokens/s, TTFT p50 ${formatMs(metrics.ttftMs.p50)} ms, ` +
  `p99 ${formatMs(metrics.ttftMs.p99)} ms, ${formatNumber(metrics.tokensPerSecondPerUser.p50 ?? 0)} tokens/s per user`
