import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'

/** The published shape of `mcpd diff --format json`. Members may be added; those here stay. */

const severity = Type.Enum(['breaking', 'risky', 'safe'])
const closed = { additionalProperties: false }

const location = Type.Object(
  {
    file: Type.String({ description: 'Path, URL or spec@version, as given.' }),
    line: Type.Integer({ minimum: 1 }),
    column: Type.Integer({ minimum: 1 }),
  },
  closed,
)

const change = Type.Object(
  {
    id: Type.String({ description: 'The rule; `mcpd rules ID` explains it.' }),
    severity,
    operation: Type.Union([Type.String(), Type.Null()], {
      description: 'The first operation it touches, as `GET /x`; null for what concerns the whole document.',
    }),
    operations: Type.Array(Type.String(), { description: 'All of them.' }),
    tags: Type.Array(Type.String()),
    area: Type.String(),
    direction: Type.Enum(['request', 'response', 'none'], { description: 'Who sends what changed.' }),
    action: Type.String(),
    pointer: Type.String({ description: 'Where: in the revision, or in the base for what was removed.' }),
    basePointer: Type.Optional(Type.String()),
    revisionPointer: Type.Optional(Type.String()),
    before: Type.Unknown({ description: 'null where there was nothing.' }),
    after: Type.Unknown({ description: 'null where there is nothing.' }),
    message: Type.String(),
    fingerprint: Type.String({ pattern: '^[0-9a-f]{12}$', description: 'For `mcpd diff ack`.' }),
    baseLocation: Type.Optional(location),
    revisionLocation: Type.Optional(location),
    witness: Type.Optional(
      Type.Object(
        {
          value: Type.Unknown(),
          validIn: Type.Enum(['base', 'revision'], { description: 'In the other it is not valid.' }),
        },
        { ...closed, description: 'A value that proves the change, checked by an independent validator.' },
      ),
    ),
    unproven: Type.Optional(
      Type.String({ description: 'Why a breaking change of a schema has no witness.' }),
    ),
    because: Type.Optional(Type.String({ description: 'Reason of the override that set the severity.' })),
    acknowledged: Type.Optional(
      Type.Object({ reason: Type.String(), until: Type.Optional(Type.String()) }, closed),
    ),
  },
  closed,
)

const finding = Type.Object(
  {
    document: Type.Enum(['base', 'revision']),
    id: Type.String(),
    level: Type.Enum(['error', 'warning', 'info']),
    pointer: Type.String(),
    message: Type.String(),
    location: Type.Optional(location),
  },
  closed,
)

const side = Type.Object(
  {
    name: Type.String(),
    openapi: Type.String({ description: '2.0, 3.0, 3.1 or 3.2' }),
    sha256: Type.String(),
  },
  closed,
)

const counts = Type.Object(
  { breaking: Type.Integer(), risky: Type.Integer(), safe: Type.Integer(), acknowledged: Type.Integer() },
  closed,
)

export const reportSchema = Type.Object(
  {
    verdict: Type.Enum(['breaking', 'risky', 'safe', 'none'], {
      description: 'The most severe change that nobody has acknowledged.',
    }),
    spec: Type.Optional(Type.String({ description: 'The spec of the store.' })),
    base: side,
    revision: side,
    counts,
    changes: Type.Array(change),
    health: Type.Array(finding),
    secondOpinion: Type.Optional(
      Type.Object(
        {
          tool: Type.String(),
          verdict: Type.Enum(['breaking', 'not breaking', 'unable']),
          agrees: Type.Union([Type.Boolean(), Type.Null()], {
            description: 'Whether both call the whole breaking, or neither; null where it was unable.',
          }),
          detail: Type.String({ description: 'What it found, or why it was unable.' }),
          onlyMcpd: Type.Array(Type.String(), { description: 'Operations that only mcpd calls broken.' }),
          onlyTool: Type.Array(Type.String(), { description: 'Operations that only the tool calls broken.' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'https://mcpd.dev/schemas/diff.json', title: 'mcpd diff' },
)

export type Report = Static<typeof reportSchema>
export type Change = Static<typeof change>
export type Finding = Static<typeof finding>
export type Location = Static<typeof location>
