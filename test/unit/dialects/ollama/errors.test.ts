import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { decodeError, encodeError, errorInside } from '../../../../src/dialects/ollama/errors.ts'
import { recorded, recordedNames } from '../../../harness/recorded-ollama.ts'

const decode = (status: number, body: string, headers = {}) => decodeError(status, headers, Buffer.from(body))

describe('decodeError', () => {
  const codes: Readonly<Record<string, string>> = {
    'error-no-model': 'MODEL_NOT_FOUND',
    'error-no-model-embed': 'MODEL_NOT_FOUND',
    'error-no-body': 'BAD_REQUEST',
    'error-no-tools': 'BAD_REQUEST',
    'error-no-thinking': 'BAD_REQUEST',
    'error-no-generate': 'BAD_REQUEST',
    'error-option': 'BAD_REQUEST',
    'error-format': 'BAD_REQUEST',
    'error-schema': 'BAD_REQUEST',
    'error-empty-input': 'BAD_REQUEST',
    'error-name': 'BAD_REQUEST',
    'error-host': 'BACKEND_ERROR',
    'error-no-route': 'OPERATION_UNSUPPORTED',
  }

  it('is asked about every recorded refusal', () => {
    expect(recordedNames.filter((name) => recorded(name).response.status >= 400).sort()).toEqual(
      Object.keys(codes).sort(),
    )
  })

  it.each(Object.entries(codes))('reads what an Ollama said: %s is %s', (name, code) => {
    const { status, body } = recorded(name).response
    const error = decode(status, body)
    expect(error.code).toBe(code)
    if (code === 'MODEL_NOT_FOUND') expect(encodeError(error).toString()).toBe(body)
  })

  it('explains the empty 403', () => {
    const error = decode(403, '')
    expect(error.message).toContain('host name')
    expect(error.details.suggestions?.[0]).toContain('url')
  })

  it.each([
    [
      503,
      '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
      'QUEUE_FULL',
      false,
    ],
    [503, '{"error":"unavailable"}', 'BACKEND_UNAVAILABLE', true],
    [429, '{"error":"too many"}', 'RATE_LIMITED', false],
    [500, '{"error":"llama runner process has terminated"}', 'BACKEND_ERROR', true],
    [502, '<html>', 'BACKEND_UNAVAILABLE', true],
    [504, '', 'BACKEND_TIMEOUT', true],
    [307, '', 'BACKEND_ERROR', true],
    [403, '{"error":"ollama cloud is disabled"}', 'BAD_REQUEST', false],
    [401, '{"error":"unauthorized"}', 'BACKEND_ERROR', true],
  ])('reads %i %s as %s', (status, body, code) => {
    expect(decode(status, body).code).toBe(code)
  })

  it('neither repeats a sign-in link nor holds it against the backend', () => {
    const error = decode(401, '{"error":"unauthorized","signin_url":"https://ollama.invalid/?key=secret"}')
    expect(error.code).toBe('OPERATION_UNSUPPORTED')
    expect(encodeError(error).toString()).not.toContain('secret')
  })

  it('does not call a mistake of the client’s a failure of the server', () => {
    const { status, body } = recorded('error-option').response
    expect(status).toBe(500)
    expect(decode(status, body).status).toBe(400)
  })

  it('believes retry-after', () => {
    expect(decode(429, '{"error":"slow"}', { 'retry-after': '7' }).details.retryAfterSeconds).toBe(7)
  })
})

describe('errorInside', () => {
  it('finds none in an answer', () => {
    expect(errorInside({ model: 'm', done: true })).toBeUndefined()
  })

  it('quotes no more than is decent', () => {
    expect(errorInside({ error: 'x'.repeat(100_000) })?.message.length).toBeLessThan(2000)
  })
})

describe('encodeError', () => {
  it('says what happened and what to do next', () => {
    const error = new McpdError('MODEL_NOT_FOUND', 'No such model.', { suggestions: ['Pull it.'] })
    expect(encodeError(error).toString()).toBe('{"error":"No such model. Pull it."}')
  })
})
