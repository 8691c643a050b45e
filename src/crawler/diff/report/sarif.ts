import { rules } from '../rules/catalogue.ts'
import type { Change, Finding, Location, Report } from './report.ts'

const levels = { breaking: 'error', risky: 'warning', safe: 'note' } as const
const healthLevels = { error: 'error', warning: 'warning', info: 'note' } as const

/** SARIF 2.1.0, for code scanning and editors. Fingerprints carry what was dismissed from run to run. */
export const toSarif = (reports: readonly Report[]): object => {
  const changes = reports.flatMap((report) => report.changes)
  const used = new Set(changes.map(({ id }) => id))
  const mine = rules.filter(({ id }, at) => used.has(id) && rules.findIndex((each) => each.id === id) === at)
  const health = reports.flatMap((report) => report.health)
  const healthIds = [...new Set(health.map(({ id }) => id))]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'mcpd',
            informationUri: 'https://mcpd.dev',
            rules: [
              ...mine.map(({ id, severity, explanation }) => ({
                id,
                shortDescription: { text: id.replaceAll('-', ' ') },
                fullDescription: { text: explanation },
                help: { text: `${explanation} mcpd rules ${id}` },
                defaultConfiguration: { level: severity === 'none' ? 'none' : levels[severity] },
              })),
              ...healthIds.map((id) => ({
                id: `health/${id}`,
                shortDescription: { text: id.replaceAll('-', ' ') },
              })),
            ],
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [...changes.map(toResult), ...health.map(healthResult)],
      },
    ],
  }
}

const toResult = (change: Change): object => {
  const { id, severity, message, fingerprint, operations, pointer, witness, acknowledged } = change
  const proof = witness ? ` Proof: ${JSON.stringify(witness.value).slice(0, 500)}` : ''
  return {
    ruleId: id,
    level: levels[severity],
    message: { text: `${message}${proof}` },
    ...locations(change.revisionLocation ?? change.baseLocation, pointer, operations),
    ...(change.revisionLocation &&
      change.baseLocation && {
        relatedLocations: [{ id: 0, ...physical(change.baseLocation), message: { text: 'as it was' } }],
      }),
    partialFingerprints: { 'mcpdFingerprint/v1': fingerprint },
    ...(acknowledged && {
      suppressions: [{ kind: 'external', status: 'accepted', justification: acknowledged.reason }],
    }),
  }
}

const healthResult = ({ id, level, message, location, pointer }: Finding): object => ({
  ruleId: `health/${id}`,
  level: healthLevels[level],
  message: { text: message },
  ...locations(location, pointer, []),
})

const locations = (
  location: Location | undefined,
  pointer: string,
  operations: readonly string[],
): object => ({
  locations: [
    {
      ...(location && physical(location)),
      logicalLocations: [
        { fullyQualifiedName: pointer, kind: 'member' },
        ...operations.slice(0, 20).map((name) => ({ fullyQualifiedName: name, kind: 'function' })),
      ],
    },
  ],
})

const physical = ({ file, line, column }: Location): object => ({
  physicalLocation: {
    artifactLocation: { uri: uriOf(file) },
    region: { startLine: line, startColumn: column },
  },
})

/** A path as a relative reference; `rev:path` would read as a scheme. */
const uriOf = (file: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(file)
    ? encodeURI(file)
    : file
        .replace(/^[^/:]+:/, '')
        .split('/')
        .map(encodeURIComponent)
        .join('/')
