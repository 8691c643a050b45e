import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { tensorParametersSchema, wantedOutputSchema } from '../../core/tensor-schema.ts'
import { datatypes, dimensionsMax, writtenTypes } from '../../core/tensor.ts'
import { among, exactly, narrowed } from '../exact.ts'
import { optional } from '../nullable.ts'

/**
 * The request bodies of KServe v2 as mcpd takes them; members that have no name here go to backends of the same
 * dialect only. The same objects validate the routes and are published in /openapi.json.
 */

const number = (description: string, minimum: number, maximum: number) =>
  optional(Type.Number({ minimum, maximum, description }))
const integer = (description: string, minimum: number, maximum: number) =>
  optional(Type.Integer({ minimum, maximum, description }))

const openTensor = Type.Object({
  name: Type.String({ minLength: 1 }),
  datatype: Type.Enum(Object.keys(datatypes)),
  shape: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: dimensionsMax }),
  data: Type.Optional(
    Type.Array(Type.Unknown(), {
      description: 'Row by row, nested or flat. Absent where the bytes follow the JSON.',
    }),
  ),
  parameters: Type.Optional(tensorParametersSchema),
})

/** Where no bytes follow. */
const inputTensor = exactly(
  openTensor,
  narrowed(openTensor, { properties: { datatype: among(...writtenTypes) }, required: ['data'] }),
)

export const KserveInferRequest = Type.Object(
  {
    id: Type.Optional(Type.String()),
    inputs: Type.Array(inputTensor, { minItems: 1 }),
    outputs: Type.Optional(Type.Array(wantedOutputSchema)),
    parameters: Type.Optional(tensorParametersSchema),
  },
  { $id: 'KserveInferRequest', description: 'Tensors for a model.' },
)

export const KserveGenerateRequest = Type.Object(
  {
    id: optional(Type.String()),
    text_input: Type.String({ description: 'The text to go on with.' }),
    parameters: optional(
      Type.Object(
        {
          temperature: number('Sampling temperature.', 0, 100),
          top_p: number('Nucleus sampling: the probability mass to sample from.', 0, 1),
          top_k: integer('Tokens to sample from.', -1, 2 ** 31 - 1),
          min_p: number('Least probability relative to the best token.', 0, 1),
          max_tokens: integer('Most tokens of output.', 0, 2 ** 31 - 1),
          stop: Type.Optional(
            Type.Unsafe<string | readonly string[] | null>({
              type: ['string', 'array', 'null'],
              items: { type: 'string' },
              description: 'Texts that end the output.',
            }),
          ),
          seed: integer('Seed of the sampling.', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
          presence_penalty: number('Penalty for tokens that are there already.', -100, 100),
          frequency_penalty: number('Penalty that grows with how often a token is there.', -100, 100),
          repetition_penalty: number('Multiplicative penalty; 1 is none.', 0, 100),
        },
        { description: 'Sampling; what only the backend knows goes to a backend of this dialect only.' },
      ),
    ),
  },
  { $id: 'KserveGenerateRequest', description: 'A text to go on with.' },
)

export const KserveIndexRequest = Type.Object(
  { ready: Type.Optional(Type.Boolean({ description: 'Only what can be asked now.' })) },
  { $id: 'KserveIndexRequest' },
)

export const KserveLoadRequest = Type.Object(
  { parameters: Type.Optional(Type.Object({})) },
  { $id: 'KserveLoadRequest', description: 'Load or unload a model.' },
)

export type GenerateBody = Static<typeof KserveGenerateRequest>
