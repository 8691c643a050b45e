import { describe, expect, it } from 'vitest'
import { toGrammarSchema } from '../../../../../src/daemon/adapters/embedded/schema.ts'

const schemaOf = (schema: Record<string, unknown>) => toGrammarSchema(schema).schema

describe('toGrammarSchema', () => {
  it('keeps what a grammar knows', () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 8 },
        day: { type: 'string', format: 'date' },
        kind: { enum: ['a', 2, null] },
        tags: { type: 'array', items: { type: 'boolean' }, maxItems: 3 },
      },
      additionalProperties: false,
    }
    expect(toGrammarSchema(schema)).toEqual({ schema, unenforced: [] })
  })

  it('reads anyOf and lists of types as alternatives', () => {
    expect(schemaOf({ anyOf: [{ type: 'integer' }, { type: 'null' }] })).toEqual({
      oneOf: [{ type: 'integer' }, { type: 'null' }],
    })
    expect(schemaOf({ type: ['string', 'null'], maxLength: 3 })).toEqual({
      oneOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }],
    })
  })

  it('takes an empty schema for any value and not for null', () => {
    expect(schemaOf({})).toHaveProperty('oneOf.2.type', ['string', 'number', 'boolean', 'null'])
    expect(schemaOf({ type: 'object' })).toEqual({
      type: 'object',
      properties: {},
      additionalProperties: true,
    })
  })

  it('resolves definitions by either name, recursive ones too', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/definitions/node' } } }
    expect(schemaOf({ $ref: '#/definitions/node', definitions: { node } })).toEqual({
      $ref: '#/$defs/node',
      $defs: {
        node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, additionalProperties: false },
      },
    })
  })

  it('names the keywords it cannot enforce', () => {
    const { unenforced } = toGrammarSchema({
      type: 'object',
      properties: {
        code: { type: 'string', pattern: '^x', format: 'email' },
        age: { type: 'integer', minimum: 0 },
        far: { $ref: 'https://example.com/other' },
        both: { allOf: [{ type: 'string' }, { minLength: 2 }] },
        long: { type: 'string', maxLength: 1_000_000 },
        one: { enum: [{ a: 1 }] },
        same: { const: [] },
      },
    })
    expect(unenforced.toSorted()).toEqual([
      '$ref',
      'allOf',
      'const',
      'enum',
      'format',
      'maxLength',
      'minimum',
      'pattern',
    ])
  })

  it('refuses what nothing satisfies and what is nested without end', () => {
    const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ type: 'array', items: inner }), {})
    const nothing = [{ enum: [] }, { oneOf: [] }, { anyOf: [] }, { type: [] }, { type: 'text' }, { type: 3 }]
    for (const schema of [
      ...nothing,
      false,
      { type: 'object', properties: { no: false } },
      deep as Record<string, unknown>,
    ])
      expect(() => toGrammarSchema(schema)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})
