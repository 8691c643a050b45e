import { describe, expect, it } from 'vitest'
import { decodeError, errorInside } from '../../../../src/dialects/fastchat/errors.ts'

const decode = (status: number, body: unknown) =>
  decodeError(status, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)))

describe('an error of the API server, whose status is always 400', () => {
  it.each([
    [40_001, 'BAD_REQUEST', 400],
    [40_301, 'MODEL_NOT_FOUND', 404],
    [40_302, 'BAD_REQUEST', 400],
    [40_303, 'BAD_REQUEST', 400],
    [42_901, 'RATE_LIMITED', 429],
    [42_903, 'RATE_LIMITED', 429],
    [50_001, 'BACKEND_ERROR', 502],
    [50_002, 'BACKEND_ERROR', 502],
    [50_005, 'BACKEND_UNAVAILABLE', 503],
    [50_006, 'BACKEND_TIMEOUT', 504],
    [99_999, 'BACKEND_ERROR', 502],
  ])('%i is %s', (code, ours, status) => {
    const error = decode(400, { object: 'error', message: 'It says why.', code })
    expect([error.code, error.status]).toEqual([ours, status])
    expect(error.message).toContain('It says why.')
  })

  it('about a key is mcpd’s own matter', () => {
    const error = decode(400, { object: 'error', message: 'key-of-somebody', code: 40_102 })
    expect(error).toMatchObject({ code: 'BACKEND_ERROR', message: expect.not.stringContaining('somebody') })
  })

  it.each([
    [404, { detail: 'Not Found' }, 'OPERATION_UNSUPPORTED'],
    [404, { error: { message: 'The model x does not exist.' } }, 'MODEL_NOT_FOUND'],
    [401, { detail: { error: { code: 'invalid_api_key' } } }, 'BACKEND_ERROR'],
    [500, 'Internal Server Error', 'BACKEND_ERROR'],
    [429, {}, 'RATE_LIMITED'],
  ])('of status %i without a number means what the status does', (status, body, code) => {
    expect(decode(status, body).code).toBe(code)
  })
})

it('is inside an answer of a worker when its number is not 0', () => {
  expect(errorInside({ text: 'fine', error_code: 0 })).toBeUndefined()
  expect(errorInside({ text: 'fine' })).toBeUndefined()
  expect(errorInside({ text: 'broke', error_code: 1 })).toMatchObject({ code: 'BACKEND_ERROR' })
})
