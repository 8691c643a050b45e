import type { Coverage, OperationCoverage, Share } from '../coverage.ts'
import type { Exchange } from '../exchange.ts'
import type { Finding } from '../finding.ts'
import type { FuzzResult } from '../result.ts'
import { escape } from './escape.ts'
import { shownExchange } from './json.ts'

/** Characters shown of one body. */
const bodyMaxCharacters = 4000

/** One page that needs nothing else: no scripts, no fonts, no addresses. */
export const formatHtml = (result: FuzzResult): string => {
  const { spec, url, findings, known, requests, elapsedMs, seed, startedAt } = result
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>mcpd fuzz: ${escape(spec.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(spec.title)} ${escape(spec.version)} <small>${escape(url)}</small></h1>
<p class="tiles">${tile(findings.length, 'findings')}${tile(known.length, 'known')}${tile(requests, 'requests')}${tile(`${(elapsedMs / 1000).toFixed(1)} s`, 'time')}${tile(seed, 'seed')}</p>
<p>${escape(startedAt)}</p>
${findings.length === 0 ? '<p class="good">Nothing was found.</p>' : findings.map(article).join('\n')}
${list('Warnings', result.warnings)}${list(
    'Left out',
    result.leftOut.map(({ operation, reason }) => `${operation}: ${reason}`),
  )}
${coverage(result.coverage)}
</body>
</html>
`
}

const style = `
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --warn: #b26a00; --good: #2e7d32 }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffcc80; --good: #a5d6a7 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; overflow-wrap: anywhere } h1 small { font-weight: 400; opacity: .7 } h2 { font-size: 1.1rem; margin-top: 2rem }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem } .tile { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .9rem }
.tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
article { border: 1px solid var(--line); border-left: 5px solid var(--warn); border-radius: 4px; padding: .6rem .9rem; margin: .7rem 0 }
article.critical, article.high { border-left-color: var(--bad) }
.critical .severity, .high .severity, .bad { color: var(--bad) } .medium .severity, .warn { color: var(--warn) } .good { color: var(--good) }
.severity { font-weight: 600 } .soft { opacity: .75; font-size: 13px }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
pre { border: 1px solid var(--line); border-radius: 4px; padding: .5rem; margin: .4rem 0 }
table { border-collapse: collapse; width: 100%; font-size: 13px } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
`

const tile = (value: number | string, name: string): string =>
  `<span class="tile"><b>${value}</b>${name}</span>`

const article = (finding: Finding): string => {
  const { severity, operation, check, message, what, phase, count, curl, steps, exchange, fingerprint } =
    finding
  return `<article class="${severity}">
<div><span class="severity">${severity}</span> <b>${escape(operation)}</b> ${escape(message)}</div>
<div class="soft">${escape([what, `${phase} phase`, `seen ${count}×`].filter(Boolean).join(' · '))}</div>
<pre>${escape(curl)}</pre>
<details><summary>${steps.length === 0 ? 'the exchange' : `${steps.length + 1} exchanges`}</summary>
${[...steps, exchange].map((each) => written(each, each === exchange)).join('\n')}
</details>
<div class="soft">${check} · ${escape(fingerprint)}${finding.requestIds.length > 0 ? ` · request ids ${escape(finding.requestIds.join(', '))}` : ''}</div>
</article>`
}

const written = (each: Exchange, isFailing: boolean): string => {
  const { request, response, failure, totalMs } = shownExchange(each)
  const head = `${request.method} ${request.url}\n${request.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}`
  const answer = response
    ? `${response.status}\n${Object.entries(response.headers)
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n')}\n\n${response.body.slice(0, bodyMaxCharacters)}`
    : (failure?.message ?? 'no answer')
  return `<pre${isFailing ? ' class="bad"' : ''}>${escape(`${head}\n\n${(request.body ?? '').slice(0, bodyMaxCharacters)}\n→ ${totalMs} ms  ${answer}`)}</pre>`
}

const list = (title: string, entries: readonly string[]): string =>
  entries.length === 0
    ? ''
    : `<h2>${title} (${entries.length})</h2>\n<ul>${entries.map((entry) => `<li>${escape(entry)}</li>`).join('')}</ul>`

const coverage = ({ totals, operations }: Coverage): string => `<h2>Coverage</h2>
<p class="tiles">${tile(`${totals.attempted}/${totals.operations}`, 'operations attempted')}${tile(`${totals.succeeded}/${totals.operations}`, 'with a success')}${shareTile(totals.parameters, 'parameters')}${shareTile(totals.keywords, 'sides of keywords')}${shareTile(totals.responses, 'documented responses')}</p>
<table><thead><tr><th>operation</th><th>requests</th><th>answers</th><th>parameters not sent</th><th>keywords missed</th><th>responses not seen</th></tr></thead>
<tbody>${operations.map(row).join('\n')}</tbody></table>`

const shareTile = ({ hit, all }: Share, name: string): string => tile(`${hit}/${all}`, name)

const row = (each: OperationCoverage): string => {
  const { operation, requests, statuses, hasSucceeded, parameters, keywords, responses, reason } = each
  const tone = requests === 0 ? 'bad' : hasSucceeded ? 'good' : 'warn'
  const sent = new Set(parameters.sent)
  const answers = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`)
  const missed = keywords.flatMap(({ place, valid, invalid }) => [
    ...(valid ? [] : [`${place} (valid)`]),
    ...(invalid === false ? [`${place} (invalid)`] : []),
  ])
  const unseen = responses.filter(({ seen }) => !seen).map(({ status }) => status)
  const cells = [answers, parameters.all.filter((name) => !sent.has(name)), missed, unseen]
  return `<tr><td class="${tone}"><code>${escape(operation)}</code>${reason === undefined ? '' : `<div class="soft">${escape(reason)}</div>`}</td><td>${requests}</td>${cells.map((cell) => `<td>${escape(cell.join(', '))}</td>`).join('')}</tr>`
}
