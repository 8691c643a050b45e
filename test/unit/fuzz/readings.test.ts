import { describe, expect, it } from 'vitest'
import { acceptsBody, acceptsOnWire, acceptsParameter, travels } from '../../../src/fuzz/wire/readings.ts'
import type { Json } from '../../../src/openapi/json.ts'
import { createSpace } from '../../../src/openapi/schema/view.ts'
import { specOf } from './spec-of.ts'

const viewOf = (schema: Json) => createSpace(specOf({ '/x': {} }), 'request').view(schema, '/schema')

describe('values on the wire', () => {
  it.each([
    [{ type: 'string' }, null, true],
    [{ type: 'string' }, 123, true],
    [{ type: 'string' }, [], true],
    [{ type: 'integer' }, '5', true],
    [{ type: 'integer' }, 'five', false],
    [{ type: 'integer' }, 5.5, false],
    [{ type: 'integer' }, '5.0', true],
    [{ type: 'boolean' }, 'yes', true],
    [{ type: 'boolean' }, 'perhaps', false],
    [{ type: 'array', items: { type: 'integer' } }, 5, true],
    [{ type: 'array', items: { type: 'integer' } }, 'a', false],
    [{ type: 'array', items: { type: 'string' } }, [[]], true],
    [{ type: 'array', maxItems: 1 }, ['a', 'b'], false],
    [{ enum: [1, 2] }, '2', true],
    [{ enum: [1, 2] }, '3', false],
    [{ type: 'object', properties: { file: { type: 'string' } } }, { file: {} }, true],
  ] as const)('%j takes %j: %s', (schema, value, taken) => {
    expect(acceptsOnWire(viewOf(schema), value)).toBe(taken)
  })

  it.each([
    ['text/plain', { type: 'string', minLength: 1 }, {}, true],
    ['text/plain', { type: 'string', maxLength: 1 }, { a: 1 }, false],
    [
      'multipart/form-data',
      { type: 'object', properties: { tag: { type: 'string', minLength: 1 } } },
      { tag: [] },
      true,
    ],
    ['multipart/form-data', { type: 'object' }, 'text', true],
    ['multipart/form-data', { type: 'object', properties: { a: { enum: ['x'] } } }, { a: '' }, true],
    ['multipart/form-data', { type: 'object', required: ['a'] }, 'text', false],
    [
      'application/x-www-form-urlencoded',
      { type: 'object', properties: { n: { type: 'integer' } } },
      { n: 'x' },
      false,
    ],
  ] as const)('a body of %s with %j is %j: %s', (type, schema, value, taken) => {
    expect(acceptsBody(type, viewOf(schema), value)).toBe(taken)
  })

  it('in a member of a parameter a list is a text', () => {
    const parameter = {
      in: 'query',
      name: 'filter',
      required: false,
      style: 'deepObject',
      explode: true,
      isJson: false,
      examples: [],
      view: viewOf({ type: 'object', properties: { city: { type: 'string', minLength: 1 } } }),
    } as const
    expect(acceptsParameter(parameter, { city: [] })).toBe(true)
    expect(acceptsParameter(parameter, { city: '' })).toBe(false)
  })

  it('that would reach another route or be lost do not travel', () => {
    expect(travels('path', '..')).toBe(false)
    expect(travels('path', '')).toBe(false)
    expect(travels('query', [])).toBe(false)
    expect(travels('header', 'a\nb')).toBe(false)
    expect(travels('header', 'plain')).toBe(true)
  })
})
