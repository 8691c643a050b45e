import { Type } from '../../core/schema.ts'
import { McpdError } from '../../core/errors.ts'
import type { InferInput, WantedOutput } from '../../core/inference.ts'
import { type Tensor, tensorFault, type TensorParameters, writtenTypes } from '../../core/tensor.ts'
import { among, exactly, narrowed } from '../../dialects/exact.ts'
import { mcpdWithoutContext } from '../../dialects/openai/request-schemas.ts'
import { tensorParametersSchema, tensorSchema, wantedOutputSchema } from '../../core/tensor-schema.ts'
import { measured, served } from './native-schemas.ts'

/** Raw tensors on the native surface. */

const closed = { additionalProperties: false }

const inferRequestSchema = Type.Object(
  {
    inputs: Type.Array(Type.Ref('Tensor#'), { minItems: 1 }),
    outputs: Type.Optional(
      Type.Array(wantedOutputSchema, { description: 'The outputs wanted; all when absent.' }),
    ),
    parameters: Type.Optional(tensorParametersSchema),
    stream: Type.Optional(Type.Boolean({ description: 'One event per response of the model.' })),
    mcpd: mcpdWithoutContext,
  },
  { ...closed, $id: 'NativeInferRequest', description: 'Tensors for a model.' },
)

const inferAnswerSchema = Type.Object(
  {
    ...served,
    output: Type.Object({ tensors: Type.Array(Type.Ref('Tensor#')) }, closed),
    ...measured,
  },
  { ...closed, $id: 'InferAnswer' },
)

const openTensor = Type.Object(tensorSchema.properties, {
  ...closed,
  $id: 'Tensor',
  description: 'Has either data or base64.',
})

export const nativeInferSchemas = [
  exactly(openTensor, {
    anyOf: [
      narrowed(openTensor, {
        properties: { datatype: among(...writtenTypes) },
        required: ['data'],
        without: ['base64'],
      }),
      narrowed(openTensor, { required: ['base64'], without: ['data'] }),
    ],
  }),
  inferRequestSchema,
  inferAnswerSchema,
]

interface InferBody {
  readonly inputs: readonly Tensor[]
  readonly outputs?: readonly WantedOutput[]
  readonly parameters?: TensorParameters
}

/** Reads a body that the schema has accepted. Throws BAD_REQUEST for a tensor that is not what it says. */
export const decodeInfer = (body: Readonly<Record<string, unknown>>): InferInput => {
  const { inputs, outputs, parameters } = body as unknown as InferBody
  for (const [index, tensor] of inputs.entries()) {
    const fault =
      (tensor.data === undefined) === (tensor.base64 === undefined)
        ? `${tensor.name} must have exactly one of data and base64`
        : tensorFault(tensor)
    if (fault !== undefined)
      throw new McpdError('BAD_REQUEST', `The tensor ${fault}.`, { param: `inputs[${index}]` })
  }
  return {
    operation: 'infer',
    inputs,
    ...(outputs && { outputs }),
    ...(parameters && { parameters }),
    extra: {},
  }
}
