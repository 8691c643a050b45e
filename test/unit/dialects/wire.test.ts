import { describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { Type } from 'typebox'
import { nullable, optional } from '../../../src/dialects/nullable.ts'
import { isRecord, numberOf, textOf } from '../../../src/dialects/wire.ts'

describe('what a backend sent', () => {
  it('is a record only if it is a plain object', () => {
    expect([{}, { a: 1 }].every(isRecord)).toBe(true)
    expect([null, undefined, [], 'a', 1].some(isRecord)).toBe(false)
  })

  it('is a number or a text only if it says something', () => {
    expect([0, -1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null].map(numberOf)).toEqual([
      0,
      -1.5,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(['a', '', null, 1].map(textOf)).toEqual(['a', undefined, undefined, undefined])
  })
})

describe('optional members', () => {
  it('take null as absent, and nothing else beside their type', () => {
    const check = Compile(
      Type.Object({ a: optional(Type.String()), b: nullable(Type.Integer({ minimum: 1 })) }),
    )
    expect([{ b: 1 }, { a: null, b: null }, { a: 'x', b: 2 }].every((value) => check.Check(value))).toBe(true)
    expect([{}, { b: 0 }, { a: 1, b: 1 }, { b: '1' }].some((value) => check.Check(value))).toBe(false)
  })
})
