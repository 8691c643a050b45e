import { Type } from '../../core/schema.ts'

/** Shapes of what the daemon says about documents and their versions. */

const closed = { additionalProperties: false }
const time = (description: string) => Type.String({ description: `${description} ISO 8601.` })
const count = (description: string) => Type.Integer({ minimum: 0, description })

const specVersion = Type.Object(
  {
    number: Type.Integer({ minimum: 1, description: 'In the order of storing.' }),
    time: time('From when on the document was like this.'),
    storedAt: time('When it was written to the store.'),
    sha256: Type.String({ description: 'Of the document as it came.' }),
    canonical: Type.String({ description: 'SHA-256 of the canonical document.' }),
    fingerprint: Type.String({ description: 'The same for documents that say the same.' }),
    form: Type.Integer({ description: 'Which form of canonical document it is.' }),
    format: Type.Enum(['json', 'yaml']),
    bytes: count('Size of the document as it came.'),
    openapi: Type.String({ description: 'The version of OpenAPI it is written in.' }),
    title: Type.Optional(Type.String()),
    apiVersion: Type.Optional(Type.String({ description: 'info.version' })),
    operations: count('How many it has.'),
    source: Type.String({ description: 'Where it came from, without credentials.' }),
    commit: Type.Optional(
      Type.Object(
        {
          id: Type.String(),
          author: Type.String(),
          date: time('When it was committed.'),
          subject: Type.String(),
          path: Type.String(),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'SpecVersion', description: 'One version of a document.' },
)

const specEntry = Type.Object(
  {
    name: Type.String(),
    versions: count('How many there are.'),
    everyMs: Type.Optional(Type.Number({ description: 'Between two looks of the daemon; absent = none.' })),
    newest: Type.Optional(Type.Ref('SpecVersion#')),
    accepted: Type.Optional(
      Type.Integer({ description: 'Number of the version that others are compared with.' }),
    ),
    seenAt: Type.Optional(time('When its source last answered.')),
    pending: Type.Optional(
      Type.Object(
        { since: time('When it was seen.'), removed: Type.Array(Type.String()) },
        { ...closed, description: 'A document that lacks operations; it counts when it is seen again.' },
      ),
    ),
    lastLook: Type.Optional(
      Type.Object(
        {
          outcome: Type.Enum(['first', 'changed', 'unchanged', 'pending', 'suspect', 'failed', 'nothing']),
          code: Type.Optional(Type.String()),
          message: Type.Optional(Type.String()),
        },
        { ...closed, description: "The daemon's own last look since its start." },
      ),
    ),
  },
  { ...closed, $id: 'Spec', description: 'A document whose versions are kept.' },
)

const severities = ['breaking', 'risky', 'safe'] as const

const specChanges = Type.Object(
  {
    base: Type.Integer({ description: 'Number of the version before.' }),
    revision: Type.Integer({ description: 'Number of the version after.' }),
    verdict: Type.Enum([...severities, 'none']),
    changes: Type.Array(
      Type.Object(
        {
          id: Type.String({ description: 'The rule; `mcpd rules ID` explains it.' }),
          severity: Type.Enum([...severities]),
          message: Type.String(),
          operations: Type.Array(Type.String()),
          fingerprint: Type.String(),
        },
        closed,
      ),
    ),
    touched: Type.Array(
      Type.Object(
        {
          adapter: Type.String(),
          uses: Type.Array(Type.String()),
          severity: Type.Enum(['breaking', 'risky']),
        },
        closed,
      ),
      { description: 'Adapters that rely on operations that changed: is it safe to upgrade this runtime?' },
    ),
  },
  { ...closed, $id: 'SpecChanges', description: 'What lies between two versions, by the default policy.' },
)

export const specSchemas = [
  specChanges,
  specVersion,
  specEntry,
  Type.Object({ specs: Type.Array(Type.Ref('Spec#')) }, { ...closed, $id: 'SpecList' }),
  Type.Object(
    {
      versions: Type.Array(Type.Ref('SpecVersion#')),
      accepted: Type.Union([Type.Integer(), Type.Null()]),
    },
    { ...closed, $id: 'SpecVersionList' },
  ),
]
