import type { Report } from '../report/report.ts'
import type { Bin } from '../report/timeline.ts'
import { type Area, areaOf, bottomAxis, type Entry, legend, leftAxis, panel, picture } from './frame.ts'
import { linear, type Scale } from './scale.ts'
import { area as areaShape, path, tag, text, titled } from './svg.ts'

const rowHeight = 150
const errorKinds = ['red', 'orange', 'violet', 'amber', 'soft'] as const

/** The run over time, in rows that share an axis; what a fault covers is shaded in each. */
export const timeSeries = (report: Report): string => {
  const { timeline, faults = [] } = report
  const { bins, stepMs, processes, dots } = timeline
  if (bins.length < 2) return ''
  const seconds = (bins.length * stepMs) / 1000
  const hasErrors = bins.some(({ failed }) => failed > 0)
  const hasProcesses = processes.some(({ samples }) => samples.length > 1)
  const rows: ((area: Area, x: Scale) => string)[] = [
    (area, x) => requestRow(area, x, report),
    ...(isOpen(report) ? [(area: Area, x: Scale) => rateRow(area, x, report)] : []),
    ...(dots.length > 0 ? [(area: Area, x: Scale) => ttftRow(area, x, report)] : []),
    ...(bins.some(({ tokens }) => tokens > 0) ? [(area: Area, x: Scale) => tokenRow(area, x, report)] : []),
    ...(hasErrors ? [(area: Area, x: Scale) => errorRow(area, x, report)] : []),
    ...(hasProcesses ? [(area: Area, x: Scale) => cpuRow(area, x, report)] : []),
  ]
  const height = rows.length * rowHeight + 22
  const drawn = rows.map((row, index) => {
    const area = areaOf(0, { top: index * rowHeight + 8, bottom: (index + 1) * rowHeight - 16 })
    const x = linear(0, seconds, area.left, area.right, 10)
    const bands = faults.map(({ fromMs, toMs, kind }) => {
      const [from, to] = [x(fromMs / 1000), x(toMs / 1000)]
      return (
        tag('rect', {
          x: from,
          y: area.top,
          width: Math.max(1, to - from),
          height: area.bottom - area.top,
          class: 'band',
        }) +
        (index === 0
          ? text((from + to) / 2, area.top + 22, kind, { class: 'bandname', 'text-anchor': 'middle' })
          : '')
      )
    })
    const axis = index === rows.length - 1 ? bottomAxis(area, x, { label: 'seconds' }) : gridOnly(area, x)
    return axis + bands.join('') + row(area, x)
  })
  return panel(
    'Over time',
    `One step is ${stepMs >= 1000 ? `${stepMs / 1000} s` : `${stepMs} ms`}. Dots are single requests at the time they were issued.`,
    picture(height, 'The run over time', drawn) + legend(entries(report, hasErrors, hasProcesses)),
  )
}

const gridOnly = ({ top, bottom }: Area, x: Scale): string =>
  x.ticks
    .map((tick) => tag('line', { x1: x(tick), x2: x(tick), y1: top, y2: bottom, class: 'grid' }))
    .join('')

const isOpen = ({ points }: Report): boolean => points.some(({ load }) => load.offeredRate !== null)

const entries = (report: Report, hasErrors: boolean, hasProcesses: boolean): Entry[] => [
  { kind: 'blue', label: 'requests at once' },
  ...(isOpen(report)
    ? [
        { kind: 'soft', label: 'requests/s offered (dashed)' },
        { kind: 'teal', label: 'requests/s sent' },
      ]
    : []),
  { kind: 'orange', label: 'TTFT p99' },
  { kind: 'violet', label: 'output tokens/s' },
  ...(hasErrors
    ? errorClassesOf(report.timeline.bins).map((label, at) => ({
        kind: errorKinds[at % errorKinds.length]!,
        label,
      }))
    : []),
  ...(hasProcesses
    ? report.timeline.processes.map(({ name }, at) => ({
        kind: processKinds[at % processKinds.length]!,
        label: `${name}, cores`,
      }))
    : []),
]

const mostOf = (bins: readonly Bin[], of: (bin: Bin) => number): number =>
  bins.reduce((most, bin) => Math.max(most, of(bin)), 0)

type Row = (area: Area, x: Scale, report: Report) => string

/** The middle of each step. */
const placesOf = (
  x: Scale,
  { timeline: { bins, stepMs } }: Report,
  y: (bin: Bin) => number,
): (readonly [number, number])[] =>
  bins.map((bin, index) => [x(((index + 0.5) * stepMs) / 1000), y(bin)] as const)

const requestRow: Row = (area, x, report) => {
  const y = linear(
    0,
    Math.max(
      1,
      mostOf(report.timeline.bins, ({ running }) => running),
    ) * 1.08,
    area.bottom,
    area.top,
    3,
  )
  const running = placesOf(x, report, (bin) => y(bin.running))
  return [
    leftAxis(area, y, { label: 'requests at once' }),
    areaShape(running, area.bottom, 'wash blue'),
    path(running, 'stroke thin blue'),
  ].join('')
}

/** Counts of short steps jump; over about a second they are a rate. */
const smoothMs = 1000

const rateRow: Row = (area, x, report) => {
  const { bins, stepMs } = report.timeline
  const reach = Math.max(0, Math.round(smoothMs / stepMs / 2))
  const rates = (of: (bin: Bin) => number): number[] =>
    bins.map((_, index) => {
      const around = bins.slice(Math.max(0, index - reach), index + reach + 1)
      return (around.reduce((sum, bin) => sum + of(bin), 0) * 1000) / (stepMs * around.length)
    })
  const [offered, issued] = [rates(({ scheduled }) => scheduled), rates((bin) => bin.issued)]
  const y = linear(0, Math.max(...offered, ...issued, 0.1) * 1.1, area.bottom, area.top, 3)
  const places = (values: readonly number[]) =>
    values.map((value, index) => [x(((index + 0.5) * stepMs) / 1000), y(value)] as const)
  return [
    leftAxis(area, y, { label: 'requests/s' }),
    path(places(offered), 'stroke dash soft'),
    path(places(issued), 'stroke thin teal'),
  ].join('')
}

const ttftRow: Row = (area, x, report) => {
  const { bins, dots } = report.timeline
  const y = linear(0, Math.max(...dots.map(([, ms]) => ms), 1e-3) * 1.05, area.bottom, area.top, 3)
  const curve = (of: (bin: Bin) => number | null) =>
    bins.map((bin, index) => {
      const ms = of(bin)
      return ms === null ? null : ([x(((index + 0.5) * report.timeline.stepMs) / 1000), y(ms)] as const)
    })
  return [
    leftAxis(area, y, { label: 'TTFT, ms' }),
    ...dots.map(([atMs, ms]) => tag('circle', { cx: x(atMs / 1000), cy: y(ms), r: 1.7, class: 'dot blue' })),
    path(
      curve(({ ttftP99Ms }) => ttftP99Ms),
      'stroke thin orange',
    ),
    path(
      curve(({ ttftP50Ms }) => ttftP50Ms),
      'stroke thin blue',
    ),
  ].join('')
}

const tokenRow: Row = (area, x, report) => {
  const { bins, stepMs } = report.timeline
  const rate = ({ tokens }: Bin): number => (tokens * 1000) / stepMs
  const y = linear(0, mostOf(bins, rate) * 1.08, area.bottom, area.top, 3)
  const places = placesOf(x, report, (bin) => y(rate(bin)))
  return (
    leftAxis(area, y, { label: 'output tokens/s' }) +
    areaShape(places, area.bottom, 'wash violet') +
    path(places, 'stroke thin violet')
  )
}

const errorClassesOf = (bins: readonly Bin[]): string[] => [
  ...new Set(bins.flatMap(({ errors }) => Object.keys(errors))),
]

const errorRow: Row = (area, x, { timeline: { bins, stepMs } }) => {
  const classes = errorClassesOf(bins)
  const y = linear(
    0,
    Math.max(
      1,
      mostOf(bins, ({ failed }) => failed),
    ) * 1.08,
    area.bottom,
    area.top,
    3,
  )
  const width = Math.max(1.5, x(stepMs / 1000) - x(0) - 1)
  const bars = bins.flatMap(({ errors }, index) => {
    let below = 0
    return classes.map((name, at) => {
      const count = errors[name] ?? 0
      if (count === 0) return ''
      const top = y(below + count)
      const bar = titled(
        'rect',
        {
          x: x((index * stepMs) / 1000),
          y: top,
          width,
          height: y(below) - top,
          class: `fill ${errorKinds[at % errorKinds.length]}`,
        },
        `${count} × ${name}`,
      )
      below += count
      return bar
    })
  })
  return leftAxis(area, y, { label: 'failed' }) + bars.join('')
}

const processKinds = ['soft', 'teal', 'violet', 'amber', 'orange'] as const

const cpuRow: Row = (area, x, { timeline: { processes } }) => {
  const most = Math.max(0.1, ...processes.flatMap(({ samples }) => samples.map(([, cpu]) => cpu)))
  const y = linear(0, most * 1.1, area.bottom, area.top, 3)
  return (
    leftAxis(area, y, { label: 'CPU, cores' }) +
    processes
      .map(({ samples }, at) =>
        path(
          samples.map(([ms, cpu]) => [x(ms / 1000), y(cpu)] as const),
          `stroke thin ${processKinds[at % processKinds.length]}`,
        ),
      )
      .join('')
  )
}
