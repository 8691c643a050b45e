import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { errorTable, isErrorCode, McpdError } from '../../../../src/core/errors.ts'
import { decodeError, encodeError, errorInside } from '../../../../src/dialects/openai/errors.ts'
import { ErrorResponse } from '../../../../src/dialects/openai/response-schemas.ts'

const isErrorResponse = new Ajv({ allowUnionTypes: true }).compile(ErrorResponse)
const now = Date.parse('2026-11-22T10:00:00Z')
const decode = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  decodeError(
    status,
    { 'content-type': 'application/json', ...headers },
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    now,
  )

describe('decodeError', () => {
  it.each<[number, string, number]>([
    [400, 'BAD_REQUEST', 400],
    [409, 'BAD_REQUEST', 409],
    [413, 'BAD_REQUEST', 413],
    [415, 'BAD_REQUEST', 415],
    [422, 'BAD_REQUEST', 422],
    [401, 'BACKEND_ERROR', 502],
    [403, 'BACKEND_ERROR', 502],
    [404, 'OPERATION_UNSUPPORTED', 422],
    [405, 'OPERATION_UNSUPPORTED', 422],
    [501, 'OPERATION_UNSUPPORTED', 422],
    [408, 'BACKEND_TIMEOUT', 504],
    [429, 'RATE_LIMITED', 429],
    [500, 'BACKEND_ERROR', 502],
    [502, 'BACKEND_UNAVAILABLE', 503],
    [503, 'BACKEND_UNAVAILABLE', 503],
    [504, 'BACKEND_TIMEOUT', 504],
    [307, 'BACKEND_ERROR', 502],
    [418, 'BACKEND_ERROR', 502],
  ])('makes %i %s with status %i', (status, code, ours) => {
    expect(decode(status, { error: { message: 'no' } })).toMatchObject({ code, status: ours })
  })

  it.each<[string, unknown, string]>([
    [
      'OpenAI',
      { error: { message: 'bad n', type: 'invalid_request_error', param: 'n', code: null } },
      'bad n',
    ],
    ['a string, as TGI', { error: 'bad n', error_type: 'validation' }, 'bad n'],
    ['FastAPI detail', { detail: 'bad n' }, 'bad n'],
    [
      'FastAPI detail list',
      { detail: [{ loc: ['body', 'messages', 0, 'role'], msg: 'field required' }] },
      'messages.0.role: field required',
    ],
    ['FastChat', { object: 'error', message: 'bad n', code: 40302 }, 'bad n'],
    ['FastChat keys', { detail: { error: { code: 'invalid_api_key', message: 'bad n' } } }, 'bad n'],
    ['an error object without words', { error: { kind: 7 } }, '{"kind":7}'],
    ['a bare string', '"bad n"', 'bad n'],
    ['nothing', '', 'The backend answered 400.'],
    ['an empty object', {}, 'The backend answered 400.'],
  ])('finds the words of %s', (_, body, message) => expect(decode(400, body).message).toBe(message))

  it('quotes plain text, never markup, and never at any length', () => {
    expect(decode(500, 'out of memory', { 'content-type': 'text/plain' }).message).toBe(
      'The backend answered 500: out of memory',
    )
    expect(decode(500, '<html>proxy</html>', { 'content-type': 'text/html' }).message).toBe(
      'The backend answered 500.',
    )
    expect(decode(500, { error: 'x'.repeat(1e6) }).message.length).toBeLessThan(2000)
  })

  it('keeps the bytes of a well-formed error object of a client mistake only', () => {
    const body = '{ "error": {"message":"bad n","code":400} }'
    expect(decode(400, body).details.frame).toEqual({
      dialect: 'openai',
      status: 400,
      contentType: 'application/json',
      body: Buffer.from(body),
    })
    expect(decode(429, body).details.frame).toBeDefined()
    for (const [status, other] of [
      [400, { error: 'bad n' }],
      [400, { detail: 'x' }],
      [500, body],
      [401, body],
      [404, body],
    ] as const)
      expect(decode(status, other).details.frame).toBeUndefined()
  })

  it('names the member at fault where the backend does', () => {
    expect(decode(400, { error: { message: 'x', param: 'n' } }).details.param).toBe('n')
    expect(decode(422, { detail: [{ loc: ['body', 'n'], msg: 'x' }] }).details.param).toBe('n')
  })

  it.each([
    { error: { message: 'The model `x` does not exist.', type: 'NotFoundError', param: null, code: 404 } },
    { error: { message: 'nope', code: 'model_not_found' } },
    { error: "model 'x' not found" },
  ])('tells an unknown model %j', (body) => {
    expect(decode(404, body)).toMatchObject({ code: 'MODEL_NOT_FOUND', status: 404 })
  })

  it.each([
    '{"detail":"Not Found"}',
    '{"error":{"code":404,"message":"File Not Found"}}',
    '404 page not found',
  ])('tells from it a route that is not there: %s', (body) =>
    expect(decode(404, body)).toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
      details: { suggestions: [expect.stringContaining('/v1')] },
    }),
  )

  it('never hands on what the backend says of mcpd’s credentials', () => {
    const error = decode(401, { error: { message: 'Incorrect API key provided: sk-secret' } })
    expect(JSON.stringify([error.message, error.details])).not.toContain('secret')
    expect(error.message).toContain("refused mcpd's credentials")
  })

  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0.2' }, 1],
    [{ 'retry-after': 'Sun, 22 Nov 2026 10:00:30 GMT' }, 30],
    [{ 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': '9', 'retry-after-ms': '1500' }, 2],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '1e99' }, undefined],
    [{ 'retry-after': '999999999' }, 86_400],
    [{}, undefined],
  ])('reads %j as %j seconds', (headers, seconds) => {
    expect(decode(429, {}, headers).details.retryAfterSeconds).toBe(seconds)
    expect(decode(503, {}, headers).details.retryAfterSeconds).toBe(seconds)
  })
})

describe('errorInside', () => {
  it.each([
    { error: { message: 'no' } },
    { error: 'no' },
    { object: 'error', message: 'no', code: 50002 },
    { text: 'no', error_code: 50001 },
  ])('finds %j', (body) =>
    expect(errorInside(body)).toMatchObject({ code: 'BACKEND_ERROR', message: 'The backend failed: no' }),
  )

  it.each([{}, { error: null }, { error: '' }, { error_code: 0 }, { choices: [] }])(
    'finds none in %j',
    (body) => expect(errorInside(body)).toBeUndefined(),
  )
})

describe('encodeError', () => {
  it.each(Object.keys(errorTable).filter(isErrorCode))('writes all four members for %s', (code) => {
    const { status, headers, body } = encodeError(
      new McpdError(code, 'What happened.', { suggestions: ['Do this.'] }),
    )
    const written = JSON.parse(body.toString()) as { error: Record<string, unknown> }
    expect(status).toBe(errorTable[code].status)
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(written.error).toEqual({
      message: 'What happened. Do this.',
      type: errorTable[code].openaiType,
      param: null,
      code: expect.stringMatching(/^[a-z_]+$/),
    })
    expect(isErrorResponse(written)).toBe(true)
  })

  it.each([
    ['MODEL_NOT_FOUND', 'model_not_found'],
    ['UNAUTHENTICATED', 'invalid_api_key'],
    ['RATE_LIMITED', 'rate_limit_exceeded'],
  ] as const)('calls %s %s', (code, name) =>
    expect(JSON.parse(encodeError(new McpdError(code, 'x')).body.toString())).toMatchObject({
      error: { code: name },
    }),
  )

  it('tells param and when to come again', () => {
    const { headers, body } = encodeError(
      new McpdError('QUEUE_FULL', 'x', { param: 'n', retryAfterSeconds: 3 }),
    )
    expect(headers['retry-after']).toBe('3')
    expect(JSON.parse(body.toString())).toMatchObject({ error: { param: 'n' } })
  })

  it('returns what a backend of the same dialect said byte for byte', () => {
    const said = '{ "error": {"message":"bad n","code":400} }'
    const { status, body, contentType } = encodeError(
      decode(400, said, { 'content-type': 'application/json;x=y' }),
    )
    expect([status, body.toString(), contentType]).toEqual([400, said, 'application/json;x=y'])
    const other = new McpdError('BAD_REQUEST', 'x', {
      frame: { dialect: 'ollama', status: 400, contentType: 'a/b', body: Buffer.from('y') },
    })
    expect(encodeError(other).body.toString()).toContain('"message":"x"')
  })
})
