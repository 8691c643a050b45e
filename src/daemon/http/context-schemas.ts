import { Type } from '../../core/schema.ts'
import { chatMembers } from '../../dialects/openai/request-schemas.ts'
import { id } from './context-id.ts'
import { contextMoveSchemas } from './context-move-schemas.ts'

/** Shapes of what the daemon says about conversations. */

const closed = { additionalProperties: false }
const count = (description: string) => Type.Integer({ minimum: 0, description })
const milliseconds = (description: string) => Type.Integer({ minimum: 0, description })
const headId = Type.Union([id('A turn.'), Type.Null()], {
  description: 'The last turn; null while there is none.',
})

/** No control characters: they would turn up in terminals, headers and logs. */
const plain = String.raw`^[^\u0000-\u001f\u007f-\u009f]*$`

const aboutMembers = {
  title: Type.Optional(Type.String({ maxLength: 200, pattern: plain, description: 'For people.' })),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64, pattern: plain }), {
      maxItems: 32,
      description: 'To find it by.',
    }),
  ),
  metadata: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: "The client's own; 16 KiB as JSON." }),
  ),
  pinned: Type.Optional(Type.Boolean({ description: 'Never deleted for its age.' })),
}

const { messages } = chatMembers
const fewMessages = { ...messages, maxItems: 10_000 }

const contextCreateSchema = Type.Object(
  {
    id: Type.Optional(id('Chosen by the client; made up by default.')),
    ...aboutMembers,
    messages: Type.Optional({ ...fewMessages, minItems: 0, description: 'Its first turns.' }),
  },
  { ...closed, $id: 'ContextCreate', description: 'A conversation to keep.' },
)

const contextChangeSchema = Type.Object(aboutMembers, {
  ...closed,
  $id: 'ContextChange',
  description: 'What is to be said of it from now on; members that are absent stay.',
})

const contextHeadSchema = Type.Object(
  {
    id: id('The context.'),
    ref: Type.String({ description: 'The name of the head.' }),
    head: headId,
  },
  { ...closed, $id: 'ContextHead', description: 'Where a head of a context is.' },
)

const turnsAppendSchema = Type.Object(
  {
    messages: { ...fewMessages, description: 'The turns to add, in their order.' },
    ref: Type.Optional(id('The head to move. Default: main.')),
    pinned: Type.Optional(Type.Boolean({ description: 'Keep them in every pruned view.' })),
  },
  { ...closed, $id: 'TurnsAppend', description: 'Turns to add behind a head.' },
)

const turnsAppendedSchema = Type.Object(
  {
    head: headId,
    turns: Type.Array(Type.String(), { description: 'The ids of the new turns.' }),
    duplicate: Type.Optional(
      Type.Boolean({ description: 'True when the same Idempotency-Key was answered before.' }),
    ),
  },
  { ...closed, $id: 'TurnsAppended', description: 'What was added.' },
)

const turnSchema = Type.Object(
  {
    id: Type.String(),
    parent: Type.Union([Type.String(), Type.Null()]),
    seq: Type.Integer({ minimum: 1, description: 'Its place on the path, from 1.' }),
    role: Type.Enum(['system', 'developer', 'user', 'assistant', 'tool']),
    state: Type.Enum(['streaming', 'complete', 'aborted']),
    at: milliseconds('When it was added; Unix milliseconds.'),
    pinned: Type.Boolean(),
    hash: Type.String({ description: 'SHA-256 of the message in its canonical form, base64url.' }),
    chain: Type.String({
      description: 'SHA-256 of the chain so far and this hash: equal for equal histories.',
    }),
    origin: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: 'Who gave this answer.' }),
    ),
    content: Type.Optional(Type.Unknown({ description: 'A text, a list of parts, or null.' })),
  },
  { $id: 'Turn', description: 'One message of a conversation, with the other members of the message.' },
)

const contextPageSchema = Type.Object(
  {
    id: id('The context.'),
    ref: Type.String({ description: 'The head that was read.' }),
    head: headId,
    turns: Type.Array(Type.Ref('Turn#'), { description: 'From the first on.' }),
    next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last one.' })),
    view: Type.Optional(Type.Ref('ContextView#')),
  },
  { ...closed, $id: 'ContextPage', description: 'Turns of a context.' },
)

const contextViewSchema = Type.Object(
  {
    mode: Type.String({ description: 'whole, recent, lexical or semantic: how the rest was chosen.' }),
    tokens: count('Of what is kept.'),
    exact: Type.Boolean({ description: 'Whether the tokens were counted or estimated.' }),
    kept: Type.Array(Type.String(), { description: 'The ids of turns.' }),
    dropped: Type.Array(
      Type.Object({ id: Type.String(), tokens: count('Of it.'), reason: Type.String() }, closed),
    ),
  },
  { ...closed, $id: 'ContextView', description: 'What of a conversation goes to a model under a budget.' },
)

const contextSchema = Type.Object(
  {
    id: id('The context.'),
    ...aboutMembers,
    heads: Type.Record(Type.String(), headId, { description: 'Names of heads and where they are.' }),
    turns: count('How many, on all heads.'),
    createdAt: milliseconds('Unix milliseconds.'),
    updatedAt: milliseconds('Unix milliseconds.'),
    archived: Type.Optional(
      Type.Boolean({ description: 'Its turns are in a file, and come back when they are read.' }),
    ),
  },
  { ...closed, $id: 'Context', description: 'A conversation that is kept.' },
)

const contextListSchema = Type.Object(
  {
    contexts: Type.Array(Type.Ref('Context#'), { description: 'The last used first.' }),
    next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last one.' })),
  },
  { ...closed, $id: 'ContextList' },
)

const contextSnapshotSchema = Type.Object(
  {
    id: id('The context.'),
    ref: Type.String(),
    head: headId,
    chain: Type.Union([Type.String(), Type.Null()], { description: 'The chain hash of the last turn.' }),
    turns: count('On the way to the head.'),
    messages: Type.Array(Type.Object({}, { additionalProperties: true }), {
      description: 'All messages, as an OpenAI chat request has them.',
    }),
  },
  { ...closed, $id: 'ContextSnapshot', description: 'A conversation as it stands at a head.' },
)

const contextSearchSchema = Type.Object(
  {
    query: Type.String({ minLength: 1, maxLength: 1024 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  },
  { ...closed, $id: 'ContextSearch', description: 'Words to look for.' },
)

const contextFoundSchema = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          context: Type.String(),
          turn: Type.String(),
          role: Type.String(),
          snippet: Type.String({ description: 'The text around the words.' }),
          score: Type.Number({ description: 'Higher is better.' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'ContextFound' },
)

const contextImportedSchema = Type.Object(
  {
    id: id('The context.'),
    heads: Type.Record(Type.String(), headId),
    turns: count('How many were imported.'),
  },
  { ...closed, $id: 'ContextImported' },
)

const contextStatsSchema = Type.Object(
  {},
  { $id: 'ContextStats', additionalProperties: true, description: 'Counts and bytes by kind.' },
)

const contextFsckSchema = Type.Object(
  {
    ok: Type.Boolean(),
    checked: Type.Object({}, { additionalProperties: true }),
    problems: Type.Array(Type.Object({}, { additionalProperties: true })),
  },
  { ...closed, $id: 'ContextFsck', description: 'Every hash and link was checked.' },
)

const contextMigrateSchema = Type.Object(
  {
    to: Type.String({
      pattern: '^postgres(ql)?://',
      maxLength: 2048,
      description: 'The URL of the other store.',
    }),
  },
  { ...closed, $id: 'ContextMigrate', description: 'Where everything is to be copied.' },
)

const contextMigratedSchema = Type.Object(
  {
    copied: count('Contexts that were not there.'),
    renewed: count('That were there from an earlier run, and have grown since.'),
    same: count('That were there already, turn for turn.'),
    busy: Type.Array(id('A context.'), { description: 'In which an answer is being written: run it again.' }),
    differing: Type.Array(id('A context.'), {
      description: 'That are others there, or went on there: nothing of them was touched.',
    }),
  },
  { ...closed, $id: 'ContextMigrated' },
)

const contextRotatedSchema = Type.Object(
  {
    rows: count('Stored pieces that are encrypted anew.'),
    keys: Type.Record(Type.String(), count('Stored pieces.'), {
      description: 'How many are encrypted with the key of an id; without an id: with none.',
    }),
  },
  { ...closed, $id: 'ContextRotated' },
)

const contextRotateSchema = Type.Object(
  { countOnly: Type.Optional(Type.Boolean({ description: 'Change nothing.', default: false })) },
  { ...closed, $id: 'ContextRotate', description: 'What is to be encrypted with the first key.' },
)

export const contextSchemas = [
  ...contextMoveSchemas,
  contextCreateSchema,
  contextChangeSchema,
  contextHeadSchema,
  turnsAppendSchema,
  turnsAppendedSchema,
  turnSchema,
  contextViewSchema,
  contextPageSchema,
  contextSchema,
  contextListSchema,
  contextSnapshotSchema,
  contextSearchSchema,
  contextFoundSchema,
  contextImportedSchema,
]

/** Of the admin routes, which are a scope of their own. */
export const contextAdminSchemas = [
  contextStatsSchema,
  contextFsckSchema,
  contextMigrateSchema,
  contextMigratedSchema,
  contextRotateSchema,
  contextRotatedSchema,
]
