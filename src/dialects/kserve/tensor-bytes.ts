import { isUtf8 } from 'node:buffer'
import { McpdError } from '../../core/errors.ts'
import {
  type Datatype,
  datatypes,
  elementsOf,
  type Tensor,
  type TensorHead,
  type TensorValue,
} from '../../core/tensor.ts'

/** Tensors as raw bytes: little-endian, each of BYTES behind its length as uint32. */

/** The bytes of a tensor that is what it says it is. */
export const tensorBytes = ({ datatype, data, base64 }: Tensor): Buffer => {
  if (data === undefined) return Buffer.from(base64, 'base64')
  if (datatype === 'BYTES') return Buffer.concat(data.flatMap(prefixed))
  const size = datatypes[datatype]
  const bytes = Buffer.alloc(size * data.length)
  const write = writers[datatype]
  for (const [at, value] of data.entries()) write?.(bytes, value, at * size)
  return bytes
}

/**
 * The tensor of those bytes, with its values where they have a form of their own and nobody wants the bytes.
 * Throws BACKEND_ERROR when they are not as many as the shape says.
 */
export const tensorOf = (head: TensorHead, bytes: Buffer, keepBytes = false): Tensor => {
  const { datatype, shape, name } = head
  const count = elementsOf(shape)
  const size = datatypes[datatype]
  if (size !== undefined && bytes.length !== size * count)
    throw malformed(name, `${bytes.length} bytes, but ${count} values of ${datatype} take ${size * count}`)
  if (keepBytes || datatype === 'FP16' || datatype === 'BF16')
    return { ...head, base64: bytes.toString('base64') }
  if (datatype !== 'BYTES') return { ...head, data: readValues(datatype, bytes, count) }
  const texts = splitBytes(bytes, count)
  if (!texts) throw malformed(name, `no ${count} texts behind their lengths`)
  return texts.every((text) => isUtf8(text))
    ? { ...head, data: texts.map((text) => text.toString('utf8')) }
    : { ...head, base64: bytes.toString('base64') }
}

/** The values of a tensor in either form; undefined for FP16 and BF16. BYTES that are no UTF-8 get replacement characters. */
export const tensorValues = (tensor: Tensor): readonly TensorValue[] | undefined => {
  if (tensor.data !== undefined) return tensor.data
  const { datatype, base64, shape } = tensor
  const bytes = Buffer.from(base64, 'base64')
  if (datatype === 'FP16' || datatype === 'BF16') return undefined
  if (datatype === 'BYTES') return splitBytes(bytes, elementsOf(shape))?.map((text) => text.toString('utf8'))
  return readValues(datatype, bytes, elementsOf(shape))
}

const malformed = (name: string, what: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: its tensor ${name} has ${what}.`)

const prefixed = (value: TensorValue): Buffer[] => {
  const text = Buffer.from(String(value))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return [length, text]
}

/** undefined when the bytes are not exactly so many texts. */
const splitBytes = (bytes: Buffer, count: number): Buffer[] | undefined => {
  const texts: Buffer[] = []
  let at = 0
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32LE(at)
    if (end > bytes.length) return undefined
    texts.push(bytes.subarray(at + 4, end))
    at = end
  }
  return at === bytes.length && texts.length === count ? texts : undefined
}

type Numeric = Exclude<Datatype, 'BYTES' | 'FP16' | 'BF16'>
type Write = (bytes: Buffer, value: TensorValue, at: number) => void

const writers: Readonly<Partial<Record<Datatype, Write>>> = {
  BOOL: (bytes, value, at) => void bytes.writeUInt8(value === true ? 1 : 0, at),
  UINT8: (bytes, value, at) => void bytes.writeUInt8(Number(value), at),
  UINT16: (bytes, value, at) => void bytes.writeUInt16LE(Number(value), at),
  UINT32: (bytes, value, at) => void bytes.writeUInt32LE(Number(value), at),
  UINT64: (bytes, value, at) => void bytes.writeBigUInt64LE(BigInt(value), at),
  INT8: (bytes, value, at) => void bytes.writeInt8(Number(value), at),
  INT16: (bytes, value, at) => void bytes.writeInt16LE(Number(value), at),
  INT32: (bytes, value, at) => void bytes.writeInt32LE(Number(value), at),
  INT64: (bytes, value, at) => void bytes.writeBigInt64LE(BigInt(value), at),
  FP32: (bytes, value, at) => void bytes.writeFloatLE(Number(value), at),
  FP64: (bytes, value, at) => void bytes.writeDoubleLE(Number(value), at),
}

const readers: Readonly<Record<Numeric, (bytes: Buffer, at: number) => number | boolean | bigint>> = {
  BOOL: (bytes, at) => bytes.readUInt8(at) !== 0,
  UINT8: (bytes, at) => bytes.readUInt8(at),
  UINT16: (bytes, at) => bytes.readUInt16LE(at),
  UINT32: (bytes, at) => bytes.readUInt32LE(at),
  UINT64: (bytes, at) => bytes.readBigUInt64LE(at),
  INT8: (bytes, at) => bytes.readInt8(at),
  INT16: (bytes, at) => bytes.readInt16LE(at),
  INT32: (bytes, at) => bytes.readInt32LE(at),
  INT64: (bytes, at) => bytes.readBigInt64LE(at),
  FP32: (bytes, at) => bytes.readFloatLE(at),
  FP64: (bytes, at) => bytes.readDoubleLE(at),
}

const readValues = (datatype: Numeric, bytes: Buffer, count: number): TensorValue[] => {
  const size = datatypes[datatype]
  const read = readers[datatype]
  return Array.from({ length: count }, (_, at) => {
    const value = read(bytes, at * size)
    if (typeof value !== 'bigint') return value
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  })
}
