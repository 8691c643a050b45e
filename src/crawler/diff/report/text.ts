import { styleText } from 'node:util'
import type { Change, Finding, Location, Report } from './report.ts'

export interface TextOptions {
  readonly colour: boolean
  /** Also changes that are safe, and findings that are no errors. Default false: they are counted. */
  readonly all: boolean
}

const colours = { breaking: 'red', risky: 'yellow', safe: 'green', none: 'green' } as const
const marks = { breaking: '✗', risky: '!', safe: '✓' } as const
/** Operations named before the rest is counted. */
const operationsShown = 4
const valueMax = 200

/** For people at a terminal: verdict first, then what changed with its place and proof, then what is wrong. */
export const formatText = (report: Report, options: TextOptions): string => {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const { base, revision, counts, changes, health, verdict } = report
  const shown = changes.filter(
    (change) => options.all || (change.severity !== 'safe' && !change.acknowledged),
  )
  const lines = [
    `${base.name} → ${revision.name}: ${paint(['bold', colours[verdict]], verdict === 'none' ? 'no changes' : verdict)}`,
    ...shown.flatMap((change) => ['', ...changeLines(change, paint)]),
  ]
  const summary = [
    ...(['breaking', 'risky', 'safe'] as const).flatMap((each) =>
      counts[each] > 0 ? `${counts[each]} ${each}` : [],
    ),
    ...(counts.acknowledged > 0 ? [`${counts.acknowledged} acknowledged`] : []),
  ]
  if (summary.length > 0) {
    const hidden = changes.length - shown.length
    lines.push('', `${summary.join(', ')}${hidden > 0 ? `; ${hidden} not shown, see them with --all` : ''}`)
  }
  return [...lines, ...healthLines(health, options.all, paint), ...opinion(report)].join('\n')
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

const changeLines = (change: Change, paint: Paint): readonly string[] => {
  const { severity, message, id, operations, fingerprint, witness, unproven, because, acknowledged } = change
  const named = operations.slice(0, operationsShown).join(', ')
  const more = operations.length - operationsShown
  return [
    `${paint(colours[severity], `${marks[severity]} ${severity}`)}  ${message}`,
    ...(named === '' ? [] : [`    in ${named}${more > 0 ? ` and ${more} more` : ''}`]),
    ...places(change).map((place) => `    at ${paint('dim', place)}`),
    ...(witness
      ? [
          `    proof: ${shorten(JSON.stringify(witness.value))} ${witness.validIn === 'base' ? 'was valid and is not' : 'was not valid and is'}`,
        ]
      : []),
    ...(unproven === undefined ? [] : [`    unproven: ${unproven}`]),
    ...(because === undefined ? [] : [`    judged so because: ${because}`]),
    ...(acknowledged ? [`    acknowledged: ${acknowledged.reason}`] : []),
    paint('dim', `    ${id}  ${fingerprint}`),
  ]
}

const places = ({ baseLocation, revisionLocation, pointer }: Change): readonly string[] => {
  if (baseLocation && revisionLocation) return [`${written(baseLocation)} → ${written(revisionLocation)}`]
  const only = revisionLocation ?? baseLocation
  return [only ? written(only) : pointer]
}

const written = ({ file, line, column }: Location): string => `${file}:${line}:${column}`

const shorten = (text: string): string => (text.length > valueMax ? `${text.slice(0, valueMax)}…` : text)

const healthLines = (health: readonly Finding[], all: boolean, paint: Paint): readonly string[] => {
  if (health.length === 0) return []
  const shown = health.filter(({ level, document }) => all || (level === 'error' && document === 'revision'))
  const rest = health.length - shown.length
  return [
    '',
    ...shown.map(
      ({ message, location, pointer, id }) =>
        `${paint('magenta', 'spec health')}  ${message}  ${paint('dim', `${location ? written(location) : pointer}  ${id}`)}`,
    ),
    ...(rest > 0 ? [`${rest} more findings about the documents, see them with --all`] : []),
  ]
}

const opinion = ({ secondOpinion }: Report): readonly string[] => {
  if (!secondOpinion) return []
  const { tool, verdict, agrees, detail, onlyMcpd, onlyTool } = secondOpinion
  const said = verdict === 'unable' ? 'is unable to tell' : `${agrees ? 'agrees' : 'disagrees'}: ${verdict}`
  const named = (names: readonly string[]): string =>
    `${names.slice(0, operationsShown).join(', ')}${names.length > operationsShown ? ` and ${names.length - operationsShown} more` : ''}`
  return [
    '',
    `second opinion: ${tool} ${said}${detail === '' ? '' : ` (${detail})`}`,
    ...(onlyMcpd.length > 0 ? [`    broken in the eyes of mcpd only: ${named(onlyMcpd)}`] : []),
    ...(onlyTool.length > 0 ? [`    broken in the eyes of ${tool} only: ${named(onlyTool)}`] : []),
  ]
}
