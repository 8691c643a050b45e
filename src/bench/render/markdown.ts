import type { GateReport } from '../compare/gate.ts'
import type { Summary } from '../percentile.ts'
import type { Report } from '../report/report.ts'
import { formatMs, formatNumber, formatPercent } from './quantity.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '-'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

/** A summary for a pull request or a CI job's page. */
export const renderMarkdown = (report: Report): string => {
  const { targets, metrics, load, checks, client, points, errors, startedAt, notes } = report
  const times: [string, Summary][] = [
    ['TTFT', metrics.ttftMs],
    ['TPOT', metrics.tpotMs],
    ['inter-chunk', metrics.iclMs],
    ['end to end', metrics.e2eMs],
  ]
  return `${[
    `### mcpd bench: ${targets.map(({ label }) => cell(label)).join(', ')}`,
    `${load.requests} requests on ${startedAt.slice(0, 10)}, ${formatNumber(metrics.requestsPerSecond)} requests/s, ${formatNumber(metrics.outputTokensPerSecond)} output tokens/s, ${errors.total} failed; client ${client.verdict}.`,
    table(
      ['ms', 'n', 'p50', 'p90', 'p99', 'max'],
      times
        .filter(([, { n }]) => n > 0)
        .map(([name, { n, p50, p90, p99, max }]) => [name, String(n), ...[p50, p90, p99, max].map(formatMs)]),
    ),
    ...(points.length > 1
      ? [
          table(
            ['step', 'requests/s', 'tokens/s', 'TTFT p50', 'TTFT p99', 'TPOT p50', 'failed'],
            points.map(({ name, metrics: each, errors: failed }) => [
              name,
              formatNumber(each.requestsPerSecond),
              formatNumber(each.outputTokensPerSecond),
              formatMs(each.ttftMs.p50),
              formatMs(each.ttftMs.p99),
              formatMs(each.tpotMs.p50),
              String(failed.total),
            ]),
          ),
        ]
      : []),
    checks
      .map(({ name, ok, detail }) => `- ${ok ? 'pass' : '**FAIL**'} ${cell(name)}: ${cell(detail)}`)
      .join('\n'),
    ...notes.map(cell),
  ].join('\n\n')}\n`
}

/** What a gate found, for the same places. */
export const renderGateMarkdown = ({
  baseline,
  candidate,
  rows,
  checks,
  invalid,
  margin,
}: GateReport): string => {
  const change = (ratio: number): string =>
    `${ratio >= 1 ? '+' : '−'}${Math.abs((ratio - 1) * 100).toFixed(1)} %`
  const failed = checks.filter(({ ok }) => !ok)
  return `${[
    `### mcpd bench gate: ${invalid.length > 0 ? 'invalid' : failed.length > 0 ? 'FAIL' : 'pass'}`,
    `${cell(candidate)} against ${cell(baseline)}, ${formatPercent(margin)} allowed.`,
    table(
      ['', 'baseline', 'candidate', 'change', '95 % interval', 'detects', ''],
      rows.map((row) => [
        row.label,
        formatMs(row.baseline),
        formatMs(row.candidate),
        change(row.ratio),
        row.interval ? `${change(row.interval.low)} … ${change(row.interval.high)}` : '-',
        row.detectable === null ? '-' : formatPercent(row.detectable),
        row.verdict,
      ]),
    ),
    ...[...invalid, ...failed.map(({ name, detail }) => `${name}: ${detail}`)].map(
      (line) => `- ${cell(line)}`,
    ),
  ].join('\n\n')}\n`
}
