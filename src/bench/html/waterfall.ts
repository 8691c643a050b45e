import { formatMs } from '../render/quantity.ts'
import type { Report } from '../report/report.ts'
import type { Slowest } from '../report/slowest.ts'
import { areaOf, bottomAxis, legend, panel, picture } from './frame.ts'
import { linear } from './scale.ts'
import { tag, text, titled } from './svg.ts'

const rowHeight = 13

const parts = [
  { kind: 'red', label: 'queue in the client', from: () => 0, to: (one: Slowest) => one.issuedMs },
  {
    kind: 'amber',
    label: 'connect',
    from: (one: Slowest) => one.issuedMs,
    to: (one: Slowest) => one.connectedMs,
  },
  {
    kind: 'soft',
    label: 'to the head',
    from: (one: Slowest) => one.connectedMs,
    to: (one: Slowest) => one.headMs,
  },
  {
    kind: 'blue',
    label: 'to the first token',
    from: (one: Slowest) => one.headMs,
    to: (one: Slowest) => one.firstMs,
  },
  { kind: 'teal', label: 'tokens', from: (one: Slowest) => one.firstMs, to: (one: Slowest) => one.endMs },
] as const

/** Where the time of the slowest requests went. */
export const waterfall = ({ slowest }: Report): string => {
  if (slowest.length < 2) return ''
  const height = slowest.length * rowHeight + 44
  const area = areaOf(height, { left: 86 })
  const longest = Math.max(...slowest.map(({ endMs }) => endMs))
  const x = linear(0, longest * 1.02, area.left, area.right, 8)
  const rows = slowest.map((one, index) => {
    const y = area.top + index * rowHeight + 4
    const bars = parts.map(({ kind, label, from, to }) => {
      const [start, end] = [x(from(one)), x(to(one))]
      if (end - start < 0.15) return ''
      return titled(
        'rect',
        { x: start, y, width: end - start, height: rowHeight - 4, rx: 1.5, class: `fill ${kind}` },
        `request ${one.index}${one.requestId === undefined ? '' : ` (${one.requestId})`}, ${label}: ${formatMs(to(one) - from(one))} ms of ${formatMs(one.endMs)} ms`,
      )
    })
    return (
      text(area.left - 8, y + 9, `at ${formatMs(one.atMs / 1000)} s`, {
        'text-anchor': 'end',
        class: 'tick',
      }) + bars.join('')
    )
  })
  return panel(
    'The slowest requests',
    `The ${slowest.length} that took longest from their schedule, the slowest first; beside each is when it was scheduled. The axis is ms from there.`,
    picture(height, 'The slowest requests', [bottomAxis(area, x), tag('g', {}, rows.join(''))]) +
      legend(parts),
  )
}
