import { expect, it } from 'vitest'
import { decodeError, encodeError, errorInside } from '../../../../src/dialects/anthropic/errors.ts'

const bodyOf = (type: string) =>
  Buffer.from(`{ "type":"error","error":{"type":"${type}","message":"Said so."}}`)

it.each([
  [400, 'invalid_request_error', 'BAD_REQUEST'],
  [404, 'not_found_error', 'OPERATION_UNSUPPORTED'],
  [413, 'request_too_large', 'BAD_REQUEST'],
  [429, 'rate_limit_error', 'RATE_LIMITED'],
  [500, 'api_error', 'BACKEND_ERROR'],
  [529, 'overloaded_error', 'BACKEND_UNAVAILABLE'],
] as const)('%i is %s', (status, type, code) => {
  const bytes = bodyOf(type)
  const error = decodeError(status, { 'content-type': 'application/json', 'retry-after': '3' }, bytes)
  expect(error).toMatchObject({ code, message: 'Said so.', details: { retryAfterSeconds: 3 } })
  if (error.details.frame) expect(encodeError(error, 'r').body).toBe(bytes)
})

it('keeps its bytes for clients of this dialect only', () => {
  const ours = decodeError(400, {}, bodyOf('invalid_request_error'))
  expect(ours.details.frame?.dialect).toBe('anthropic')
  const theirs = decodeError(400, {}, Buffer.from('{"error":{"message":"no"}}'))
  expect(theirs.details.frame).toBeUndefined()
})

it('says nothing of credentials', () => {
  const error = decodeError(401, {}, bodyOf('authentication_error'))
  expect(error.code).toBe('BACKEND_ERROR')
  expect(error.message).not.toContain('Said so.')
})

it('is found inside a 200', () => {
  expect(errorInside({ type: 'message', content: [] })).toBeUndefined()
  expect(errorInside({ type: 'error', error: { type: 'api_error', message: 'Boom' } })?.message).toContain(
    'Boom',
  )
})
