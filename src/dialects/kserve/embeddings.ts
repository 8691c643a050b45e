import { McpdError } from '../../core/errors.ts'
import type { InferInput } from '../../core/inference.ts'
import { elementsOf, type Tensor } from '../../core/tensor.ts'
import { halfValues } from './half.ts'
import { shapeFor } from './generate-request.ts'
import type { Layout } from './layout.ts'
import { tensorValues } from './tensor-bytes.ts'

/** Vectors of texts, from a model that has an input for the one and an output for the other. */

/** Texts that one request may have: as many as the model's batch, or as many as its input is long. */
export const embedBatchMax = ({ facts, prompt }: Layout): number => {
  if (facts.batchMax !== undefined && facts.batchMax > 0) return facts.batchMax
  return prompt?.shape.some((length) => length < 0) ? 64 : 1
}

export const encodeEmbed = ({ prompt, embedding }: Layout, texts: readonly string[]): InferInput => {
  if (!prompt || !embedding) throw new Error('a model without an embedding was asked for one')
  const { name, datatype, shape } = prompt
  return {
    operation: 'infer',
    inputs: [{ name, datatype, shape: shapeFor(shape, texts.length, 'first'), data: texts }],
    outputs: [{ name: embedding.name }],
    extra: {},
  }
}

/** One vector per text, in order. Throws BACKEND_ERROR when the output is not that. */
export const decodeEmbed = ({ embedding }: Layout, tensors: readonly Tensor[], count: number): number[][] => {
  const tensor = tensors.find(({ name }) => name === embedding?.name)
  if (!tensor)
    throw new McpdError('BACKEND_ERROR', `The backend's answer has no output ${embedding?.name ?? ''}.`)
  const length = elementsOf(tensor.shape) / count
  const isVectors = Number.isSafeInteger(length) && length > 0 && isOnePerText(tensor.shape, count)
  const values = isVectors ? valuesOf(tensor) : undefined
  if (!values)
    throw new McpdError(
      'BACKEND_ERROR',
      `The output ${tensor.name} has the shape [${tensor.shape.join(', ')}], which is not one vector for each of ${count} texts.`,
    )
  return Array.from({ length: count }, (_, at) => values.slice(at * length, (at + 1) * length))
}

/** Dimensions of 1 change nothing; a vector for each token would be one more. */
const isOnePerText = (shape: readonly number[], count: number): boolean => {
  const [first, ...rest] = shape
  const inner = (count === 1 && first !== 1 ? shape : rest).filter((length) => length !== 1)
  return (count === 1 || first === count) && inner.length <= 1
}

const valuesOf = (tensor: Tensor): number[] | undefined =>
  ((tensor.base64 === undefined ? undefined : halfValues(tensor)) ?? tensorValues(tensor)) as
    | number[]
    | undefined
