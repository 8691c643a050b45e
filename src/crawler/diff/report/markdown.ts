import type { Change, Report } from './report.ts'

const headings = { breaking: 'Breaking', risky: 'Risky', safe: 'Safe' } as const
/** A comment on a pull request holds 65 536 characters; what follows the changes needs some of them. */
const charactersMax = 60_000

const healthMax = 20

/**
 * For comments and changelogs: one section per severity, one line per change, with its proof. What does not fit into a
 * comment is counted. `share` is the part of a comment that this report may fill, from 0 to 1.
 */
export const formatMarkdown = (report: Report, share = 1): string => {
  const { base, revision, verdict } = report
  const left = { characters: charactersMax * share }
  return [
    `## ${code(base.name)} → ${code(revision.name)}: ${verdict === 'none' ? 'no changes' : verdict}`,
    ...(['breaking', 'risky', 'safe'] as const).flatMap((severity) => section(report, severity, left)),
    ...opinion(report),
    ...health(report),
    '',
  ].join('\n')
}

const section = (
  { changes }: Report,
  severity: Change['severity'],
  left: { characters: number },
): readonly string[] => {
  const mine = changes.filter((change) => change.severity === severity)
  if (mine.length === 0) return []
  const lines: string[] = []
  let shown = 0
  for (const change of mine) {
    const own = item(change)
    left.characters -= own.join('\n').length
    if (left.characters < 0) break
    lines.push(...own)
    shown++
  }
  const rest = mine.length - shown
  const more = shown === 0 ? `- ${rest} changes` : `- and ${rest} more`
  return ['', `### ${headings[severity]}`, '', ...lines, ...(rest > 0 ? [more] : [])]
}

const opinion = ({ secondOpinion }: Report): readonly string[] => {
  if (!secondOpinion) return []
  const { tool, verdict, agrees, detail, onlyMcpd, onlyTool } = secondOpinion
  const said = verdict === 'unable' ? 'is unable to tell' : `${agrees ? 'agrees' : 'disagrees'}: ${verdict}`
  const only = (who: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`- broken in the eyes of ${who} only: ${names.map(code).join(', ')}`]
  return [
    '',
    '### Second opinion',
    '',
    `${escape(tool)} ${said}${detail === '' ? '' : ` (${escape(detail)})`}`,
    ...only('mcpd', onlyMcpd),
    ...only(tool, onlyTool),
  ]
}

const health = (report: Report): readonly string[] => {
  const errors = report.health.filter(({ level }) => level === 'error')
  if (errors.length === 0) return []
  const rest = errors.length - healthMax
  return [
    '',
    '### Health of the documents',
    '',
    ...errors.slice(0, healthMax).map((each) => `- ${escape(each.message)} (${code(each.pointer)})`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
  ]
}

const item = (change: Change): readonly string[] => {
  const { message, operations, id, witness, fingerprint, acknowledged } = change
  const [first, ...others] = operations
  const where =
    first === undefined ? '' : ` — ${code(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`
  const text = acknowledged ? `~~${escape(message)}~~ (${escape(acknowledged.reason)})` : escape(message)
  return [
    `- ${text}${where} <sub>${id} ${fingerprint}</sub>`,
    ...(witness
      ? [
          `  - ${witness.validIn === 'base' ? 'was valid and is not' : 'was not valid and is'}: ${code(short(JSON.stringify(witness.value)))}`,
        ]
      : []),
  ]
}

const short = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text)

/** Text of a document must not become links, mentions or markup. */
const escape = (text: string): string =>
  text
    .replaceAll(/[\\`*_{}[\]<>#|~]/g, String.raw`\$&`)
    .replaceAll('@', '@\u200B')
    .replaceAll(/\s+/g, ' ')

const code = (text: string): string => {
  const flat = text.replaceAll(/\s+/g, ' ')
  const fence = '`'.repeat(Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length)) + 1)
  return fence.length > 1 ? `${fence} ${flat} ${fence}` : `\`${flat}\``
}
