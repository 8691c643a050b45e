import type { Tensor } from '../../core/tensor.ts'

/** The numbers of a tensor of 16-bit floats; undefined for any other. */
export const halfValues = ({ datatype, base64 }: Tensor): number[] | undefined => {
  if (base64 === undefined || (datatype !== 'FP16' && datatype !== 'BF16')) return undefined
  const bytes = Buffer.from(base64, 'base64')
  const read = datatype === 'FP16' ? halfOf : brainOf
  return Array.from({ length: bytes.length >> 1 }, (_, at) => read(bytes.readUInt16LE(at * 2)))
}

const scratch = new DataView(new ArrayBuffer(4))

/** The upper half of a 32-bit float. */
const brainOf = (bits: number): number => {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

/** IEEE 754 binary16. */
const halfOf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
