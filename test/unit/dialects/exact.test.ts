import { Ajv } from 'ajv'
import { Type } from 'typebox'
import { expect, it } from 'vitest'
import { among, exactly, narrowed, otherThan, showExact } from '../../../src/dialects/exact.ts'
import { optional } from '../../../src/dialects/nullable.ts'

const open = Type.Object(
  { type: Type.String(), text: Type.Optional(Type.String()), size: Type.Optional(Type.Integer()) },
  { description: 'A part.' },
)
const part = exactly(open, {
  anyOf: [
    narrowed(open, { properties: { type: among('text') }, required: ['text'], without: ['size'] }),
    narrowed(open, { properties: { type: otherThan('text') } }),
  ],
})
const body = Type.Object({ parts: Type.Array(part), last: optional(part) })

it.each<[boolean, boolean, object]>([
  [true, true, { parts: [{ type: 'text', text: 'a' }], last: null }],
  [true, true, { parts: [{ type: 'image', size: 3 }], last: { type: 'image' } }],
  [true, false, { parts: [{ type: 'text' }] }],
  [true, false, { parts: [{ type: 'text', text: 'a', size: 3 }] }],
  [true, false, { parts: [], last: { type: 'text' } }],
  [false, false, { parts: [{ type: 'image', size: 'large' }] }],
])('validators take it: %s, and the document: %s: %j', (loosely, exactly, value) => {
  const ajv = new Ajv({ strict: false })
  expect([ajv.validate(body, value), ajv.validate(showExact(body), value)]).toEqual([loosely, exactly])
})

it('is shown with the description that it had', () => {
  const shown = showExact(part) as { readonly description?: string; readonly type?: string }
  expect([shown.description, shown.type]).toEqual(['A part.', undefined])
})

it('closes what was closed without naming what is gone', () => {
  const closed = Type.Object(open.properties, { additionalProperties: false })
  expect(narrowed(closed, { without: ['size', 'text'] })).toEqual({
    type: 'object',
    properties: { type: { type: 'string' } },
    required: ['type'],
    additionalProperties: false,
  })
})
