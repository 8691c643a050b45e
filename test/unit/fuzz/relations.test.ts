import { expect, it } from 'vitest'
import { readApi } from '../../../src/fuzz/api/read-api.ts'
import type { Exchange } from '../../../src/fuzz/exchange.ts'
import { isAboutOthers } from '../../../src/fuzz/judge/relations.ts'
import { specOf } from './spec-of.ts'

const parameter = (name: string, schema: object) => ({ name, in: 'query', schema })
const [operation] = readApi(
  specOf({
    '/report': {
      get: {
        parameters: [
          parameter('from', { type: 'string', format: 'date' }),
          parameter('to', { type: 'string', format: 'date' }),
          parameter('size', { type: 'integer' }),
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
  }),
).operations
if (!operation) throw new Error('no operation')

const refusal = (value: object): Exchange => ({
  operation: 'GET /report',
  request: { method: 'GET', url: 'http://127.0.0.1/', headers: [] },
  response: { status: 422, headers: {}, body: JSON.stringify(value), bodyBytes: 1, isCut: false },
  timings: { sentMs: 0, headMs: 0, firstByteMs: 0, totalMs: 0 },
})

it.each([
  ['from', { field: 'to', detail: 'must not be before from' }, true],
  ['size', { detail: 'to must be later than from' }, true],
  ['size', { field: 'size', detail: 'must be less than 9' }, false],
  ['size', { detail: 'invalid' }, false],
  ['from', { field: 'from', detail: 'no rooms then' }, true],
  ['from', { field: 'from', detail: 'invalid date' }, false],
])('a refusal of %s that says %j is of other values: %s', (name, answer, isOther) => {
  const subject = { in: 'query', name, pointer: '', keyword: 'format' } as const
  expect(isAboutOthers(operation, subject, refusal(answer))).toBe(isOther)
})
