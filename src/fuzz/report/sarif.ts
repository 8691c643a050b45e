import { type Check, checks, checkTable } from '../check.ts'
import { type Finding, findingKey } from '../finding.ts'
import type { FuzzResult } from '../result.ts'

const levels = { critical: 'error', high: 'error', medium: 'warning', low: 'note' } as const

/** SARIF 2.1.0, for code scanning. Fingerprints carry what was dismissed from run to run. */
export const toSarif = (result: FuzzResult): object => ({
  $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
  version: '2.1.0',
  runs: [
    {
      tool: { driver: { name: 'mcpd', informationUri: 'https://mcpd.dev', rules: checks.map(ruleOf) } },
      columnKind: 'utf16CodeUnits',
      results: [
        ...result.findings.map((finding) => resultOf(result, finding)),
        ...result.known.map((finding) => ({
          ...resultOf(result, finding),
          suppressions: [{ kind: 'external', status: 'accepted', justification: 'known to the baseline' }],
        })),
      ],
      properties: { requests: result.requests, seed: result.seed, url: result.url },
    },
  ],
})

const ruleOf = (check: Check): object => ({
  id: check,
  shortDescription: { text: check.replaceAll('_', ' ') },
  fullDescription: { text: checkTable[check].means },
  defaultConfiguration: { level: levels[checkTable[check].severity] },
})

const resultOf = ({ spec }: FuzzResult, finding: Finding): object => {
  const { check, severity, operation, message, curl, requestIds, steps, exchange } = finding
  return {
    ruleId: check,
    level: levels[severity],
    message: { text: `${operation}: ${message}\n\n${curl}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(spec.name) }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: operation, kind: 'function' }],
      },
    ],
    partialFingerprints: { 'mcpdFingerprint/v1': findingKey(finding) },
    properties: {
      requestIds,
      steps: [...steps, exchange].map(({ request }) => `${request.method} ${request.url}`),
    },
  }
}

/** A path as a relative reference; URLs stay. */
const uriOf = (name: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(name) ? encodeURI(name) : name.split('/').map(encodeURIComponent).join('/')
