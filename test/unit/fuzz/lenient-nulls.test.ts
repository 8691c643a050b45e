import { expect, it } from 'vitest'
import { readApi } from '../../../src/fuzz/api/read-api.ts'
import { loadDocument } from '../../../src/openapi/load.ts'
import { accepts } from '../../../src/openapi/schema/accepts.ts'
import { openSpec } from '../../../src/openapi/spec.ts'

it('takes null for valid where nullable was written beside a reference, and only there', () => {
  const level = { $ref: '#/components/schemas/Level' }
  const document = {
    openapi: '3.0.3',
    info: { title: 'test', version: '1' },
    paths: {
      '/x': {
        get: {
          parameters: [
            { name: 'level', in: 'query', schema: { ...level, nullable: true } },
            { name: 'plain', in: 'query', schema: level },
          ],
          responses: { 200: { description: 'ok' } },
        },
      },
    },
    components: { schemas: { Level: { type: 'string', enum: ['low', 'high'] } } },
  }
  const { operations } = readApi(openSpec(loadDocument(Buffer.from(JSON.stringify(document)), 'test')))
  const taken = operations[0]?.parameters.map(({ name, view }) => [
    name,
    accepts(view, null),
    accepts(view, 'low'),
  ])
  expect(taken).toEqual([
    ['level', true, true],
    ['plain', false, true],
  ])
})
