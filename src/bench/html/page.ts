import { formatMs, formatNumber, formatPercent } from '../render/quantity.ts'
import type { Report } from '../report/report.ts'
import { distribution } from './distribution.ts'
import { loadCurve } from './load-curve.ts'
import { script, style } from './style.ts'
import { escape } from './svg.ts'
import {
  clientTable,
  errorsTable,
  faultsTable,
  metricsTable,
  resourcesTable,
  stepsTable,
  taxTable,
} from './tables.ts'
import { timeSeries } from './time-series.ts'
import { waterfall } from './waterfall.ts'

/** A report as one page that needs nothing else: no network, no script to be read. */
export const renderHtml = (report: Report): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escape(`mcpd bench: ${titleOf(report)}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header><div><h1><small>mcpd bench</small>${escape(titleOf(report))}</h1>${identity(report)}</div><button id="theme" hidden>Light / dark</button></header>
${verdicts(report)}
${tiles(report)}
${notes(report)}
${loadCurve(report)}
${stepsTable(report)}
${taxTable(report)}
${timeSeries(report)}
${faultsTable(report)}
${distribution(report)}
${metricsTable(report)}
${errorsTable(report)}
${waterfall(report)}
${resourcesTable(report)}
${clientTable(report)}
${glossary(report)}
</main>
<script>${script}</script>
</body>
</html>
`

const titleOf = ({ targets }: Report): string => targets.map(({ label }) => label).join(', ')

const identity = ({ startedAt, version, workload, load, targets }: Report): string => {
  const kind =
    load.offeredRate === null
      ? `${load.concurrency} at once`
      : `${formatNumber(load.offeredRate)} requests/s offered`
  const urls = [...new Set(targets.map(({ url, wire }) => `${url} (${wire})`))].join(', ')
  return `<p class="identity">${escape(
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC · ${load.requests} requests, ${kind} · input ${workload.inputTokens}, output ${workload.outputTokens} tokens · seed ${workload.seed} · mcpd ${version} · ${urls}`,
  )}</p>`
}

const chip = (kind: 'good' | 'warn' | 'bad' | '', name: string, detail: string): string =>
  `<span class="chip ${kind}"><b>${escape(name)}</b>${escape(detail)}</span>`

const verdicts = ({ checks, client, isInterrupted }: Report): string => {
  const clientKind = { ok: 'good', suspect: 'warn', saturated: 'bad' } as const
  const { errorBar } = client
  return `<div class="strip">${[
    isInterrupted ? chip('warn', 'interrupted', 'the numbers are of what was done until then') : '',
    ...checks.map(({ name, ok, detail }) => chip(ok ? 'good' : 'bad', name, detail)),
    chip(clientKind[client.verdict], `client ${client.verdict}`, client.reasons[0] ?? ''),
    errorBar
      ? chip(
          '',
          'error bar',
          `TTFT ±${formatMs(errorBar.ttftMs.p99)} ms, gaps ±${formatMs(errorBar.gapMs.p99)} ms at p99`,
        )
      : chip('warn', 'error bar', 'not measured'),
  ].join('')}</div>`
}

const tile = (name: string, value: string, unit: string, detail = ''): string =>
  `<div class="tile"><span>${escape(name)}</span><b>${escape(value)}</b><i>${escape(unit)}</i><em>${escape(detail)}</em></div>`

const tiles = ({ metrics, errors, tokens }: Report): string => {
  const { ttftMs, tpotMs, e2eMs, goodput } = metrics
  const tail = (ms: number | null, p90: number | null): string =>
    ms === null ? (p90 === null ? '' : `p90 ${formatMs(p90)}`) : `p99 ${formatMs(ms)}`
  return `<div class="tiles">${[
    ttftMs.n > 0 ? tile('TTFT, median', formatMs(ttftMs.p50), 'ms', tail(ttftMs.p99, ttftMs.p90)) : '',
    tpotMs.n > 0
      ? tile('Time per token, median', formatMs(tpotMs.p50), 'ms', tail(tpotMs.p99, tpotMs.p90))
      : '',
    tile('End to end, median', formatMs(e2eMs.p50), 'ms', tail(e2eMs.p99, e2eMs.p90)),
    tile(
      'Output',
      formatNumber(metrics.outputTokensPerSecond),
      'tokens/s',
      `${tokens.output} tokens, by ${tokens.source}`,
    ),
    tile(
      'Requests',
      formatNumber(metrics.requestsPerSecond),
      '/s',
      goodput ? `goodput ${formatNumber(goodput.requestsPerSecond)}/s` : '',
    ),
    tile('Failed', String(errors.total), '', formatPercent(errors.rate)),
  ].join('')}</div>`
}

const notes = ({ notes: all }: Report): string =>
  all.length === 0
    ? ''
    : `<section><ul class="notes">${all.map((note) => `<li>${escape(note)}</li>`).join('')}</ul></section>`

const glossary = ({ definitions }: Report): string =>
  `<section><details><summary>Definitions</summary><dl>${Object.entries(definitions)
    .map(([name, words]) => `<dt>${escape(name)}</dt><dd>${escape(words)}</dd>`)
    .join('')}</dl></details></section>`
