import type { Summary } from '../percentile.ts'
import { formatMs, formatNumber, formatPercent } from '../render/quantity.ts'
import type { Report } from '../report/report.ts'
import { panel } from './frame.ts'
import { escape } from './svg.ts'

interface Column {
  readonly title: string
  /** Text rather than a number. */
  readonly isWords?: boolean
}

const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  const kind = (index: number): string => (columns[index]?.isWords ? ' class="words"' : '')
  const head = columns.map(({ title }, index) => `<th${kind(index)}>${escape(title)}</th>`).join('')
  const body = rows
    .map((row) => `<tr>${row.map((cell, index) => `<td${kind(index)}>${escape(cell)}</td>`).join('')}</tr>`)
    .join('')
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

export const metricsTable = ({ metrics }: Report): string => {
  const rows: [string, Summary][] = [
    ['TTFT', metrics.ttftMs],
    ['TTFT from schedule', metrics.fromSchedule.ttftMs],
    ['TTFO', metrics.ttfoMs],
    ['TPOT', metrics.tpotMs],
    ['inter-chunk gaps', metrics.iclMs],
    ['end to end', metrics.e2eMs],
    ['end to end from schedule', metrics.fromSchedule.e2eMs],
    ['stream end', metrics.streamEndMs],
    ['head (ttfb)', metrics.ttfbMs],
    ['connect', metrics.connectMs],
    ['queue in the client', metrics.queueMs],
  ]
  return panel(
    'All latencies',
    'In milliseconds, over requests that succeeded. A p99 of fewer than 100 values is left out.',
    table(
      ['', 'n', 'mean', 'p50', 'p90', 'p99', 'max'].map((title) => ({ title })),
      rows
        .filter(([, { n }]) => n > 0)
        .map(([name, { n, mean, p50, p90, p99, max }]) => [
          name,
          String(n),
          ...[mean, p50, p90, p99, max].map(formatMs),
        ]),
    ),
  )
}

export const stepsTable = ({ points }: Report): string =>
  points.length < 2
    ? ''
    : panel(
        'Steps',
        'Each under its own load.',
        table(
          ['', 'requests/s', 'tokens/s', 'TTFT p50', 'TTFT p99', 'TPOT p50', 'E2E p50', 'failed'].map(
            (title) => ({ title }),
          ),
          points.map(({ name, metrics, errors, load }) => [
            name,
            formatNumber(metrics.requestsPerSecond),
            formatNumber(metrics.outputTokensPerSecond),
            formatMs(metrics.ttftMs.p50),
            formatMs(metrics.ttftMs.p99),
            formatMs(metrics.tpotMs.p50),
            formatMs(metrics.e2eMs.p50),
            `${errors.total} of ${load.requests}`,
          ]),
        ),
      )

export const errorsTable = ({ errors }: Report): string =>
  errors.total === 0
    ? ''
    : panel(
        'Failures',
        `${errors.total} requests, ${formatPercent(errors.rate)} of all. None of them is in a latency.`,
        table(
          [{ title: 'class' }, { title: 'count' }, { title: 'in words', isWords: true }],
          errors.messages.map((each) => [each.class, String(each.count), each.message]),
        ),
      )

export const faultsTable = ({ faults = [] }: Report): string =>
  faults.length === 0
    ? ''
    : panel(
        'Injected faults',
        'Between client and target, or in the server that the run had started. Recovery is from the end of the fault to the first success that was issued after it.',
        table(
          [
            '',
            'at s',
            'for s',
            'TTFT p50 before',
            'during',
            'after',
            'failed during',
            'lost',
            'recovery ms',
          ].map((title) => ({ title })),
          faults.map(({ kind, in: where, fromMs, toMs, before, during, after, lost, recoveryMs }) => [
            where === 'process' ? `${kind}, the server` : kind,
            formatNumber(fromMs / 1000),
            formatNumber((toMs - fromMs) / 1000),
            formatMs(before.ttftMs.p50),
            formatMs(during.ttftMs.p50),
            formatMs(after.ttftMs.p50),
            `${during.failed} of ${during.requests}`,
            String(lost),
            formatMs(recoveryMs),
          ]),
        ),
      )

export const taxTable = ({ tax }: Report): string =>
  tax === undefined
    ? ''
    : panel(
        'What the façade costs',
        `The same load around ${tax.through} and through it, in turn, ${tax.pairs} times; the difference with its 95 % interval.`,
        table(
          ['', 'direct', 'through', 'difference', 'low', 'high'].map((title) => ({ title })),
          tax.rows.map(({ metric, direct, through, difference, low, high }) => [
            metric,
            ...[direct, through, difference, low, high].map(formatMs),
          ]),
        ),
      )

export const resourcesTable = ({ resources }: Report): string => {
  if (!resources) return ''
  const { processes, gpus, servers } = resources
  const rows = [
    ...processes.map(({ name, cores, rssMaxMiB, threadsMax }) => [
      name,
      `${formatNumber(cores.mean)} cores, at most ${formatNumber(cores.max)}; ${formatNumber(rssMaxMiB)} MiB; ${threadsMax} threads`,
    ]),
    ...gpus.map(({ name, busy, memoryMaxMiB, watts }) => [
      name,
      `busy ${formatPercent(busy.mean)}; ${formatNumber(memoryMaxMiB)} MiB; ${formatNumber(watts.mean)} W, at most ${formatNumber(watts.max)}`,
    ]),
    ...servers.flatMap(({ url, series }) =>
      series
        .slice(0, seriesShown)
        .map(({ name, before, after }) => [
          `${name} of ${new URL(url).host}`,
          `${formatNumber(before)} → ${formatNumber(after)}`,
        ]),
    ),
  ]
  return panel(
    'What it cost',
    'Processes and cards of this machine, and what changed on the pages of metrics of the targets.',
    table(
      [
        { title: '', isWords: true },
        { title: '', isWords: true },
      ],
      rows,
    ),
  )
}

/** Series of one server on the page; the JSON has them all. */
const seriesShown = 20

export const clientTable = ({ client, machine }: Report): string => {
  const { scheduleLagMs, loopDelayMs, gc, errorBar } = client
  const rows: [string, string][] = [
    [
      'verdict',
      client.reasons.length > 0 ? `${client.verdict}: ${client.reasons.join('; ')}` : client.verdict,
    ],
    [
      'schedule lag',
      `p50 ${formatMs(scheduleLagMs.p50)}, p99 ${formatMs(scheduleLagMs.p99)}, max ${formatMs(scheduleLagMs.max)} ms`,
    ],
    [
      'event loop delay',
      `p50 ${formatMs(loopDelayMs.p50)}, p99 ${formatMs(loopDelayMs.p99)}, max ${formatMs(loopDelayMs.max)} ms`,
    ],
    [
      'garbage collection',
      `${gc.count} pauses, ${formatMs(gc.totalMs)} ms in all, longest ${formatMs(gc.maxMs)} ms`,
    ],
    ['CPU of the busiest thread', `${formatPercent(client.cpuShare)} of a core, ${client.threads} measuring`],
    ['events that shared a read', formatPercent(client.coalescedShare)],
    [
      'machine',
      `${machine.cpu}, ${machine.cores} cores, load ${machine.loadAverage}, ${machine.platform}, Node ${machine.node}`,
    ],
    [
      'error bar',
      errorBar
        ? `TTFT ±${formatMs(errorBar.ttftMs.p50)} ms (p50), ±${formatMs(errorBar.ttftMs.p99)} ms (p99); gaps ±${formatMs(errorBar.gapMs.p50)} and ±${formatMs(errorBar.gapMs.p99)} ms; mean TPOT ±${formatPercent(errorBar.tpotShare)}; measured ${errorBar.measuredAt.slice(0, 16).replace('T', ' ')} with ${errorBar.streams} streams against a simulator late by ${formatMs(errorBar.senderLateP99Ms)} ms at p99`
        : 'not measured: mcpd bench selftest',
    ],
  ]
  return panel(
    'How far this client can be trusted',
    'The client measures itself while it measures the target.',
    table([{ title: '' }, { title: '', isWords: true }], rows),
  )
}
