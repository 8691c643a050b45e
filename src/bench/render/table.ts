import type { Summary } from '../percentile.ts'
import type { Point, Report } from '../report/report.ts'
import { formatMs, formatNumber, formatPercent } from './quantity.ts'

/** A report for a terminal of 80 columns. */
export const renderTable = (report: Report): string =>
  [
    heading(report),
    times(report),
    ...(report.points.length > 1 && !report.tax ? [points(report.points)] : []),
    rates(report),
    ...(report.faults ? [faults(report)] : []),
    tax(report),
    errors(report),
    client(report),
    report.checks.map(({ name, ok, detail }) => `${ok ? 'pass' : 'FAIL'}  ${name}: ${detail}`).join('\n'),
    ...report.notes.map((note) => wrap(`note  ${note}`)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')

const width = 79

const wrap = (text: string): string => {
  const lines: string[] = []
  let line = ''
  for (const word of text.trimStart().split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `      ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return text.slice(0, text.length - text.trimStart().length) + [...lines, line].join('\n')
}

const heading = ({ targets, load, workload, isInterrupted }: Report): string => {
  const kind =
    load.offeredRate === null
      ? `${load.concurrency} at once`
      : `${formatNumber(load.offeredRate)} requests/s offered, ${formatNumber(load.achievedRate)} sent`
  const lines = [
    ...targets.map(({ label, url, wire }) => cut(`${label}  ${url}  (${wire})`)),
    cut(
      `${load.requests} requests, ${kind}, ${formatNumber(load.durationMs / 1000)} s; input ${workload.inputTokens}, output ${workload.outputTokens}, seed ${workload.seed}`,
    ),
  ]
  if (isInterrupted) lines.push('Interrupted: the numbers are of what was done until then.')
  return lines.join('\n')
}

const cut = (text: string): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text)

const times = ({ metrics }: Report): string => {
  const rows: [string, Summary][] = [
    ['TTFT', metrics.ttftMs],
    ['TTFO', metrics.ttfoMs],
    ['TPOT', metrics.tpotMs],
    ['inter-chunk', metrics.iclMs],
    ['end to end', metrics.e2eMs],
    ['queue (client)', metrics.queueMs],
    ['connect', metrics.connectMs],
    ['head (ttfb)', metrics.ttfbMs],
  ]
  const { fromSchedule, ttftMs, e2eMs } = metrics
  if (differs(ttftMs, fromSchedule.ttftMs)) rows.push(['TTFT fr. sched.', fromSchedule.ttftMs])
  if (differs(e2eMs, fromSchedule.e2eMs)) rows.push(['E2E fr. sched.', fromSchedule.e2eMs])
  const shown = rows.filter(
    ([name, { n }]) => n > 0 && !(name === 'TTFO' && same(metrics.ttftMs, metrics.ttfoMs)),
  )
  return [
    row('ms', ['n', 'mean', 'p50', 'p90', 'p99', 'max']),
    ...shown.map(([name, { n, mean, p50, p90, p99, max }]) =>
      row(name, [String(n), ...[mean, p50, p90, p99, max].map(formatMs)]),
    ),
  ].join('\n')
}

/** More than 1 % at p99, or at p90 where there is none. */
const differs = (one: Summary, other: Summary): boolean => {
  const [a, b] = [one.p99 ?? one.p90, other.p99 ?? other.p90]
  return a !== null && b !== null && b > a * 1.01 && b - a > 0.05
}

const same = (one: Summary, other: Summary): boolean => one.n === other.n && one.mean === other.mean

const row = (name: string, cells: readonly string[]): string =>
  (name.padEnd(16) + cells.map((cell) => cell.padStart(10)).join('')).trimEnd()

const points = (all: readonly Point[]): string =>
  [
    `${''.padEnd(20)}${['req/s', 'tok/s', 'TTFT p50', 'TTFT p99', 'TPOT p50', 'failed'].map((cell) => cell.padStart(9)).join('')}`,
    ...all.map(({ name, metrics, errors }) =>
      (
        name.slice(0, 19).padEnd(20) +
        [
          formatNumber(metrics.requestsPerSecond),
          formatNumber(metrics.outputTokensPerSecond),
          formatMs(metrics.ttftMs.p50),
          formatMs(metrics.ttftMs.p99),
          formatMs(metrics.tpotMs.p50),
          String(errors.total),
        ]
          .map((cell) => cell.padStart(9))
          .join('')
      ).trimEnd(),
    ),
  ].join('\n')

const rates = ({ metrics, tokens }: Report): string => {
  const perUser = metrics.tokensPerSecondPerUser.p50
  const lines = [
    `${formatNumber(metrics.requestsPerSecond)} requests/s, ${formatNumber(metrics.outputTokensPerSecond)} output tokens/s` +
      (perUser === null ? '' : `, ${formatNumber(perUser)} tokens/s per user (p50)`),
    `${tokens.input} tokens in, ${tokens.output} out, counted by ${tokens.source}`,
  ]
  if (metrics.goodput)
    lines.push(
      `goodput ${formatNumber(metrics.goodput.requestsPerSecond)} requests/s, ${formatPercent(metrics.goodput.share)} met the objectives`,
    )
  return lines.join('\n')
}

const errors = ({ errors: { total, rate, byClass, messages } }: Report): string => {
  if (total === 0) return ''
  const classes = Object.entries(byClass).map(([name, count]) => `${name} ${count}`)
  return [
    wrap(`${total} failed (${formatPercent(rate)}): ${classes.join(', ')}`),
    ...messages
      .slice(0, 3)
      .map(({ message, count }) => cut(`  ${count} × ${message.replaceAll(/\s+/g, ' ')}`)),
  ].join('\n')
}

const faults = ({ faults = [] }: Report): string =>
  [
    `${'fault'.padEnd(10)}${['at s', 'for s', 'before', 'during', 'after', 'lost', 'recovery'].map((cell) => cell.padStart(9)).join('')}`,
    ...faults.map(
      ({ kind, fromMs, toMs, before, during, after, lost, recoveryMs }) =>
        kind.padEnd(10) +
        [
          formatNumber(fromMs / 1000),
          formatNumber((toMs - fromMs) / 1000),
          formatMs(before.ttftMs.p50),
          formatMs(during.ttftMs.p50),
          formatMs(after.ttftMs.p50),
          String(lost),
          formatMs(recoveryMs),
        ]
          .map((cell) => cell.padStart(9))
          .join(''),
    ),
    'Before, during, after: TTFT p50 in ms; recovery in ms from the end of the fault.',
  ].join('\n')

const tax = ({ tax }: Report): string =>
  tax === undefined
    ? ''
    : [
        wrap(`What the way through costs, over ${tax.pairs} pairs, with its 95 % interval:`),
        ['', 'direct', 'through', 'difference', 'low', 'high']
          .map((cell, at) => (at === 0 ? cell.padEnd(22) : cell.padStart(11)))
          .join(''),
        ...tax.rows.map(({ metric, direct, through, difference, low, high }) =>
          [
            metric.padEnd(22),
            ...[direct, through, difference, low, high].map((value) => formatMs(value).padStart(11)),
          ].join(''),
        ),
      ].join('\n')

const client = ({
  client: { verdict, reasons, scheduleLagMs, loopDelayMs, gc, errorBar },
}: Report): string => {
  const lines = [
    `client ${verdict}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`,
    `  schedule lag p99 ${formatMs(scheduleLagMs.p99 ?? scheduleLagMs.max)} ms, loop delay p99 ${formatMs(loopDelayMs.p99)} ms, longest GC ${formatMs(gc.maxMs)} ms`,
    errorBar
      ? `  error bar: TTFT ±${formatMs(errorBar.ttftMs.p50)} (p50) ±${formatMs(errorBar.ttftMs.p99)} ms (p99), gaps ±${formatMs(errorBar.gapMs.p50)} ±${formatMs(errorBar.gapMs.p99)} ms`
      : '  error bar: not measured; run mcpd bench selftest',
  ]
  return lines.map(wrap).join('\n')
}
