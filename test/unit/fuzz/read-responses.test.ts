import { expect, it } from 'vitest'
import { readApi } from '../../../src/fuzz/api/read-api.ts'
import { breachOf } from '../../../src/fuzz/judge/schema.ts'
import { specOf } from './spec-of.ts'

const chunk = { type: 'object', required: ['index'], properties: { index: { type: 'integer' } } }
const json = {
  type: 'string',
  contentMediaType: 'application/json',
  contentSchema: { $ref: '#/components/schemas/Chunk' },
}
const whole = { type: 'object', required: ['data'], properties: { data: json } }
const end = { type: 'object', properties: { data: { const: '[DONE]' } } }

it.each([
  ['the data alone', { $ref: '#/components/schemas/Chunk' }],
  ['the whole event', whole],
  ['the whole event, by reference', { $ref: '#/components/schemas/Event' }],
  ['the whole event or an end marker', { oneOf: [end, whole] }],
  ['the same in other words', { anyOf: [{ $ref: '#/components/schemas/Event' }, end] }],
])('an item schema that describes %s is held against the data', (_, itemSchema) => {
  const responses = { 200: { description: '', content: { 'text/event-stream': { itemSchema } } } }
  const { operations } = readApi(
    specOf(
      { '/x': { get: { responses } } },
      { schemas: { Chunk: chunk, Event: whole } },
      { openapi: '3.2.0' },
    ),
  )
  const [content] = operations[0]?.responses.get('200')?.content ?? []
  if (!content?.itemView) throw new Error('no item schema')
  expect(breachOf(content.itemView, { index: 1 })).toBeUndefined()
  expect(breachOf(content.itemView, { index: '1' })).toMatchObject({ keyword: 'type' })
})
