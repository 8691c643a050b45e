import { names } from './candidates.ts'
import type { Result } from './result.ts'
import type { Row } from './rounds.ts'

type Table = readonly (readonly string[])[]

interface Section {
  readonly title: string
  readonly note: string
  /** The first row is the head. */
  readonly table: Table
}

/** The result as sections, from which both forms of the report are made. */
const sections = (result: Result): Section[] => [
  {
    title: 'Goals',
    note: 'Each goal is the most it may be.',
    table: [
      ['what', 'goal', 'measured', 'met'],
      ...result.goals.map(({ what, goal, unit, measured, met }) => [
        what,
        `≤ ${goal} ${unit}`,
        `${measured.toFixed(1)} ${unit}`,
        met ? 'yes' : 'NO',
      ]),
    ],
  },
  {
    title: 'Chats that are not streamed',
    note: 'CPU time of the process that is named, per request. The latency is under full load, so it says little.',
    table: [
      ['who', 'CPU µs', '× bare proxy', 'each round', 'requests/s', 'p50 ms', 'p99 ms', 'errors'],
      ...result.unary.map((row) => [
        row.name,
        ...cpu(row, result.unary),
        row.perSecond.toFixed(0),
        row.p50Ms.toFixed(2),
        row.p99Ms.toFixed(2),
        String(row.errors),
      ]),
      ...absent(result, 8),
    ],
  },
  {
    title: 'Streams',
    note: 'CPU time per event that reaches the client. First token: from the request to the first event; added: over the backend itself in the same round.',
    table: [
      [
        'who',
        'CPU µs',
        '× bare proxy',
        'each round',
        'events/s',
        'first token p50 ms',
        'p99 ms',
        'added p50 ms',
        'added p99 ms',
        'errors',
      ],
      ...result.streams.map((row) => [
        row.name,
        ...cpu(row, result.streams),
        row.perSecond.toFixed(0),
        row.p50Ms.toFixed(2),
        row.p99Ms.toFixed(2),
        row.addedP50Ms.toFixed(2),
        row.addedP99Ms.toFixed(2),
        String(row.errors),
      ]),
      ...absent(result, 10),
    ],
  },
  {
    title: 'Start and rest',
    note: 'Medians. `mcpd --version` beside `node --eval 0`; the daemon, with one backend and no model, beside a server of node:http that does nothing.',
    table: [
      ['what', 'mcpd', 'baseline', 'ratio'],
      start('--version', result.startUp.versionMs, result.startUp.nodeMs, 'ms'),
      start('ready', result.startUp.readyMs, result.startUp.bareReadyMs, 'ms'),
      start('idle memory', result.startUp.idleMb, result.startUp.bareIdleMb, 'MB'),
    ],
  },
]

const cpu = (row: Row, rows: readonly Row[]): string[] => {
  const bare = rows.find(({ name }) => name === names.bare)!
  return [
    row.cpuUs.toFixed(1),
    (row.cpuUs / bare.cpuUs).toFixed(2),
    row.rounds.map((each) => each.toFixed(0)).join(' '),
  ]
}

const absent = (result: Result, columns: number): Table =>
  result.absent.map(({ name, why }) => [name, why, ...Array.from({ length: columns - 2 }, () => '')])

const start = (what: string, measured: number, baseline: number, unit: string): string[] => [
  what,
  `${measured.toFixed(0)} ${unit}`,
  `${baseline.toFixed(0)} ${unit}`,
  (measured / baseline).toFixed(2),
]

const markdownTable = ([head, ...rows]: Table): string =>
  [head!, head!.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const textTable = (table: Table): string => {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const facts = ({ date, seconds, command, machine, versions, conditions }: Result): string[] => [
  `${date}, \`${command}\`, ${seconds.toFixed(0)} s`,
  machine,
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
  ...conditions,
]

/** For a terminal. */
export const renderText = (result: Result): string =>
  [
    ...sections(result).map(({ title, note, table }) => `${title}\n${note}\n\n${textTable(table)}\n`),
    ...facts(result).map((fact) => `- ${fact}`),
    '',
  ].join('\n')

/** For docs/results/gateway.md. */
export const renderMarkdown = (result: Result): string =>
  [
    '# What the gateway costs',
    '',
    'Written by `npm run bench:gateway -- --write`; see test/perf/gateway. Figures of one machine at one time: compare the ratios, not the microseconds.',
    '',
    ...facts(result).map((fact) => `- ${fact}`),
    '',
    ...sections(result).flatMap(({ title, note, table }) => [
      `## ${title}`,
      '',
      note,
      '',
      markdownTable(table),
      '',
    ]),
  ].join('\n')
