import { describe, expect, it } from 'vitest'
import { encodeGguf, type GgufTensor } from '../../../../../src/daemon/adapters/embedded/gguf.ts'

const vector: GgufTensor = {
  name: 'v',
  columns: 2,
  rows: 1,
  format: 'f32',
  values: new Float32Array([1, -2]),
}

/** The bytes of one quantised row, which stand alone after the header. */
const quantised = (values: readonly number[]): Buffer =>
  encodeGguf({}, [
    { name: 'q', columns: values.length, rows: 2, format: 'q8', values: new Float32Array(values) },
  ])

describe('encodeGguf', () => {
  it('writes header, metadata and tensors as GGUF 3 lays down', () => {
    const bytes = encodeGguf({ n: { type: 'u32', value: 7 }, s: { type: 'strings', value: ['a', 'é'] } }, [
      vector,
    ])
    expect(bytes.toString('latin1', 0, 4)).toBe('GGUF')
    expect(bytes.readUInt32LE(4)).toBe(3)
    expect(bytes.readBigUInt64LE(8)).toBe(1n)
    expect(bytes.readBigUInt64LE(16)).toBe(2n)
    const metadata = Buffer.from(
      [
        // n = u32 7
        ['01000000000000006e', '04000000', '07000000'],
        // s = array of two strings
        ['010000000000000073', '09000000', '08000000', '0200000000000000'],
        ['010000000000000061', '0200000000000000c3a9'],
      ]
        .flat()
        .join(''),
      'hex',
    )
    expect(bytes.subarray(24, 24 + metadata.length)).toEqual(metadata)
  })

  it('aligns the data of every tensor to 32 bytes', () => {
    const bytes = encodeGguf({}, [vector, { ...vector, name: 'w' }])
    expect(bytes.length % 32).toBe(0)
    expect(bytes.readFloatLE(bytes.length - 64)).toBe(1)
    expect(bytes.readFloatLE(bytes.length - 60)).toBe(-2)
    expect(bytes.readFloatLE(bytes.length - 32)).toBe(1)
  })

  it('quantises to within a hundredth of the largest value of the block', () => {
    const values = Array.from({ length: 32 }, (_, index) => Math.sin(index) * 9)
    const bytes = quantised(values)
    const block = bytes.subarray(bytes.length - 64)
    const scaleBits = block.readUInt16LE()
    const scale = (1 + (scaleBits & 0x3ff) / 1024) * 2 ** ((scaleBits >> 10) - 15)
    for (const [index, value] of values.entries())
      expect(Math.abs(block.readInt8(2 + index) * scale - value)).toBeLessThan(0.09)
  })

  it('keeps a block of zeros zero', () => {
    const bytes = quantised(Array.from({ length: 32 }, () => 0))
    expect(bytes.subarray(bytes.length - 64).every((byte) => byte === 0)).toBe(true)
  })
})
