import type { Change, Report } from './report.ts'

const headings = { breaking: 'Breaking', risky: 'Risky', safe: 'Safe' } as const
/** A comment on a pull request holds 65 536 characters. */
const changesMax = 200

/** For comments and changelogs: one section per severity, one line per change, proofs folded in. */
export const formatMarkdown = (report: Report): string => {
  const { base, revision, verdict, health } = report
  const errors = health.filter(({ level }) => level === 'error')
  return [
    `## ${code(base.name)} → ${code(revision.name)}: ${verdict === 'none' ? 'no changes' : verdict}`,
    ...(['breaking', 'risky', 'safe'] as const).flatMap((severity) => section(report, severity)),
    ...(errors.length > 0
      ? [
          '',
          '### Health of the documents',
          '',
          ...errors.map((each) => `- ${escape(each.message)} (${code(each.pointer)})`),
        ]
      : []),
    '',
  ].join('\n')
}

const section = ({ changes }: Report, severity: Change['severity']): readonly string[] => {
  const mine = changes.filter((change) => change.severity === severity)
  if (mine.length === 0) return []
  const lines = mine.slice(0, changesMax).flatMap(item)
  const rest = mine.length - changesMax
  return ['', `### ${headings[severity]}`, '', ...lines, ...(rest > 0 ? [`- and ${rest} more`] : [])]
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
