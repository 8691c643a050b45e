import { Type as TypeBox } from 'typebox'
import { expect, it } from 'vitest'
import { Type } from '../../../src/core/schema.ts'

/** One of everything, with either. */
const make = (type: typeof Type) => {
  const text = type.String({ minLength: 1, description: 'A text.' })
  const even = type.Refine(
    type.Integer({ minimum: 0 }),
    (value) => value % 2 === 0,
    () => 'must be even',
  )
  const members = {
    text,
    even: type.Optional(even),
    twice: type.Optional(
      type.Refine(
        even,
        (value) => value < 10,
        () => 'must be small',
      ),
    ),
    number: type.Number(),
    flag: type.Optional(type.Boolean({ default: true })),
    nothing: type.Null(),
    anything: type.Unknown({ description: 'Whatever.' }),
    literals: type.Union([type.Literal('a'), type.Literal(1), type.Literal(true)], { description: 'One.' }),
    named: type.Enum(['x', 'y'], { description: 'A name.' }),
    list: type.Array(type.Ref('Item#'), { minItems: 1 }),
    record: type.Record(type.String(), type.Number(), { description: 'By name.' }),
    keyed: type.Record(type.String({ pattern: '^[a-z]+$' }), text),
    unsafe: type.Optional(type.Unsafe<string | null>({ type: ['string', 'null'] })),
  }
  return {
    object: type.Object(members, { $id: 'Whole', additionalProperties: false }),
    empty: type.Object({}),
    optional: type.Object({ one: type.Optional(text) }),
    ...members,
  }
}

/** With what JSON does not show, but for the names by which TypeBox tells its own kinds apart. */
const shown = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(shown)
  if (typeof schema !== 'object' || schema === null)
    return typeof schema === 'function' ? String(schema) : schema
  const marks = ['~optional', '~refine'].filter((name) => name in schema)
  const names = [...Object.keys(schema), ...marks]
  return names.map((name) => [name, shown((schema as Record<string, unknown>)[name])])
}

it('makes what TypeBox makes, member by member', () => {
  expect(shown(make(Type))).toEqual(shown(make(TypeBox)))
})

it('loses in a spread what TypeBox loses', () => {
  const spread = (type: typeof Type) => type.Object({ one: { ...type.Optional(type.String()) } })
  expect(shown(spread(Type))).toEqual(shown(spread(TypeBox)))
})
