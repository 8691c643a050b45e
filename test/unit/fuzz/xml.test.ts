import { expect, it } from 'vitest'
import { readApi } from '../../../src/fuzz/api/read-api.ts'
import { serialise } from '../../../src/fuzz/wire/serialise.ts'
import type { Json } from '../../../src/openapi/json.ts'
import { specOf } from './spec-of.ts'

const written = (type: string, schema: object, value: Json) => {
  const { operations } = readApi(
    specOf({
      '/sheets': {
        post: {
          requestBody: { required: true, content: { [type]: { schema } } },
          responses: { 200: { description: 'ok' } },
        },
      },
    }),
  )
  const [operation] = operations
  if (!operation) throw new Error('no operation')
  return serialise(operation, {
    operation: operation.key,
    path: {},
    query: {},
    header: {},
    cookie: {},
    identity: 'first',
    body: { mediaType: type, value },
  })
}

it('writes XML by the hints of the document', () => {
  const schema = {
    type: 'object',
    xml: { name: 'rate_sheet', namespace: 'urn:rates' },
    properties: {
      id: { type: 'integer', xml: { attribute: true } },
      note: { type: 'string' },
      rates: { type: 'array', xml: { wrapped: true }, items: { type: 'number', xml: { name: 'rate' } } },
    },
  }
  expect(written('application/xml', schema, { id: 7, note: 'a<b>&"', rates: [1, 2] }).body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><rate_sheet xmlns="urn:rates" id="7"><note>a&lt;b&gt;&amp;&quot;</note><rates><rate>1</rate><rate>2</rate></rates></rate_sheet>',
  )
})

it('sends as files what the schema says are files, whatever they are called', () => {
  const schema = {
    type: 'object',
    properties: {
      scan: { type: 'string', format: 'binary' },
      content: { type: 'string' },
      meta: { type: 'object' },
    },
  }
  const { body = '' } = written('multipart/form-data', schema, { scan: 'x', content: 'y', meta: { a: 1 } })
  expect(body).toContain('name="scan"; filename=')
  expect(body).toContain('name="content"\r\n\r\ny')
  expect(body).toContain('name="meta"\r\nContent-Type: application/json\r\n\r\n{"a":1}')
})
