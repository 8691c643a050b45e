import { describe, expect, it } from 'vitest'
import { elementsOf, isDatatype, type Tensor, tensorFault } from '../../../src/core/tensor.ts'

const tensor = (more: Partial<Tensor>): Tensor =>
  ({ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2], ...more }) as Tensor

describe('tensorFault', () => {
  it.each<[string, Partial<Tensor>]>([
    ['whole numbers', {}],
    ['text', { datatype: 'BYTES', data: ['a', ''] }],
    ['flags', { datatype: 'BOOL', data: [true, false] }],
    ['a single value', { datatype: 'FP32', shape: [], data: [1.5] }],
    ['nothing', { shape: [0, 5], data: [] }],
    ['numbers past 2^53 as text', { datatype: 'UINT64', data: ['18446744073709551615', 0] }],
    ['bytes', { datatype: 'FP16', data: undefined, base64: 'AAAAAA==' }],
    ['text of any length as bytes', { datatype: 'BYTES', data: undefined, base64: 'AAAA' }],
  ])('takes %s', (_, more) => {
    expect(tensorFault(tensor(more))).toBeUndefined()
  })

  it.each<[string, Partial<Tensor>, RegExp]>([
    ['too few values', { data: [1] }, /x has 1 values, but its shape \[2\] is of 2/],
    ['a number out of range', { datatype: 'INT8', data: [127, 128] }, /x\[1\] is no INT8/],
    ['a fraction', { data: [1, 1.5] }, /x\[1\] is no INT32/],
    ['a number that is not exact', { datatype: 'INT64', data: [0, 2 ** 53] }, /x\[1\] is no INT64/],
    ['text past the range', { datatype: 'UINT64', data: [0, '18446744073709551616'] }, /no UINT64/],
    ['words for a number', { datatype: 'INT64', data: [0, 'one'] }, /no INT64/],
    ['a number for a flag', { datatype: 'BOOL', data: [true, 1] }, /x\[1\] is no BOOL/],
    ['a number for text', { datatype: 'BYTES', data: ['a', 1] }, /x\[1\] is no BYTES/],
    ['text for a fraction', { datatype: 'FP64', data: ['1', 1] }, /x\[0\] is no FP64/],
    ['null for a number', { datatype: 'UINT8', shape: [], data: [null] } as never, /x\[0\] is no UINT8/],
    ['what has no values', { datatype: 'BF16', data: [1, 2] }, /BF16, which only has a binary form/],
    ['too few bytes', { datatype: 'FP32', data: undefined, base64: 'AAAA' }, /3 bytes, but 2 values/],
    ['a negative length', { shape: [-1], data: [] }, /which is none/],
    ['a shape past counting', { shape: [2 ** 30, 2 ** 30, 2 ** 30] }, /which is none/],
    ['too many dimensions', { shape: Array.from({ length: 33 }, () => 1), data: [1] }, /33 dimensions/],
  ])('refuses %s', (_, more, words) => {
    expect(tensorFault(tensor(more))).toMatch(words)
  })
})

it('counts the values of a shape', () => {
  expect([elementsOf([]), elementsOf([2, 3]), elementsOf([4, 0])]).toEqual([1, 6, 0])
})

it('knows the datatypes', () => {
  expect([isDatatype('FP8'), isDatatype('toString'), isDatatype('BF16')]).toEqual([false, false, true])
})
