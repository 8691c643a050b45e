import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryOf } from '../../src/fuzz/draw/arbitrary.ts'
import { drawsOf } from '../../src/fuzz/draw/draws.ts'
import { createRandom } from '../../src/fuzz/draw/random.ts'
import { typical } from '../../src/fuzz/draw/typical.ts'
import { breachOf } from '../../src/fuzz/judge/schema.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { accepts } from '../../src/openapi/schema/accepts.ts'
import { createSpace } from '../../src/openapi/schema/view.ts'
import { openSpec } from '../../src/openapi/spec.ts'
import type { Json } from '../../src/openapi/json.ts'

const bounds = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 40 }))

const schemas = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    bounds.map(([least, more]): Json => ({ type: 'integer', minimum: least, maximum: least + more })),
    bounds.map(([least, more]): Json => ({
      type: 'number',
      exclusiveMinimum: least,
      maximum: least + more + 1,
    })),
    fc
      .tuple(fc.nat(5), fc.nat(8))
      .map(([least, more]): Json => ({ type: 'string', minLength: least, maxLength: least + more })),
    fc.constantFrom<Json>(
      { type: 'boolean' },
      { enum: ['a', 'b', 3, null] },
      { type: 'string', format: 'date' },
      { type: 'string', pattern: '^[a-z]{2,4}-\\d+$' },
      { type: ['string', 'null'], maxLength: 6 },
      { type: 'integer', multipleOf: 5 },
    ),
    fc.tuple(tie('schema'), fc.nat(2), fc.nat(3)).map(([items, least, more]): Json => ({
      type: 'array',
      items,
      minItems: least,
      maxItems: least + more,
    })),
    fc
      .tuple(
        fc.dictionary(fc.constantFrom('name', 'size', 'when', 'tags'), tie('schema'), { maxKeys: 4 }),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([properties, isOpen, areRequired]): Json => ({
        type: 'object',
        properties,
        additionalProperties: isOpen,
        ...(areRequired && { required: Object.keys(properties) }),
      })),
  ),
})).schema

const viewOf = (schema: Json) =>
  createSpace(
    openSpec(
      loadDocument(Buffer.from('{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{}}'), 't'),
    ),
    'request',
  ).view(schema, '/schema')

describe('what is drawn of any schema', () => {
  it('is on the side that it says, in the eyes of a validator that is not ours', () => {
    fc.assert(
      fc.property(schemas, fc.nat(1000), (schema, seed) => {
        const view = viewOf(schema)
        const base = typical(view, { random: createRandom(seed), optional: 'all', name: 'x' })
        if (base === undefined) return
        expect(breachOf(view, base)).toBeUndefined()
        for (const { value, expect: side } of drawsOf(view, base, {
          random: createRandom(seed + 1),
          name: 'x',
        }).slice(0, 150))
          if (side !== 'unknown') expect(breachOf(view, value ?? null) === undefined).toBe(side === 'valid')
      }),
      { numRuns: 60 },
    )
  })

  it('is valid where it is drawn at random', () => {
    fc.assert(
      fc.property(schemas, fc.nat(1000), (schema, seed) => {
        const view = viewOf(schema)
        const values = fc.sample(arbitraryOf(view), { numRuns: 10, seed })
        for (const value of values) expect(accepts(view, value)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
