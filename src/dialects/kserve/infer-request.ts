import { McpdError } from '../../core/errors.ts'
import type { InferInput, WantedOutput } from '../../core/inference.ts'
import type { TensorParameters } from '../../core/tensor.ts'
import { isRecord, textOf } from '../wire.ts'
import { decodeTensors, encodeTensors, joinBody, type JsonAndBytes, splitBody } from './tensor-json.ts'

/** The body of POST …/infer. `outputs` are those of the input, as the server is to be asked for them. */
export const encodeInfer = (
  { inputs, parameters }: InferInput,
  outputs: readonly WantedOutput[] | undefined,
  id?: string,
): JsonAndBytes => {
  const { entries, bytes } = encodeTensors(inputs)
  return joinBody(
    {
      ...(id !== undefined && { id }),
      inputs: entries,
      ...(outputs && { outputs }),
      ...(parameters && Object.keys(parameters).length > 0 && { parameters }),
    },
    bytes,
  )
}

export interface DecodedInfer {
  readonly input: InferInput
  readonly id?: string
}

/**
 * Reads a client's body; `jsonLength` is what the header says of it. A body that is nothing but the bytes of one
 * input (0) cannot be read without the model's config. Throws BAD_REQUEST.
 */
export const decodeInfer = (bytes: Buffer, jsonLength?: number): DecodedInfer => {
  if (jsonLength === 0)
    throw badRequest('A body without JSON is not understood here: name the input, its shape and datatype.')
  if (jsonLength !== undefined && jsonLength > bytes.length)
    throw badRequest(`The body has ${bytes.length} bytes, fewer than its header says of its JSON.`)
  const { json, rest } = readBody(bytes, jsonLength)
  const { inputs, outputs, parameters, id } = json
  const own = isRecord(parameters) ? (parameters as TensorParameters) : undefined
  const wanted = readOutputs(outputs)
  const known = textOf(id)
  return {
    input: {
      operation: 'infer',
      inputs: decodeTensors(inputs, rest, 'inputs', (fault, param) => badRequest(`${upper(fault)}.`, param)),
      ...(wanted && { outputs: wanted }),
      ...(own && { parameters: own }),
      extra: {},
    },
    ...(known !== undefined && { id: known }),
  }
}

const readBody = (bytes: Buffer, jsonLength?: number) => {
  try {
    return splitBody(bytes, jsonLength)
  } catch (error) {
    throw new McpdError('BAD_REQUEST', 'The body is no JSON object.', {}, error)
  }
}

const readOutputs = (outputs: unknown): readonly WantedOutput[] | undefined => {
  if (outputs === undefined) return undefined
  if (!Array.isArray(outputs)) throw badRequest('outputs is no list.', 'outputs')
  return outputs.map((output: unknown, index) => {
    const name = isRecord(output) ? textOf(output['name']) : undefined
    if (name === undefined) throw badRequest(`outputs[${index}] has no name.`, `outputs[${index}]`)
    const { parameters } = output as { parameters?: unknown }
    return { name, ...(isRecord(parameters) && { parameters: parameters as TensorParameters }) }
  })
}

const upper = (text: string): string => text[0]!.toUpperCase() + text.slice(1)

const badRequest = (message: string, param?: string): McpdError =>
  new McpdError('BAD_REQUEST', message, param === undefined ? {} : { param })
