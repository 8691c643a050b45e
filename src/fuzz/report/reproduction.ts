import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { Compile } from 'typebox/compile'
import { McpdError } from '../../core/errors.ts'
import type { Scenario } from '../call.ts'
import { type Check, checks } from '../check.ts'
import type { Finding } from '../finding.ts'
import type { FuzzResult } from '../result.ts'
import { shownExchange, type ShownExchange } from './json.ts'

/** What `mcpd fuzz` writes for each finding and `mcpd fuzz replay` reads. There are no credentials in it. */
export interface Reproduction {
  readonly mcpdFuzz: 1
  readonly url: string
  readonly spec: { readonly name: string; readonly sha256: string }
  readonly check: Check
  readonly operation: string
  readonly status: number
  readonly message: string
  readonly fingerprint: string
  readonly what: string
  readonly curl: string
  /** What is done again. */
  readonly scenario: Scenario
  /** How it went when it was found, in the order of the scenario's steps. */
  readonly exchanges: readonly ShownExchange[]
}

const envelope = Type.Object({
  mcpdFuzz: Type.Literal(1),
  url: Type.String(),
  spec: Type.Object({ name: Type.String(), sha256: Type.String() }),
  check: Type.Enum([...checks]),
  operation: Type.String(),
  status: Type.Integer(),
  message: Type.String(),
  fingerprint: Type.String(),
  what: Type.String(),
  curl: Type.String(),
  scenario: Type.Object({
    kind: Type.String(),
    steps: Type.Array(
      Type.Object({
        call: Type.Object({
          operation: Type.String(),
          path: Type.Record(Type.String(), Type.Unknown()),
          query: Type.Record(Type.String(), Type.Unknown()),
          header: Type.Record(Type.String(), Type.Unknown()),
          cookie: Type.Record(Type.String(), Type.Unknown()),
          identity: Type.Enum(['first', 'second', 'none', 'garbage', 'expired', 'wrong-scheme']),
        }),
        intent: Type.Object({ phase: Type.String(), expect: Type.String(), what: Type.String() }),
        bindings: Type.Array(
          Type.Object({ into: Type.Object({}), from: Type.Object({ step: Type.Integer({ minimum: 0 }) }) }),
          {
            maxItems: 100,
          },
        ),
        role: Type.String(),
      }),
      { minItems: 1, maxItems: 100 },
    ),
  }),
  exchanges: Type.Array(
    Type.Object({
      operation: Type.String(),
      response: Type.Optional(Type.Object({ status: Type.Integer() })),
    }),
    { maxItems: 100 },
  ),
})

const check = Compile(envelope)

export const reproductionOf = ({ url, spec }: FuzzResult, finding: Finding): Reproduction => ({
  mcpdFuzz: 1,
  url,
  spec: { name: spec.name, sha256: spec.sha256 },
  check: finding.check,
  operation: finding.operation,
  status: finding.status,
  message: finding.message,
  fingerprint: finding.fingerprint,
  what: finding.what,
  curl: finding.curl,
  scenario: finding.scenario,
  exchanges: [...finding.steps, finding.exchange]
    .toSorted((left, right) => left.timings.sentMs - right.timings.sentMs)
    .map(shownExchange),
})

/** Reads what `reproductionOf` made. Throws USAGE for anything else; `name` is for the message. */
export const readReproduction = (text: string, name: string): Reproduction => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new McpdError('USAGE', `${name} is no JSON: give a file that mcpd fuzz wrote.`, {}, error)
  }
  const [fault] = check.Errors(value)
  if (fault)
    throw new McpdError(
      'USAGE',
      `${name} is no finding of mcpd fuzz: ${fault.instancePath || 'it'} ${fault.message}. Findings are written with --findings.`,
    )
  // The scenario was checked as far as replaying looks into it; values of calls are any JSON.
  return value as Static<typeof envelope> & Reproduction
}

/** A file name that says what it is: `get-pets-petid-not_a_server_error-1a2b3c.json`. */
export const reproductionName = ({ operation, check: name, fingerprint }: Finding): string => {
  const where = operation
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)
  return `${where}-${name}-${fingerprint.replaceAll(/[^\w-]/g, '')}.json`
}
