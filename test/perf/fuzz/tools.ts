import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { FuzzReport } from '../../../src/fuzz/report/schema.ts'
import type { Seen } from './score.ts'

export interface Attack {
  readonly url: string
  readonly identities: readonly [string, string]
  readonly seconds: number
  readonly seed: number
}

export interface Outcome {
  readonly seen: readonly Seen[]
  readonly requests: number
  readonly seconds: number
  /** Of mcpd, which says more. */
  readonly report?: FuzzReport
}

/** Longer than its time: starting, and ending what runs. */
const graceSeconds = 30

/** `mcpd fuzz` from source, as a process of its own. */
export const runMcpd = async ({ url, identities, seconds, seed }: Attack): Promise<Outcome> => {
  const [first, second] = identities
  const words = ['fuzz', `${url}/openapi.json`, '--url', url, '--auth', first, '--auth2', second]
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [
      'bin/dev.js',
      ...words,
      '--time',
      `${seconds}s`,
      '--seed',
      String(seed),

      '--json',
    ],
    { reject: false, timeout: (seconds + graceSeconds) * 1000, maxBuffer: 2 ** 28 },
  )
  if (exitCode !== 0 && exitCode !== 1)
    throw new Error(`mcpd fuzz ended with ${exitCode}: ${stderr} ${stdout.slice(0, 2000)}`)
  const report = JSON.parse(stdout) as FuzzReport
  const seen = report.findings.map(({ operation, check, status }) => ({ operation, check, status }))
  return { seen, requests: report.requests, seconds: report.elapsedMs / 1000, report }
}

/** Failures of Schemathesis by the names that both tools have for them. */
const checksOf: Readonly<Record<string, string>> = {
  ServerError: 'not_a_server_error',
  UndefinedStatusCode: 'status_code_conformance',
  UndefinedContentType: 'content_type_conformance',
  MissingContentType: 'content_type_conformance',
  MalformedMediaType: 'content_type_conformance',
  MissingHeaders: 'response_headers_conformance',
  JsonSchemaError: 'response_schema_conformance',
  MalformedJson: 'response_schema_conformance',
  AcceptedNegativeData: 'negative_data_rejection',
  RejectedPositiveData: 'positive_data_acceptance',
  MissingHeaderNotRejected: 'missing_required_header',
  UnsupportedMethodResponse: 'unsupported_method',
  UseAfterFree: 'use_after_free',
  EnsureResourceAvailability: 'ensure_resource_availability',
  IgnoredAuth: 'ignored_auth',
  ObjectLevelAuthorizationViolation: 'cross_user_access',
}

interface SchemathesisReport {
  readonly schemathesis_version: string
  readonly running_time: number
  readonly test_cases: { readonly generated: number }
  readonly failures: readonly {
    readonly type: string
    readonly count: number
    readonly operations: readonly string[]
  }[]
  readonly errors: readonly {
    readonly title: string
    readonly count: number
    readonly operations?: readonly string[]
  }[]
}

/** Both identities as a file of the Web Fuzzing Commons, which Schemathesis reads. */
const authFile = (identities: readonly string[]): string => {
  const entries = identities.map((identity, at) => {
    const [name, value] = identity.startsWith('bearer:')
      ? ['Authorization', `Bearer ${identity.slice('bearer:'.length)}`]
      : identity.slice('header:'.length).split('=')
    return `  - name: user${at}\n    fixedHeaders:\n      - name: ${name}\n        value: ${value}\n`
  })
  return `auth:\n${entries.join('')}`
}

/** The words after the program, with the report going to `folder`. */
export const schemathesisWords = (
  url: string,
  seconds: number,
  seed: number,
  folder: string,
): readonly string[] => [
  'run',
  `${url}/openapi.json`,
  '--auth-wfc',
  join(folder, 'auth.yaml'),
  '--max-time',
  String(seconds),
  '--continue-on-failure',
  '--checks',
  'all',
  '--workers',
  'auto',
  '--seed',
  String(seed),
  '--no-color',
  '--report',
  'json',
  '--report-dir',
  folder,
]

export const runSchemathesis = async (
  program: string,
  { url, identities, seconds, seed }: Attack,
): Promise<Outcome & { readonly version: string; readonly networkErrors: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-fuzz-'))
  try {
    writeFileSync(join(folder, 'auth.yaml'), authFile(identities))
    await execa(program, schemathesisWords(url, seconds, seed, folder), {
      cwd: folder,
      reject: false,
      timeout: (seconds + graceSeconds) * 1000,
      maxBuffer: 2 ** 28,
    })
    const file = readdirSync(folder).find((name) => name.startsWith('json-'))
    if (file === undefined) throw new Error('Schemathesis wrote no report.')
    const report = JSON.parse(readFileSync(join(folder, file), 'utf8')) as SchemathesisReport
    const seen = report.failures.flatMap(({ type, operations }) =>
      operations.map((operation) => ({ operation, check: checksOf[type] ?? type })),
    )
    return {
      seen,
      requests: report.test_cases.generated,
      seconds: report.running_time,
      version: report.schemathesis_version,
      networkErrors: report.errors.reduce(
        (sum, { title, count }) => sum + (title === 'Network Error' ? count : 0),
        0,
      ),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
