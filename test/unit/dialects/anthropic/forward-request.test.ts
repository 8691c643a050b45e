import { expect, it } from 'vitest'
import { forwardRequest } from '../../../../src/dialects/anthropic/forward-request.ts'

const forward = (text: string, model: string, stream = false) =>
  forwardRequest(
    { dialect: 'anthropic', bytes: Buffer.from(text), body: JSON.parse(text) as Record<string, unknown> },
    { model, stream },
  ).toString()

it('changes the model, takes out what is mcpd’s, and nothing else', () => {
  expect(forward('{ "model":"a/b", "n\\u006fvel":1.0,"mcpd":{"context":{"id":"c"}} }', 'b')).toBe(
    '{ "model":"b", "n\\u006fvel":1.0 }',
  )
  expect(forward('{"model":"b", "stream":true}', 'b', true)).toBe('{"model":"b", "stream":true}')
})

it('refuses a model that is there twice', () => {
  expect(() => forward('{"model":"a","model":"b"}', 'b')).toThrow(/twice/)
})
