import { Type } from '../../core/schema.ts'
import { exactly, narrowed } from '../../dialects/exact.ts'
import { id } from './context-id.ts'

/** Shapes of what moves, marks and sums up the turns of a conversation. */

const closed = { additionalProperties: false }

const contextForkSchema = Type.Object(
  {
    ref: Type.Optional(id('The head to fork from. Default: main.')),
    at: Type.Optional(id('The turn to fork at. Default: where the head is.')),
    name: Type.Optional(id('The name of the new head; made up by default.')),
  },
  { ...closed, $id: 'ContextFork', description: 'A new head at a turn; nothing is copied.' },
)

const openRewindSchema = Type.Object(
  {
    ref: Type.Optional(id('The head to move. Default: main.')),
    to: Type.Optional(id('The turn to go back to.')),
    turns: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'How many turns to go back.' }),
    ),
  },
  { ...closed, $id: 'ContextRewind', description: 'Exactly one of `to` and `turns`. Nothing is deleted.' },
)
const contextRewindSchema = exactly(openRewindSchema, {
  anyOf: [
    narrowed(openRewindSchema, { required: ['to'], without: ['turns'] }),
    narrowed(openRewindSchema, { required: ['turns'], without: ['to'] }),
  ],
})

const contextPinSchema = Type.Object(
  { turn: id('The turn.'), pinned: Type.Boolean() },
  { ...closed, $id: 'TurnPin', description: 'Whether a turn is in every pruned view.' },
)

const contextCompactSchema = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to sum up.' }),
    ref: Type.Optional(id('The head. Default: main.')),
  },
  { ...closed, $id: 'ContextCompact', description: 'Turns that a summary is to stand for.' },
)

export const contextMoveSchemas = [
  contextCompactSchema,
  contextForkSchema,
  contextRewindSchema,
  contextPinSchema,
]
