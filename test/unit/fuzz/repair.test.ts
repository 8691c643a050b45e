import { describe, expect, it } from 'vitest'
import { readApi } from '../../../src/fuzz/api/read-api.ts'
import type { Call } from '../../../src/fuzz/call.ts'
import { createRandom } from '../../../src/fuzz/draw/random.ts'
import { repaired } from '../../../src/fuzz/learn/repair.ts'
import type { Json } from '../../../src/openapi/json.ts'
import { specOf } from './spec-of.ts'

const stay = {
  type: 'object',
  properties: {
    check_in: { type: 'string', format: 'date' },
    check_out: { type: 'string', format: 'date' },
    adults: { type: 'integer' },
    code: { type: 'string' },
    contact: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    guest: { type: 'object', properties: { age: { type: 'integer', maximum: 99 } } },
  },
}
const { operations } = readApi(
  specOf({
    '/stays': {
      post: {
        parameters: [{ name: 'dryRun', in: 'query', schema: { type: 'boolean' } }],
        requestBody: { content: { 'application/json': { schema: stay } } },
        responses: { 201: { description: 'made' } },
      },
    },
  }),
)
const [operation] = operations
if (!operation) throw new Error('no operation')

const call = (value: Json): Call => ({
  operation: operation.key,
  path: {},
  query: {},
  header: {},
  cookie: {},
  identity: 'first',
  body: { mediaType: 'application/json', value },
})
const after = (value: Json, answer: Json): Json | undefined =>
  repaired(operation, call(value), { answer, body: JSON.stringify(answer) }, createRandom(1))?.body?.value

describe('what a refusal asks for', () => {
  it.each<[string, Json, Json, Json]>([
    [
      'one after the other',
      { check_in: '2027-01-09', check_out: '2027-01-04' },
      { errors: [{ field: 'check_out', detail: 'check_out must be after check_in' }] },
      { check_in: '2027-01-09', check_out: '2027-01-10' },
    ],
    [
      'a least number',
      { adults: 1 },
      { detail: [{ loc: ['body', 'adults'], msg: 'must be at least 3' }] },
      { adults: 3 },
    ],
    [
      'a most number',
      { adults: 9 },
      { adults: ['Ensure this value is less than or equal to 4.'] },
      { adults: 4 },
    ],
    ['a length', { code: 'ab' }, { message: 'code must have at least 5 characters' }, { code: 'abaaa' }],
    ['a choice', { code: 'x' }, { error: "code must be one of 'red', 'blue'" }, { code: 'red' }],
    ['a pattern', { code: 'x' }, [{ path: '/code', message: 'must match pattern "^AB$"' }], { code: 'AB' }],
    ['nothing unknown', { code: 'x', adults: 2 }, { error: 'unknown field code' }, { adults: 2 }],
    [
      'a place further inside',
      { guest: { age: 1 } },
      { errors: [{ pointer: '#/guest/age', title: 'must be >= 18' }] },
      { guest: { age: 18 } },
    ],
  ])('%s', (_, value, answer, wanted) => {
    expect(after(value, answer)).toEqual(wanted)
  })

  it('what is missing, and a form by its name', () => {
    expect(after({}, { errors: { adults: ['This field is required.'] } })).toEqual({
      adults: expect.any(Number),
    })
    expect(after({ contact: 'x' }, { error: { field: 'contact', message: 'is not a valid email' } })).toEqual(
      {
        contact: expect.stringContaining('@'),
      },
    )
  })

  it('is not done where the document forbids it, or where nothing is understood', () => {
    expect(
      after({ guest: { age: 1 } }, { errors: [{ field: 'guest.age', message: 'at least 200' }] }),
    ).toBeUndefined()
    expect(after({ code: 'x' }, { error: 'We do not like your code today.' })).toBeUndefined()
    expect(after({ code: 'x' }, { error: 'No.' })).toBeUndefined()
  })
})
