import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'

/** TEI's native API as mcpd uses it. */

const input = Type.Union([Type.String(), Type.Array(Type.Integer())])

export const EmbedRequest = Type.Object(
  {
    inputs: Type.Union([input, Type.Array(input, { minItems: 1 })], {
      description: 'At most as many as max_client_batch_size of GET /info.',
    }),
    normalize: optional(Type.Boolean({ description: 'True when absent.' })),
    truncate: optional(Type.Boolean({ description: 'Whether to cut what is too long.' })),
    dimensions: optional(Type.Integer({ minimum: 1, description: 'Length of the vectors.' })),
    prompt_name: optional(Type.String({ description: 'A prompt of the model to put before each input.' })),
  },
  { $id: 'EmbedRequest', description: 'Texts to turn into vectors.' },
)

export const EmbedResponse = Type.Array(Type.Array(Type.Number()), {
  $id: 'EmbedResponse',
  description: 'A vector per input, in order.',
})

export const RerankTextsRequest = Type.Object(
  {
    query: Type.String(),
    texts: Type.Array(Type.String(), { minItems: 1 }),
    raw_scores: optional(Type.Boolean({ description: 'Whether to leave the sigmoid out.' })),
    return_text: optional(Type.Boolean()),
    truncate: optional(Type.Boolean({ description: 'Whether to cut what is too long.' })),
  },
  { $id: 'RerankTextsRequest', description: 'Texts to put in order.' },
)

export const RerankTextsResponse = Type.Array(
  Type.Object({ index: Type.Integer({ minimum: 0 }), score: Type.Number() }),
  { $id: 'RerankTextsResponse', description: 'Best first.' },
)
