import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { checks } from '../check.ts'

/** The published shape of `mcpd fuzz --json`. Members may be added; those here stay. */

const open = { additionalProperties: true }
const count = Type.Integer({ minimum: 0 })
const ms = Type.Number({ minimum: 0 })
const check = Type.Enum([...checks])
const severity = Type.Enum(['critical', 'high', 'medium', 'low'])
const phase = Type.Enum(['probe', 'examples', 'coverage', 'stateful', 'random'])

const exchange = Type.Object(
  {
    operation: Type.String(),
    request: Type.Object(
      {
        method: Type.String(),
        url: Type.String({ description: 'Exactly as sent.' }),
        headers: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), {
          description: 'Name and value; secrets are shown as `…`.',
        }),
        body: Type.Optional(Type.String()),
        bodyEncoding: Type.Optional(Type.Enum(['utf8', 'base64'])),
      },
      open,
    ),
    response: Type.Optional(
      Type.Object(
        { status: count, headers: Type.Record(Type.String(), Type.String()), body: Type.String() },
        open,
      ),
    ),
    failure: Type.Optional(Type.Object({ kind: Type.String(), message: Type.String() }, open)),
    totalMs: ms,
  },
  { ...open, description: 'A request and its answer; no `response` where the connection failed.' },
)

const finding = Type.Object(
  {
    check,
    operation: Type.String({ description: 'As `GET /x`.' }),
    status: Type.Integer({ minimum: 0, description: 'Of the failing answer; 0 where there was none.' }),
    message: Type.String(),
    fingerprint: Type.String({ description: 'The same for the same fault in every run.' }),
    curl: Type.String({ description: 'The failing request, credentials as variables.' }),
    requestIds: Type.Array(Type.String(), {
      description: 'x-request-id of the failing answer, then of the earlier steps.',
    }),
    severity,
    code: Type.Optional(Type.Integer({ description: 'Fault code of the Web Fuzzing Commons.' })),
    phase,
    what: Type.String({ description: 'What was special about the request.' }),
    count: Type.Integer({ minimum: 1, description: 'How often it was seen.' }),
    foundMs: Type.Number({ minimum: 0, description: 'Since the run began.' }),
    exchange,
    steps: Type.Array(exchange, { description: 'The exchanges around the failing one, in order.' }),
  },
  open,
)

const known = Type.Object(
  { check, operation: Type.String(), message: Type.String(), fingerprint: Type.String() },
  open,
)

const share = Type.Object({ hit: count, all: count }, open)

const coverage = Type.Object(
  {
    totals: Type.Object(
      {
        operations: count,
        attempted: count,
        succeeded: count,
        parameters: share,
        keywords: share,
        responses: share,
      },
      open,
    ),
    operations: Type.Array(
      Type.Object(
        {
          operation: Type.String(),
          requests: count,
          statuses: Type.Record(Type.String(), count),
          hasSucceeded: Type.Boolean(),
          parameters: Type.Object({ sent: Type.Array(Type.String()), all: Type.Array(Type.String()) }, open),
          keywords: Type.Array(
            Type.Object(
              { place: Type.String(), valid: Type.Boolean(), invalid: Type.Optional(Type.Boolean()) },
              open,
            ),
          ),
          responses: Type.Array(Type.Object({ status: Type.String(), seen: Type.Boolean() }, open)),
          reason: Type.Optional(Type.String({ description: 'Why it was not reached.' })),
        },
        open,
      ),
    ),
  },
  open,
)

export const reportSchema = Type.Object(
  {
    findings: Type.Array(finding, { description: 'Most severe first.' }),
    known: Type.Array(known, { description: 'Findings that the baseline knows.' }),
    coverage,
    requests: count,
    seed: Type.Integer(),
    ending: Type.Enum(['finished', 'time', 'interrupted', 'unreachable']),
    elapsedMs: ms,
    startedAt: Type.String(),
    url: Type.String({ description: 'Base URL of the target.' }),
    spec: Type.Object(
      { name: Type.String(), title: Type.String(), version: Type.String(), sha256: Type.String() },
      open,
    ),
    phases: Type.Array(Type.Object({ phase, requests: count, elapsedMs: ms }, open)),
    unverified: Type.Integer({ minimum: 0, description: 'Seen once and not again; not among the findings.' }),
    warnings: Type.Array(Type.String()),
    leftOut: Type.Array(Type.Object({ operation: Type.String(), reason: Type.String() }, open)),
  },
  { ...open, $id: 'https://mcpd.dev/schemas/fuzz.json', title: 'mcpd fuzz' },
)

export type FuzzReport = Static<typeof reportSchema>
