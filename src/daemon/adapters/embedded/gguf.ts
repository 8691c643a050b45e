/** Writes GGUF version 3, the model file of llama.cpp: as much of it as the demo model needs. Everything is little-endian. */

export type GgufValue =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'i32s'; readonly value: readonly number[] }

/** A tensor of `rows` rows of `columns` values. `q8` needs columns in multiples of 32. */
export interface GgufTensor {
  readonly name: string
  readonly columns: number
  readonly rows: number
  readonly format: 'f32' | 'q8'
  readonly values: Float32Array
}

const alignment = 32
const blockValues = 32
const valueTypes = { u32: 4, f32: 6, string: 8, array: 9, i32: 5 } as const
const tensorFormats = { f32: 0, q8: 8 } as const

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(bytes.length), bytes])
}

const array = (elementType: number, elements: readonly Buffer[]): Buffer =>
  Buffer.concat([u32(valueTypes.array), u32(elementType), u64(elements.length), ...elements])

const encodeValue = (entry: GgufValue): Buffer => {
  switch (entry.type) {
    case 'u32':
      return Buffer.concat([u32(valueTypes.u32), u32(entry.value)])
    case 'f32':
      return Buffer.concat([u32(valueTypes.f32), f32(entry.value)])
    case 'string':
      return Buffer.concat([u32(valueTypes.string), text(entry.value)])
    case 'strings':
      return array(valueTypes.string, entry.value.map(text))
    default:
      // i32s: ids and types of tokens are never negative, so the unsigned bytes are the signed ones.
      return array(valueTypes.i32, entry.value.map(u32))
  }
}

/** The bits of a finite, non-negative number as a 16-bit float, cut towards zero; too small becomes 0. */
const halfBits = (value: number): number => {
  const bits = f32(value).readUInt32LE()
  const exponent = (bits >>> 23) - 127 + 15
  if (exponent <= 0) return 0
  return (Math.min(exponent, 30) << 10) | ((bits >>> 13) & 0x3ff)
}

const halfValue = (bits: number): number => (1 + (bits & 0x3ff) / 1024) * 2 ** ((bits >>> 10) - 15)

/** Q8_0: per 32 values a 16-bit float scale and 32 signed bytes. */
const quantize = (values: Float32Array): Buffer => {
  const out = Buffer.alloc((values.length / blockValues) * (2 + blockValues))
  for (let from = 0, at = 0; from < values.length; from += blockValues, at += 2 + blockValues) {
    const block = values.subarray(from, from + blockValues)
    const largest = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const scaleBits = halfBits(largest / 127)
    if (scaleBits === 0) continue
    // The scale was cut, so a value may come out a little above 127 of them.
    const scale = halfValue(scaleBits)
    out.writeUInt16LE(scaleBits, at)
    for (const [index, value] of block.entries())
      out.writeInt8(Math.max(-127, Math.min(127, Math.round(value / scale))), at + 2 + index)
  }
  return out
}

const padding = (length: number): Buffer => Buffer.alloc((alignment - (length % alignment)) % alignment)

const encodeTensor = ({ format, values }: GgufTensor): Buffer => {
  const bytes =
    format === 'q8' ? quantize(values) : Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return Buffer.concat([bytes, padding(bytes.length)])
}

/** A whole GGUF file. The same input gives the same bytes. */
export const encodeGguf = (
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Buffer => {
  const data = tensors.map(encodeTensor)
  let offset = 0
  const infos = tensors.map(({ name, columns, rows, format }, index) => {
    const dimensions = rows === 1 ? [columns] : [columns, rows]
    const info = [
      text(name),
      u32(dimensions.length),
      ...dimensions.map(u64),
      u32(tensorFormats[format]),
      u64(offset),
    ]
    offset += data[index]?.length ?? 0
    return Buffer.concat(info)
  })
  const entries = Object.entries(metadata)
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(entries.length),
    ...entries.map(([key, value]) => Buffer.concat([text(key), encodeValue(value)])),
    ...infos,
  ])
  return Buffer.concat([head, padding(head.length), ...data])
}
