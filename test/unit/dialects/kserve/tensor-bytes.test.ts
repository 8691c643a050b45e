import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../../../src/core/tensor.ts'
import { tensorBytes, tensorOf, tensorValues } from '../../../../src/dialects/kserve/tensor-bytes.ts'
import { everyTensor } from './infer.ts'

const headOf = ({ name, datatype, shape }: Tensor) => ({ name, datatype, shape })

describe('raw bytes of tensors', () => {
  it.each(everyTensor)('come back as they were: $name', (tensor) => {
    expect(tensorOf(headOf(tensor), tensorBytes(tensor))).toEqual(tensor)
  })

  it('are little-endian, and texts stand behind their lengths', () => {
    expect(tensorBytes({ name: 'x', datatype: 'INT16', shape: [1], data: [258] })).toEqual(
      Buffer.from([2, 1]),
    )
    expect(tensorBytes({ name: 'x', datatype: 'BYTES', shape: [2], data: ['ab', ''] })).toEqual(
      Buffer.from([2, 0, 0, 0, 97, 98, 0, 0, 0, 0]),
    )
  })

  it('stay bytes where texts are no UTF-8, or somebody wants them', () => {
    const bytes = Buffer.from([1, 0, 0, 0, 0xff])
    const tensor = tensorOf({ name: 'x', datatype: 'BYTES', shape: [1] }, bytes)
    expect(tensor).toEqual({ name: 'x', datatype: 'BYTES', shape: [1], base64: bytes.toString('base64') })
    expect(tensorValues(tensor)).toEqual(['\uFFFD'])
    expect(tensorOf({ name: 'x', datatype: 'INT8', shape: [1] }, Buffer.from([1]), true)).toMatchObject({
      base64: 'AQ==',
    })
  })

  it.each<[string, Tensor['datatype'], number[]]>([
    ['too few', 'FP32', [0, 0]],
    ['a text cut off', 'BYTES', [5, 0, 0, 0, 97]],
    ['a text too many', 'BYTES', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['half a length', 'BYTES', [0, 0, 0, 0, 1]],
  ])('are refused: %s', (_, datatype, bytes) => {
    expect(() => tensorOf({ name: 'x', datatype, shape: [1] }, Buffer.from(bytes))).toThrow(
      /answer is malformed: its tensor x has/,
    )
  })
})
