import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../../../src/core/tensor.ts'
import { decodeEmbed, embedBatchMax, encodeEmbed } from '../../../../src/dialects/kserve/embeddings.ts'
import { layout, tensor } from './configs.ts'

const embedder = (batch: number, dims: number[], type = 'FP32') =>
  layout({ max_batch_size: batch, input: [tensor('T', 'STRING', dims)], output: [tensor('V', type, [2])] })
const vectors = (shape: number[], data: number[]): Tensor => ({ name: 'V', datatype: 'FP32', shape, data })

describe('vectors', () => {
  it.each<[number, number[], number, number[]]>([
    [8, [1], 8, [3, 1]],
    [0, [-1], 64, [3]],
    [0, [-1, 1], 64, [3, 1]],
    [0, [1], 1, [1]],
  ])('of a batch of %i and dims %j are asked for %i at a time', (batch, dims, most, shape) => {
    const found = embedder(batch, dims)
    expect(embedBatchMax(found)).toBe(most)
    const texts = ['a', 'b', 'c'].slice(0, most)
    expect(encodeEmbed(found, texts)).toMatchObject({
      inputs: [{ name: 'T', shape, data: texts }],
      outputs: [{ name: 'V' }],
    })
  })

  it('come one per text', () => {
    const found = embedder(8, [1])
    expect(decodeEmbed(found, [vectors([2, 2], [1, 2, 3, 4])], 2)).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(decodeEmbed(found, [vectors([2, 1, 2], [1, 2, 3, 4])], 2)).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(decodeEmbed(found, [vectors([2], [1, 2])], 1)).toEqual([[1, 2]])
  })

  it('are read from 16 bits', () => {
    const half: Tensor = {
      name: 'V',
      datatype: 'FP16',
      shape: [1, 5],
      base64: Buffer.from(new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555]).buffer).toString(
        'base64',
      ),
    }
    const [values] = decodeEmbed(embedder(8, [1], 'FP16'), [half], 1)
    expect(values?.slice(0, 4)).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY])
    expect(values?.[4]).toBeCloseTo(1 / 3, 3)
    const brain: Tensor = {
      name: 'V',
      datatype: 'BF16',
      shape: [1, 2],
      base64: Buffer.from(new Uint16Array([0x3f80, 0xbf00]).buffer).toString('base64'),
    }
    expect(decodeEmbed(embedder(8, [1], 'BF16'), [brain], 1)).toEqual([[1, -0.5]])
  })

  it.each<[string, Tensor[], RegExp]>([
    ['the output is missing', [], /has no output V/],
    [
      'there is one for each token',
      [
        vectors(
          [2, 3, 2],
          Array.from({ length: 12 }, () => 0),
        ),
      ],
      /not one vector for each of 2 texts/,
    ],
    ['there are too few', [vectors([1, 2], [1, 2])], /not one vector/],
  ])('are BACKEND_ERROR when %s', (_, tensors, words) => {
    expect(() => decodeEmbed(embedder(8, [1]), tensors, 2)).toThrow(
      expect.objectContaining({ code: 'BACKEND_ERROR', message: expect.stringMatching(words) }),
    )
  })
})
