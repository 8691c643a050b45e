import type { ComparedRow } from '../compare/compare.ts'
import type { GateReport } from '../compare/gate.ts'
import { formatMs, formatPercent } from './quantity.ts'

/** Two sets of runs side by side, in 80 columns. */
export const renderRows = (rows: readonly ComparedRow[]): string =>
  [
    `${''.padEnd(18)}${['baseline', 'candidate', 'change', '95 % interval', 'detects'].map((cell, at) => cell.padStart(widths[at]!)).join('')}`,
    ...rows.map(({ label, baseline, candidate, ratio, interval, verdict, detectable }) =>
      [
        label.padEnd(18),
        formatMs(baseline).padStart(10),
        formatMs(candidate).padStart(11),
        change(ratio).padStart(10),
        (interval ? `${change(interval.low)} … ${change(interval.high)}` : '-').padStart(20),
        (detectable === null ? '-' : formatPercent(detectable)).padStart(9),
        verdict === 'same' || verdict === 'unknown' ? '' : `  ${verdict}`,
      ].join(''),
    ),
  ].join('\n')

const widths = [10, 11, 10, 20, 9]

const change = (ratio: number): string =>
  `${ratio >= 1 ? '+' : '−'}${Math.abs((ratio - 1) * 100).toFixed(1)} %`

/** What `mcpd bench gate` prints. */
export const renderGate = (gate: GateReport): string => {
  const { rows, runs, margin, baseline, candidate, client, checks, invalid } = gate
  const detectable = rows.map((row) => row.detectable).filter((value) => value !== null)
  const failed = checks.filter(({ ok }) => !ok)
  return [
    `baseline   ${baseline}, ${runs.baseline} runs\ncandidate  ${candidate}, ${runs.candidate} runs${runs.paired ? ', in turn' : ''}`,
    rows.length === 0 ? 'There is nothing to compare.' : renderRows(rows),
    [
      `allowed: ${formatPercent(margin)}; smallest change for the worse that this gate detects: ` +
        (detectable.length === 0
          ? 'none'
          : `${formatPercent(Math.min(...detectable))} to ${formatPercent(Math.max(...detectable))}`),
      `client ${client.verdict}${client.reasons.length > 0 ? `: ${client.reasons.join('; ')}` : ''}`,
    ].join('\n'),
    invalid.length > 0
      ? `INVALID  ${invalid.join('; ')}`
      : failed.length > 0
        ? failed.map(({ name, detail }) => `FAIL  ${name}: ${detail}`).join('\n')
        : 'pass',
  ].join('\n\n')
}
