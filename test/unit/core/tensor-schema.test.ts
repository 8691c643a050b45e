import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { tensorSchema } from '../../../src/core/tensor-schema.ts'

const check = Compile(tensorSchema)
const tensor = { name: 'x', datatype: 'BYTES', shape: [1], data: ['a'] }

it('takes a tensor, in either form', () => {
  expect(check.Check(tensor)).toBe(true)
  expect(check.Check({ name: 'x', datatype: 'FP16', shape: [], base64: 'AAA=', parameters: { a: 1 } })).toBe(
    true,
  )
})

it.each([
  ['an unknown datatype', { datatype: 'FP8' }],
  ['a shape of fractions', { shape: [1.5] }],
  ['no name', { name: '' }],
  ['nested values', { data: [['a']] }],
  ['a parameter that is a list', { parameters: { a: [] } }],
])('refuses %s', (_, more) => {
  expect(check.Check({ ...tensor, ...more })).toBe(false)
})
