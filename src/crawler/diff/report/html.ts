import type { Change, Finding, Location, Report } from './report.ts'

/** One page that needs nothing else: no scripts, no fonts, no addresses. `firsts` are specs seen once. */
export const formatHtml = (reports: readonly Report[], firsts: readonly string[] = []): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>mcpd diff</title>
<style>
:root { color-scheme: light dark; --line: #8884; --breaking: #c62828; --risky: #b26a00; --safe: #2e7d32 }
@media (prefers-color-scheme: dark) { :root { --breaking: #ff8a80; --risky: #ffcc80; --safe: #a5d6a7 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2 { font-size: 1.05rem; margin-top: 2rem }
article { border: 1px solid var(--line); border-left-width: 5px; border-radius: 4px; padding: .6rem .9rem; margin: .7rem 0 }
article.breaking { border-left-color: var(--breaking) } article.risky { border-left-color: var(--risky) } article.safe { border-left-color: var(--safe) }
.verdict { font-weight: 600 } .breaking .verdict, .verdict.breaking { color: var(--breaking) }
.risky .verdict, .verdict.risky { color: var(--risky) } .safe .verdict, .verdict.safe { color: var(--safe) }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
article > * { margin: .2rem 0 } .message { margin-bottom: .35rem }
.place, .id { opacity: .75; font-size: 13px } .proof code { background: #8882; border-radius: 3px; padding: .1em .35em }
summary { cursor: pointer } ul { margin: .3rem 0; padding-left: 1.2rem } .done { opacity: .6 } hr { border: 0; border-top: 1px solid var(--line); margin: 2.5rem 0 }
</style>
</head>
<body>
${[...reports.map(body), ...firsts.map(first)].join('\n<hr>\n')}
</body>
</html>
`

const body = (report: Report): string => {
  const { base, revision, verdict, counts } = report
  const parts = (['breaking', 'risky', 'safe'] as const)
    .map((severity) => section(report, severity))
    .filter(Boolean)
  return `<h1>${escape(base.name)} → ${escape(revision.name)}</h1>
<p><span class="verdict ${verdict}">${verdict === 'none' ? 'no changes' : verdict}</span> · ${counts.breaking} breaking, ${counts.risky} risky, ${counts.safe} safe${counts.acknowledged > 0 ? `, ${counts.acknowledged} acknowledged` : ''}</p>
${parts.join('\n')}${opinion(report)}${health(report.health)}`
}

const first = (name: string): string => `<h1>${escape(name)}</h1>\n<p>first version, nothing to compare</p>`

const titles = { breaking: 'Breaking', risky: 'Risky', safe: 'Safe' } as const

const section = ({ changes }: Report, severity: Change['severity']): string => {
  const mine = changes.filter((change) => change.severity === severity)
  if (mine.length === 0) return ''
  const list = mine.map(article).join('\n')
  return severity === 'safe'
    ? `<details><summary><h2 style="display:inline">Safe (${mine.length})</h2></summary>\n${list}\n</details>`
    : `<h2>${titles[severity]} (${mine.length})</h2>\n${list}`
}

/** What fits on a line is shown; the rest is a click away. */
const operationsShown = 4
const valueShown = 160

const article = (change: Change): string => {
  const { severity, message, witness, unproven, because, id, fingerprint, acknowledged } = change
  const places = [change.baseLocation, change.revisionLocation].flatMap((each) =>
    each ? [`<code>${escape(written(each))}</code>`] : [],
  )
  return [
    `<article class="${severity}${acknowledged ? ' done' : ''}">`,
    `<div class="message"><span class="verdict">${severity}</span> ${escape(message)}</div>`,
    ...operationList(change.operations),
    ...(witness ? [proof(witness)] : []),
    ...(unproven === undefined ? [] : [`<div class="place">unproven: ${escape(unproven)}</div>`]),
    ...(because === undefined ? [] : [`<div class="place">judged so because: ${escape(because)}</div>`]),
    ...(acknowledged ? [`<div class="place">acknowledged: ${escape(acknowledged.reason)}</div>`] : []),
    ...(places.length > 0 ? [`<div class="place">${places.join(' → ')}</div>`] : []),
    `<div class="id">${escape(id)} · ${fingerprint}</div>`,
    '</article>',
  ].join('\n')
}

const operationList = (operations: readonly string[]): readonly string[] => {
  if (operations.length === 0) return []
  const codes = operations.map((name) => `<code>${escape(name)}</code>`)
  if (codes.length <= operationsShown) return [`<div>${codes.join(', ')}</div>`]
  const items = codes.map((code) => `<li>${code}</li>`).join('')
  return [
    `<details><summary>${codes.slice(0, operationsShown - 1).join(', ')} and ${codes.length - operationsShown + 1} more</summary><ul>${items}</ul></details>`,
  ]
}

const proof = ({ value, validIn }: NonNullable<Change['witness']>): string => {
  const was = validIn === 'base' ? 'was valid and is not' : 'was not valid and is'
  const text = JSON.stringify(value)
  if (text.length <= valueShown) return `<div class="proof">proof: <code>${escape(text)}</code> ${was}</div>`
  return `<details><summary>proof: ${was}</summary><pre>${escape(JSON.stringify(value, undefined, 2))}</pre></details>`
}

const opinion = ({ secondOpinion }: Report): string => {
  if (!secondOpinion) return ''
  const { tool, verdict, agrees, detail, onlyMcpd, onlyTool } = secondOpinion
  const said = verdict === 'unable' ? 'is unable to tell' : `${agrees ? 'agrees' : 'disagrees'}: ${verdict}`
  const only = (who: string, names: readonly string[]): string =>
    names.length === 0
      ? ''
      : `<p>Broken in the eyes of ${escape(who)} only:</p>${operationList(names).join('')}`
  return `<h2>Second opinion</h2>\n<p>${escape(tool)} ${said}${detail === '' ? '' : ` (${escape(detail)})`}</p>${only('mcpd', onlyMcpd)}${only(tool, onlyTool)}`
}

const health = (findings: readonly Finding[]): string =>
  findings.length === 0
    ? ''
    : `<h2>Health of the documents (${findings.length})</h2>\n<ul>${findings
        .slice(0, 200)
        .map(
          ({ level, message, location, pointer }) =>
            `<li>${level}: ${escape(message)} <code>${escape(location ? written(location) : pointer)}</code></li>`,
        )
        .join('')}</ul>`

const written = ({ file, line, column }: Location): string => `${file}:${line}:${column}`

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
