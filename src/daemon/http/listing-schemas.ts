import { Type } from '../../core/schema.ts'
import { modelPlaces } from './model-places.ts'

/** Shapes of what the native surface says of models, adapters and routes. */

const closed = { additionalProperties: false }
const count = (description: string) => Type.Integer({ minimum: 0, description })
const operationList = Type.Array(Type.String(), {
  description: 'chat, complete, embed, rerank, tokenize, infer.',
})

export const health = Type.Object(
  {
    ok: Type.Boolean(),
    detail: Type.Optional(Type.String()),
    version: Type.Optional(Type.String({ description: "The runtime's own version." })),
  },
  closed,
)

const modelInfoSchema = Type.Object(
  {
    id: Type.String({ description: 'backend/model' }),
    name: Type.String({ description: "The backend's name of the model." }),
    adapter: Type.String(),
    backend: Type.String(),
    operations: operationList,
    contextLength: Type.Optional(count('Tokens of context that are really taken.')),
    trainedContextLength: Type.Optional(count('Tokens of context the model was trained for.')),
    embeddingDimensions: Type.Optional(count('Length of its vectors.')),
    embeddingBatchMax: Type.Optional(count('Inputs that one embedding request may have.')),
    streaming: Type.Boolean({ description: 'Whether chat and complete answer piece by piece.' }),
    capabilities: Type.Optional(Type.Array(Type.String())),
    description: Type.Optional(Type.String()),
    aliases: Type.Optional(Type.Array(Type.String())),
    ...modelPlaces,
    shadowedBy: Type.Optional(
      Type.String({ description: 'The backend that answers to the bare name instead.' }),
    ),
  },
  { ...closed, $id: 'ModelInfo' },
)

const modelListSchema = Type.Object(
  { models: Type.Array(Type.Ref('ModelInfo#')) },
  { ...closed, $id: 'ModelInfoList' },
)

const modelHealthSchema = Type.Object(
  {
    backend: Type.String(),
    adapter: Type.String(),
    model: Type.String(),
    health,
    circuit: Type.Enum(['closed', 'open', 'half-open']),
  },
  { ...closed, $id: 'ModelHealth' },
)

const adapterListSchema = Type.Object(
  {
    adapters: Type.Array(
      Type.Object(
        {
          type: Type.String(),
          description: Type.String(),
          host: Type.Enum(['module', 'sidecar']),
          source: Type.Optional(Type.String({ description: 'Its file or command; mcpd has its own.' })),
          backends: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'AdapterList' },
)

const routeSchema = Type.Object(
  {
    model: Type.String(),
    group: Type.Optional(Type.String({ description: 'The group that the name is of.' })),
    strategy: Type.String(),
    stickyBy: Type.Optional(Type.String()),
    chosen: Type.String({ description: 'backend/model that an ordinary request would get now.' }),
    targets: Type.Array(
      Type.Object(
        {
          id: Type.String({ description: 'backend/model' }),
          adapter: Type.String(),
          weight: Type.Number(),
          healthy: Type.Boolean(),
          circuit: Type.Enum(['closed', 'open', 'half-open']),
          inFlight: count('Requests it works on.'),
          queued: count('Requests that wait for a slot.'),
          latencyMs: Type.Union([Type.Number(), Type.Null()], {
            description: 'Expected time to the first output; null until something was seen.',
          }),
          cost: Type.Number({ description: 'What p2c compares; lower is better.' }),
          passedOver: Type.Optional(
            Type.String({ description: 'Why it is not taken while others are there.' }),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'Route', description: 'What would be chosen for a name now, and why.' },
)

export const listingSchemas = [
  modelInfoSchema,
  modelListSchema,
  modelHealthSchema,
  adapterListSchema,
  routeSchema,
]
