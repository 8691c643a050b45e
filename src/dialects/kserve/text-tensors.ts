import { McpdError } from '../../core/errors.ts'
import type {
  CompleteInput,
  EmbedInput,
  InferenceResponse,
  InferInput,
  Operation,
} from '../../core/inference.ts'
import type { Tensor, TensorValue } from '../../core/tensor.ts'
import { decodeGenerate } from './generate-text.ts'
import { tensorValues } from './tensor-bytes.ts'

/** Tensors for models that know none: a text or texts in `text_input`, a text or vectors back. */

export interface TensorFormat {
  readonly name: string
  readonly datatype: string
  /** -1 is any length. */
  readonly shape: readonly number[]
}

/** The tensors that a model of texts is asked with, by what it can do. */
export const textFormats = (
  operations: readonly Operation[],
  dimensions = -1,
): { readonly inputs: readonly TensorFormat[]; readonly outputs: readonly TensorFormat[] } => {
  const inputs = [{ name: 'text_input', datatype: 'BYTES', shape: [-1] }]
  if (operations.includes('complete'))
    return { inputs, outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1] }] }
  if (operations.includes('embed'))
    return { inputs, outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, dimensions] }] }
  return { inputs: [], outputs: [] }
}

/**
 * What tensors mean to a model of texts. Other inputs of one value are parameters, as in POST …/generate. Throws
 * BAD_REQUEST for tensors that are no text.
 */
export const textInput = (
  { inputs, parameters = {} }: InferInput,
  operation: 'complete' | 'embed',
): CompleteInput | EmbedInput => {
  const input = inputs.find(({ name }) => name === 'text_input')
  const texts = input?.datatype === 'BYTES' ? tensorValues(input) : undefined
  if (!texts || texts.length === 0)
    throw new McpdError('BAD_REQUEST', 'The model takes text: send it as the BYTES tensor text_input.', {
      param: 'inputs',
    })
  const others = Object.fromEntries(
    inputs.filter((tensor) => tensor !== input).map((tensor) => [tensor.name, valueOf(tensor)]),
  )
  if (operation === 'embed')
    return { operation, inputs: texts.map(String), extra: { ...parameters, ...others } }
  if (texts.length > 1)
    throw new McpdError('BAD_REQUEST', 'The model goes on with one text at a time.', { param: 'inputs' })
  return decodeGenerate({ text_input: String(texts[0]), parameters: { ...parameters, ...others } })
}

const valueOf = (tensor: Tensor): TensorValue | readonly TensorValue[] | undefined => {
  const values = tensorValues(tensor)
  return values?.length === 1 ? values[0] : values
}

/** The tensors that a model of texts answers with. */
export const textTensors = ({ choices, embeddings }: InferenceResponse): Tensor[] => {
  if (embeddings) {
    const shape = [embeddings.length, embeddings[0]?.length ?? 0]
    return [{ name: 'embedding', datatype: 'FP32', shape, data: embeddings.flat() }]
  }
  return [
    { name: 'text_output', datatype: 'BYTES', shape: [1], data: [choices[0]?.text ?? ''] },
    { name: 'finish_reason', datatype: 'BYTES', shape: [1], data: [choices[0]?.finishReason ?? 'other'] },
  ]
}
