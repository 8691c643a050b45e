import type { Json } from '../../openapi/json.ts'
import type { Alternative } from '../../openapi/schema/alternative.ts'
import type { Part } from './scalars.ts'

/** Each listed value, and values that are nearly listed. */
export const valuesOf = (one: Alternative): readonly Part[] => {
  const values = one.values ?? []
  const keyword = one.type === 'boolean' || one.type === 'null' ? 'type' : 'enum'
  const valid = values.slice(0, 60).map((value): Part => ({
    expect: 'valid',
    keyword,
    what: `the value ${JSON.stringify(value)}`.slice(0, 80),
    value,
  }))
  if (keyword === 'type') return valid
  const first = values.find((value) => typeof value === 'string')
  const near: Json[] =
    first === undefined
      ? [987_654_321]
      : ['not-one-of-them', first.toUpperCase(), first.toLowerCase(), `${first} `, `${first}x`, '']
  return [
    ...valid,
    ...near.map((value): Part => ({
      expect: 'invalid',
      keyword: 'enum',
      what: `${JSON.stringify(value)}, which is not listed`.slice(0, 80),
      value,
    })),
  ]
}

/** A value of each type that the schema does not have. */
export const wrongTypes = (types: ReadonlySet<string>): readonly Part[] => {
  const wrong = (value: Json, what: string): Part => ({ expect: 'invalid', keyword: 'type', what, value })
  return [
    wrong('text', 'a text'),
    wrong(types.has('boolean') ? 'true' : '12', 'a text that looks right'),
    wrong(1234, 'a number'),
    wrong(true, 'a boolean'),
    wrong(null, 'null'),
    wrong([], 'an empty list'),
    wrong(['text'], 'a list'),
    wrong({}, 'an empty object'),
    wrong({ member: 'text' }, 'an object'),
  ]
}
