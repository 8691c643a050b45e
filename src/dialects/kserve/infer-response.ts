import { McpdError } from '../../core/errors.ts'
import type { InferenceResponse, InferInput } from '../../core/inference.ts'
import { textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import { decodeTensors, encodeTensors, joinBody, type JsonAndBytes, splitBody } from './tensor-json.ts'

/** Reads an answer of POST …/infer. Throws BACKEND_ERROR when it is none. */
export const decodeInferResponse = (bytes: Buffer, jsonLength?: number): InferenceResponse => {
  const { json, rest } = readBody(bytes, jsonLength)
  return decodeInferBody(json, rest)
}

/** The same of a body that has been parsed, with the bytes that followed it. */
export const decodeInferBody = (json: Wire, rest: Buffer = Buffer.alloc(0)): InferenceResponse => {
  const failure = errorInside(json)
  if (failure) throw failure
  const id = textOf(json['id'])
  return {
    model: textOf(json['model_name']) ?? '',
    ...(id !== undefined && { id }),
    choices: [],
    tensors: decodeTensors(json['outputs'], rest, 'outputs', malformed),
  }
}

const readBody = (bytes: Buffer, jsonLength?: number) => {
  try {
    return splitBody(bytes, jsonLength)
  } catch (error) {
    throw new McpdError('BACKEND_ERROR', 'The backend’s answer is no JSON object.', {}, error)
  }
}

const malformed = (fault: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${fault}.`)

export interface EncodeInferResponse {
  readonly model: string
  readonly version?: string
  readonly id?: string
  /** The request, which says what is to be bytes. */
  readonly input: InferInput
}

/**
 * The body of an answer. The inverse of `decodeInferResponse`. Throws BAD_REQUEST where the client wants values of a
 * tensor that only has bytes.
 */
export const encodeInferResponse = (
  { tensors = [] }: InferenceResponse,
  { model, version, id, input }: EncodeInferResponse,
): JsonAndBytes => {
  const whole = input.parameters?.['binary_data_output'] === true
  const wishes = new Map(input.outputs?.map(({ name, parameters }) => [name, parameters?.['binary_data']]))
  const wantsBytes = (name: string): boolean => (wishes.get(name) ?? whole) === true
  const { entries, bytes } = encodeTensors(tensors, ({ name }) => wantsBytes(name))
  return joinBody(
    {
      ...(id !== undefined && { id }),
      model_name: model,
      ...(version !== undefined && { model_version: version }),
      outputs: entries,
    },
    bytes,
  )
}
