import { describe, expect, it } from 'vitest'
import { acceptsOnWire, travels } from '../../../src/fuzz/wire/readings.ts'
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

  it('that would reach another route or be lost do not travel', () => {
    expect(travels('path', '..')).toBe(false)
    expect(travels('path', '')).toBe(false)
    expect(travels('query', [])).toBe(false)
    expect(travels('header', 'a\nb')).toBe(false)
    expect(travels('header', 'plain')).toBe(true)
  })
})
