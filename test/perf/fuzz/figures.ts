import type { ServiceName } from '../../../fixtures/fuzz/services.ts'
import {
  allFaults,
  faultsOf,
  goals,
  isSemantic,
  type Measured,
  type Peer,
  recalls,
  type Run,
} from './goals.ts'

const table = (rows: readonly (readonly (string | number)[])[]): string =>
  rows
    .flatMap((row, at) => [
      `| ${row.join(' | ')} |`,
      ...(at === 0 ? [`| ${row.map(() => '---').join(' | ')} |`] : []),
    ])
    .join('\n')

interface Given {
  readonly measured: readonly Measured[]
  readonly peers: readonly Peer[]
  readonly names: readonly ServiceName[]
  readonly seconds: number
  /** A service and its twin were fuzzed at the same time. */
  readonly isTogether: boolean
  readonly machine: string
}

export const render = ({
  measured,
  peers,
  names,
  seconds,
  isTogether,
  machine,
}: Given): { markdown: string; misses: string } => {
  const faulty = measured.filter(({ faults }) => faults === 'all')
  const seeds = new Set(measured.map(({ seed }) => seed)).size
  const markdown = `# mcpd fuzz

\`npm run bench:fuzz\`, ${machine}, fuzzer and service on the same machine. ${names.length} services with ${allFaults(names).length} known faults and the fixed twin of each, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${seconds} s a run${isTogether ? ', a service and its twin at the same time' : ''}, two identities, default flags. A fault is found when a finding has its operation and check; two faults of one operation and check need two findings.

## Goals

Each figure is that of the worst ${seeds === 1 ? 'run' : 'seed or run'}.

${table([['what', 'goal', 'measured', ''], ...goals(measured).map(({ name, goal, figure, isMet }) => [name, goal, figure, isMet ? 'met' : '**missed**'])])}

## Runs

${table([
  [
    'service',
    'seed',
    'faults found',
    'findings',
    'false alarms',
    'on the twin',
    'first finding',
    'requests/s',
  ],
  ...faulty.map((run) => runRow(run, measured)),
])}

## By class of fault

${table([['class', 'faults', 'found in the worst seed', 'in the best'], ...classRows(faulty, names)])}

Missed in at least one seed: ${missed(faulty, names).join(', ') || 'none'}.
${peers.length === 0 ? '' : `\n${renderPeers(measured, peers, names, seconds)}\n`}`
  return { markdown, misses: renderMisses(measured, names) }
}

const runRow = (
  { service, seed, score, outcome }: Measured,
  measured: readonly Measured[],
): readonly (string | number)[] => {
  const twin = measured.find(
    (each) => each.service === service && each.seed === seed && each.faults === 'none',
  )
  const first = Math.min(...(outcome.report?.findings.map(({ foundMs }) => foundMs) ?? []))
  return [
    service,
    seed,
    `${score.found.length} of ${faultsOf(service).length}`,
    score.findings,
    score.alarms.length,
    twin?.score.findings ?? '',
    `${first} ms`,
    Math.floor(outcome.requests / outcome.seconds),
  ]
}

const classRows = (
  faulty: readonly Run[],
  names: readonly ServiceName[],
): readonly (readonly (string | number)[])[] => {
  const classes = [...new Set(allFaults(names).map((fault) => fault.class))].toSorted()
  return classes.map((name) => {
    const shares = recalls(faulty, (fault) => fault.class === name).map(({ hit }) => hit)
    const all = allFaults(names).filter((fault) => fault.class === name).length
    return [name, all, Math.min(...shares), Math.max(...shares)]
  })
}

const missed = (faulty: readonly Run[], names: readonly ServiceName[]): readonly string[] =>
  allFaults(names)
    .map(({ id }) => id)
    .filter((id) =>
      faulty.some(
        (run) => faultsOf(run.service).some((fault) => fault.id === id) && !run.score.found.includes(id),
      ),
    )

const renderPeers = (
  measured: readonly Measured[],
  peers: readonly Peer[],
  names: readonly ServiceName[],
  seconds: number,
): string => {
  const row = (label: string, runs: readonly Run[]): readonly string[] => {
    const plain = recalls(runs, (fault) => !isSemantic(fault)).at(0)
    const semantic = recalls(runs, isSemantic).at(0)
    const alarms = (which: Run['faults']): number =>
      runs.filter(({ faults }) => faults === which).reduce((sum, { score }) => sum + score.alarms.length, 0)
    return [
      label,
      `${plain?.hit} of ${plain?.all}`,
      `${semantic?.hit} of ${semantic?.all}`,
      String(alarms('all')),
      String(alarms('none')),
    ]
  }
  const seed = peers[0]?.seed ?? 1
  const rate = (runs: readonly { readonly requests: number }[]): string =>
    String(
      Math.round(runs.reduce((sum, { requests }) => sum + requests, 0) / Math.max(1, runs.length) / seconds),
    )
  const mine = measured.filter((run) => run.seed === seed && names.includes(run.service))
  const theirs = peers.filter((run) => run.seed === seed)
  return `## Beside Schemathesis ${peers[0]?.version ?? ''}

The same services, both identities, seed ${seed}, ${seconds} s each, on the same machine one after the other: \`schemathesis run URL/openapi.json --auth-wfc auth.yaml --max-time ${seconds} --continue-on-failure --checks all --workers auto --seed ${seed}\`. Its report names operations by kind of failure, so several faults of one operation and check count as found once; connections that fail and findings of its stateful phase have no operation there, and each counts as one such fault found.

${table([
  [
    'tool',
    'single-request and boundary',
    'semantic',
    'false alarms, faulty',
    'false alarms, fixed',
    'requests/s',
  ],
  [...row('mcpd fuzz', mine), rate(mine.map(({ outcome }) => outcome))],
  [...row('Schemathesis', theirs), rate(theirs)],
])}

Found by Schemathesis and not by mcpd: ${difference(theirs, mine)}.`
}

const difference = (these: readonly Run[], those: readonly Run[]): string => {
  const found = new Set(those.flatMap(({ score }) => score.found))
  return these.flatMap(({ score }) => score.found.filter((id) => !found.has(id))).join(', ') || 'nothing'
}

const renderMisses = (measured: readonly Measured[], names: readonly ServiceName[]): string => {
  const lines: string[] = []
  for (const fault of allFaults(names)) {
    const runs = measured.filter(
      ({ service, faults }) => faults === 'all' && faultsOf(service).includes(fault),
    )
    const without = runs.filter(({ score }) => !score.found.includes(fault.id))
    if (without.length > 0)
      lines.push(
        `- ${fault.id} (${fault.class}, ${fault.kind}), missed in ${without.length} of ${runs.length}: ${fault.summary} Expected: ${fault.seen.map((each) => each.join(' ')).join(' or ')}.`,
      )
  }
  for (const { service, faults, seed, score, outcome } of measured)
    for (const alarm of score.alarms) {
      const finding = outcome.report?.findings.find(
        ({ operation, check }) => operation === alarm.operation && check === alarm.check,
      )
      lines.push(
        `- FALSE ALARM on ${service} (${faults === 'all' ? 'faulty' : 'TWIN'}), seed ${seed}: ${alarm.operation} ${alarm.check} ${alarm.status}: ${finding?.message} | ${finding?.what} | ${finding?.curl}`,
      )
    }
  return `${lines.join('\n')}\n`
}
