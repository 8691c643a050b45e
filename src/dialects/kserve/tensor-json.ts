import { McpdError } from '../../core/errors.ts'
import {
  isDatatype,
  type Tensor,
  tensorFault,
  type TensorHead,
  type TensorParameters,
  type TensorValue,
} from '../../core/tensor.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { tensorBytes, tensorValues } from './tensor-bytes.ts'

/** Tensors in a JSON body, behind which the bytes of some of them may stand in order. */

export interface JsonAndBytes {
  readonly body: Buffer
  /** Of the JSON in front; absent where nothing follows it. */
  readonly jsonLength?: number
}

/** A body with the bytes that its tensors left out. */
export const joinBody = (json: object, bytes: readonly Buffer[]): JsonAndBytes => {
  const head = Buffer.from(JSON.stringify(json))
  return bytes.length === 0
    ? { body: head }
    : { body: Buffer.concat([head, ...bytes]), jsonLength: head.length }
}

/** The parts of such a body. Throws a SyntaxError or TypeError for what is none. */
export const splitBody = (bytes: Buffer, jsonLength = bytes.length): { json: Wire; rest: Buffer } => {
  const json: unknown = JSON.parse(bytes.toString('utf8', 0, jsonLength))
  if (!isRecord(json)) throw new TypeError('not an object')
  return { json, rest: bytes.subarray(jsonLength) }
}

/** Which tensors go as bytes: those whose values JSON cannot hold, and those that somebody wants so. */
export const encodeTensors = (
  tensors: readonly Tensor[],
  wantsBytes: (tensor: Tensor) => boolean = ({ base64 }) => base64 !== undefined,
): { readonly entries: readonly object[]; readonly bytes: readonly Buffer[] } => {
  const bytes: Buffer[] = []
  const entries = tensors.map((tensor) => {
    const { name, datatype, shape, parameters } = tensor
    const head = { name, shape, datatype }
    const values = wantsBytes(tensor) ? undefined : tensorValues(tensor)
    // Of numbers, only those are text that JSON would round.
    if (values && (datatype === 'BYTES' || !values.some((value) => typeof value === 'string')))
      return { ...head, ...(parameters && { parameters }), data: values }
    const raw = tensorBytes(tensor)
    bytes.push(raw)
    return { ...head, parameters: { ...parameters, binary_data_size: raw.length } }
  })
  return { entries, bytes }
}

/**
 * The tensors of a body. `refuse` makes the error for one that is not what it says, of a client or of a backend.
 * `path` is the member they stand in.
 */
export const decodeTensors = (
  entries: unknown,
  rest: Buffer,
  path: string,
  refuse: (fault: string, param: string) => McpdError,
): Tensor[] => {
  if (!Array.isArray(entries)) throw refuse(`${path} is no list of tensors`, path)
  let at = 0
  const tensors = entries.map((entry: unknown, index): Tensor => {
    const param = `${path}[${index}]`
    const head = headOf(entry)
    if (typeof head === 'string') throw refuse(`${param} ${head}`, param)
    const { binary_data_size: size, ...parameters } = head.parameters ?? {}
    const plain: TensorHead = {
      name: head.name,
      datatype: head.datatype,
      shape: head.shape,
      ...some(parameters),
    }
    if (size !== undefined && !(Number.isSafeInteger(size) && (size as number) >= 0))
      throw refuse(`${param} (${head.name}) has no binary_data_size`, param)
    const tensor: Tensor =
      size === undefined
        ? { ...plain, data: flatten((entry as Wire)['data']) as TensorValue[] }
        : { ...plain, base64: rest.toString('base64', at, (at += size as number)) }
    const fault = tensorFault(tensor)
    if (fault !== undefined) throw refuse(`the tensor ${fault}`, param)
    return tensor
  })
  if (at !== rest.length)
    throw refuse(`${rest.length} bytes follow the JSON, but its tensors take ${at}`, path)
  return tensors
}

const some = (parameters: TensorParameters): { parameters?: TensorParameters } =>
  Object.keys(parameters).length > 0 ? { parameters } : {}

/** The head of a tensor, or what is wrong with it. */
const headOf = (entry: unknown): TensorHead | string => {
  if (!isRecord(entry)) return 'is no object'
  const { name, datatype, shape, parameters } = entry
  const known = textOf(name)
  if (known === undefined) return 'has no name'
  if (!isDatatype(datatype))
    return `(${known}) has the datatype ${JSON.stringify(datatype)}, which there is not`
  if (!isShape(shape)) return `(${known}) has no shape`
  return {
    name: known,
    datatype,
    shape,
    ...(isRecord(parameters) && { parameters: parameters as TensorParameters }),
  }
}

const isShape = (shape: unknown): shape is number[] =>
  Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)

/** Nested or flat is the same. */
const flatten = (data: unknown): unknown[] =>
  Array.isArray(data)
    ? data.some((value) => Array.isArray(value))
      ? (data.flat(32) as unknown[])
      : data
    : []
