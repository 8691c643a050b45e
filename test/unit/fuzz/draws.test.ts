import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/fuzz/draw/random.ts'
import { drawsOf } from '../../../src/fuzz/draw/draws.ts'
import { typical } from '../../../src/fuzz/draw/typical.ts'
import { accepts } from '../../../src/openapi/schema/accepts.ts'
import { createSpace } from '../../../src/openapi/schema/view.ts'
import type { Json } from '../../../src/openapi/json.ts'
import { specOf } from './spec-of.ts'

const viewOf = (schema: Json, schemas: object = {}) =>
  createSpace(specOf({ '/x': {} }, { schemas }), 'request').view(schema, '/schema')

const drawn = (schema: Json, schemas: object = {}) => {
  const view = viewOf(schema, schemas)
  const base = typical(view, { random: createRandom(1), optional: 'all', name: 'x' })
  if (base === undefined) return []
  return drawsOf(view, base, { random: createRandom(2), name: 'x' })
}
const sides = (schema: Json, expect: string) =>
  drawn(schema)
    .filter((draw) => draw.expect === expect)
    .map(({ value }) => value)

describe('draws', () => {
  it('reach both sides of the bounds of numbers', () => {
    const schema = { type: 'integer', minimum: 3, maximum: 9 }
    expect(sides(schema, 'valid')).toEqual(expect.arrayContaining([3, 4, 8, 9]))
    expect(sides(schema, 'invalid')).toEqual(expect.arrayContaining([2, 10, 6.5, '12', null]))
  })

  it('count characters, not units', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 4 }
    expect(sides(schema, 'valid')).toEqual(expect.arrayContaining(['aa', 'aaaa', '🚀🚀🚀🚀']))
    expect(sides(schema, 'invalid')).toEqual(expect.arrayContaining(['a', 'aaaaa', '🚀🚀🚀🚀🚀', '']))
  })

  it('change one member of an object at a time', () => {
    const schema = {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: { type: 'string' }, size: { type: 'integer', maximum: 5 } },
    }
    const wrong = drawn(schema).filter(({ expect }) => expect === 'invalid')
    expect(wrong.map(({ pointer, keyword }) => `${pointer} ${keyword}`)).toEqual(
      expect.arrayContaining(['/name required', '/name type', '/size maximum', ' additionalProperties']),
    )
  })

  it('are what they say, whatever the schema is made of', () => {
    const schema = {
      type: 'object',
      required: ['kind', 'list'],
      properties: {
        kind: { enum: ['a', 'b'] },
        list: {
          type: 'array',
          items: { type: 'number', multipleOf: 0.1 },
          minItems: 1,
          maxItems: 3,
          uniqueItems: true,
        },
        code: { type: 'string', pattern: '^[A-Z]{3}-\\d{2}$' },
        when: { type: 'string', format: 'date-time' },
        either: {
          oneOf: [
            { type: 'string', maxLength: 3 },
            { type: 'object', required: ['a'], properties: { a: { type: 'boolean' } } },
          ],
        },
      },
    }
    const view = viewOf(schema)
    const all = drawn(schema)
    expect(all.length).toBeGreaterThan(60)
    for (const { value, expect: side } of all)
      if (side !== 'unknown') expect(accepts(view, value ?? null)).toBe(side === 'valid')
  })

  it('end for schemas that contain themselves', () => {
    const schemas = {
      Tree: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
        },
      },
    }
    expect(drawn({ $ref: '#/components/schemas/Tree' }, schemas).length).toBeGreaterThan(10)
  })

  it('make nothing of what has no value', () => {
    expect(drawn({ allOf: [{ type: 'string' }, { type: 'integer' }] })).toEqual([])
    expect(drawn({ type: 'integer', minimum: 5, maximum: 4 })).toEqual([])
  })

  it('live with expressions that cannot be generated', () => {
    for (const pattern of ['^(?=.*[A-Z])(?=.*\\d).{8,}$', '(?<!a)b', '\\bword\\b', '(a+)+$', '['])
      expect(() => drawn({ type: 'string', pattern })).not.toThrow()
  })
})
