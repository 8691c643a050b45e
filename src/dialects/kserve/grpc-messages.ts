import { McpdError } from '../../core/errors.ts'
import type { InferInput, WantedOutput } from '../../core/inference.ts'
import {
  isDatatype,
  type Tensor,
  tensorFault,
  type TensorHead,
  type TensorParameters,
  type TensorValue,
} from '../../core/tensor.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { tensorBytes, tensorOf } from './tensor-bytes.ts'
import { splitVersion } from './wire.ts'

/** Tensors as the messages of inference.proto, with 64-bit numbers as text. */

/** A ModelInferRequest. Tensors always go as raw bytes, which every datatype has. */
export const encodeInferMessage = (
  model: string,
  { inputs, outputs, parameters }: Pick<InferInput, 'inputs' | 'outputs' | 'parameters'>,
  id: string,
): object => {
  const { name, version = '' } = splitVersion(model)
  return {
    model_name: name,
    model_version: version,
    id,
    parameters: encodeParameters(parameters),
    inputs: inputs.map((tensor) => ({
      name: tensor.name,
      datatype: tensor.datatype,
      shape: tensor.shape,
      parameters: encodeParameters(tensor.parameters),
    })),
    outputs: (outputs ?? []).map((output) => ({
      name: output.name,
      parameters: encodeParameters(withoutBytes(output.parameters)),
    })),
    raw_input_contents: inputs.map(tensorBytes),
  }
}

/** Over gRPC everything is bytes. */
const withoutBytes = (parameters: TensorParameters = {}): TensorParameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'binary_data'))

const encodeParameters = (parameters: TensorParameters = {}): object =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      if (typeof value === 'boolean') return [name, { bool_param: value }]
      if (typeof value === 'string') return [name, { string_param: value }]
      return [name, Number.isSafeInteger(value) ? { int64_param: value } : { double_param: value }]
    }),
  )

export interface InferMessage {
  readonly model: string
  readonly tensors: readonly Tensor[]
  readonly parameters: TensorParameters
}

/** Reads a ModelInferResponse. Throws BACKEND_ERROR when it is malformed. */
export const decodeInferMessage = (
  message: Wire,
  wanted: readonly WantedOutput[] = [],
  allBytes = false,
): InferMessage => {
  const bytesOf = new Set(
    wanted.filter(({ parameters }) => parameters?.['binary_data'] === true).map(({ name }) => name),
  )
  const outputs = listOf(message['outputs'])
  const raw = listOf(message['raw_output_contents'])
  return {
    model: textOf(message['model_name']) ?? '',
    parameters: decodeParameters(message['parameters']),
    tensors: outputs.map((output, at): Tensor => {
      const head = headOf(output)
      const bytes = raw[at]
      if (Buffer.isBuffer(bytes)) return tensorOf(head, bytes, allBytes || bytesOf.has(head.name))
      return contentsOf(head, (output as Wire)['contents'])
    }),
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${why}.`)

const headOf = (output: unknown): TensorHead => {
  const { name, datatype, shape } = isRecord(output) ? output : {}
  const known = textOf(name)
  if (known === undefined || !isDatatype(datatype)) throw malformed('an output has no name or datatype')
  return { name: known, datatype, shape: listOf(shape).map(Number) }
}

/** MLServer sends values instead of bytes. */
const contentsOf = (head: TensorHead, contents: unknown): Tensor => {
  const filled = Object.values(isRecord(contents) ? contents : {}).find(
    (values): values is unknown[] => Array.isArray(values) && values.length > 0,
  )
  const data = (filled ?? []).map((value): TensorValue => {
    if (Buffer.isBuffer(value)) return value.toString('utf8')
    // 64-bit numbers are text; those that a number holds are numbers.
    if (typeof value === 'string' && Number.isSafeInteger(Number(value))) return Number(value)
    return value as TensorValue
  })
  const tensor: Tensor = { ...head, data }
  const fault = tensorFault(tensor)
  if (fault !== undefined) throw malformed(`the tensor ${fault}`)
  return tensor
}

const decodeParameters = (value: unknown): TensorParameters =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, parameter]) => {
          const choice = isRecord(parameter) ? textOf(parameter['parameter_choice']) : undefined
          const held = choice === undefined ? undefined : (parameter as Wire)[choice]
          return held === undefined ? [] : [[name, held as string | number | boolean] as const]
        }),
      )
    : {}

/** What stands for a code of gRPC among the statuses of HTTP, which errors.ts knows. */
export const statusOfCode = (code: number): number =>
  ({ 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 12: 501, 14: 503, 16: 401 })[code] ?? 500
