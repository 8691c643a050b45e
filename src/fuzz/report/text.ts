import { styleText } from 'node:util'
import type { Coverage, Share } from '../coverage.ts'
import type { Finding } from '../finding.ts'
import type { Ending, FuzzResult } from '../result.ts'

export interface TextOptions {
  readonly colour: boolean
  /** Where each finding was written, by fingerprint, for `mcpd fuzz replay`. */
  readonly files?: ReadonlyMap<string, string>
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

const colours = { critical: 'red', high: 'red', medium: 'yellow', low: 'cyan' } as const
const endings: Readonly<Record<Ending, string>> = {
  finished: 'all was done',
  time: 'the time was over',
  interrupted: 'interrupted',
  unreachable: 'the target went away',
}
/** Operations and warnings that are named before the rest is counted. */
const namedMax = 12

/** For people at a terminal: what was found with how to see it again, then what was reached and what was not. */
export const formatText = (result: FuzzResult, { colour, files }: TextOptions): string => {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const { findings, known, requests, elapsedMs, seed, ending, coverage } = result
  const seconds = elapsedMs / 1000
  const verdict =
    findings.length === 0
      ? paint(['bold', 'green'], 'nothing found')
      : paint(['bold', 'red'], `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`)
  return [
    `${result.spec.title} ${result.spec.version} at ${result.url}: ${verdict}`,
    ...findings.flatMap((finding) => ['', ...findingLines(finding, paint, files?.get(finding.fingerprint))]),
    '',
    ...(known.length > 0 ? [`${known.length} more are known to the baseline.`] : []),
    ...coverageLines(coverage),
    ...notReached(coverage, paint),
    ...listed(
      'left out',
      result.leftOut.map(({ operation, reason }) => `${operation}: ${reason}`),
      paint,
    ),
    ...listed('warning', result.warnings, paint),
    `${requests} requests in ${seconds.toFixed(1)} s (${Math.round(requests / Math.max(seconds, 0.001))}/s), seed ${seed}; ${endings[ending]}.`,
  ].join('\n')
}

const findingLines = (finding: Finding, paint: Paint, file: string | undefined): readonly string[] => {
  const { severity, check, operation, message, what, phase, count, curl, fingerprint, steps } = finding
  const earlier =
    steps.length === 0 ? '' : `, with ${steps.length} other ${steps.length === 1 ? 'step' : 'steps'}`
  return [
    `${paint(colours[severity], `✗ ${severity}`)}  ${paint('bold', operation)}  ${message}`,
    `    ${what === '' ? '' : `${what}; `}${phase} phase${earlier}, seen ${count === 1 ? 'once' : `${count} times`}`,
    ...steps.map(({ request, response }) =>
      paint('dim', `    ${request.method} ${request.url} → ${response?.status ?? 'no answer'}`),
    ),
    `    ${curl}`,
    paint('dim', `    ${check}  ${fingerprint}${file === undefined ? '' : `  mcpd fuzz replay ${file}`}`),
  ]
}

const percent = ({ hit, all }: Share): string =>
  all === 0 ? 'none' : `${Math.floor((100 * hit) / all)} % of ${all}`

const coverageLines = ({ totals }: Coverage): readonly string[] => [
  `operations: ${totals.attempted} of ${totals.operations} attempted, ${totals.succeeded} with a success · ` +
    `parameters ${percent(totals.parameters)} · sides of keywords ${percent(totals.keywords)} · ` +
    `documented responses ${percent(totals.responses)}`,
]

const notReached = ({ operations }: Coverage, paint: Paint): readonly string[] =>
  listed(
    'not reached',
    operations.flatMap(({ operation, reason }) => (reason === undefined ? [] : [`${operation}: ${reason}`])),
    paint,
  )

const listed = (title: string, entries: readonly string[], paint: Paint): readonly string[] => [
  ...entries.slice(0, namedMax).map((entry) => `${paint('yellow', title)}  ${entry}`),
  ...(entries.length > namedMax ? [`${paint('yellow', title)}  and ${entries.length - namedMax} more`] : []),
]
