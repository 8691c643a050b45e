import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../../src/core/errors.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { decodeError, encodeError, errorInside, refusal } from '../../../../src/dialects/kserve/errors.ts'

const decode = (status: number, error?: unknown, headers = {}) =>
  decodeError(status, headers, Buffer.from(error === undefined ? '<html>' : JSON.stringify({ error })))

describe('errors of a KServe server', () => {
  it.each<[number, string | undefined, ErrorCode]>([
    [400, "unexpected shape for input 'x'", 'BAD_REQUEST'],
    [400, "Request for unknown model: 'x' is not found", 'MODEL_NOT_FOUND'],
    [404, "Request for unknown model: 'x' has no available versions", 'MODEL_NOT_FOUND'],
    [404, 'Model x not found', 'MODEL_NOT_FOUND'],
    [404, undefined, 'OPERATION_UNSUPPORTED'],
    [503, "Request for unknown model: 'x' version 1 is not at ready state", 'BACKEND_UNAVAILABLE'],
    [400, 'explicit model load / unload is not allowed if polling is enabled', 'OPERATION_UNSUPPORTED'],
    [405, undefined, 'OPERATION_UNSUPPORTED'],
    [501, 'not supported', 'OPERATION_UNSUPPORTED'],
    [422, 'validation', 'BAD_REQUEST'],
    [429, 'slowly', 'RATE_LIMITED'],
    [500, 'CUDA out of memory', 'BACKEND_ERROR'],
    [502, undefined, 'BACKEND_UNAVAILABLE'],
    [504, undefined, 'BACKEND_TIMEOUT'],
    [424, 'generation failed', 'BACKEND_ERROR'],
  ])('%i %s is %s', (status, said, code) => {
    const error = decode(status, said)
    expect(error.code).toBe(code)
    if (said !== undefined) expect(error.message).toContain(said)
  })

  it('name the header that a restricted API wants, and quote nothing else', () => {
    const error = decode(403, "This API is restricted, expecting header 'triton-key'")
    expect([error.code, error.status]).toEqual(['BACKEND_ERROR', 502])
    expect(error.details.suggestions?.join()).toContain("'triton-key'")
    expect(decode(401, 'secret words').message).not.toContain('secret')
  })

  it('tell when to come back, and cut long words', () => {
    expect(decode(429, 'slowly', { 'retry-after': '2' }).details.retryAfterSeconds).toBe(2)
    expect(decode(400, 'x'.repeat(5000)).message.length).toBe(1000)
  })

  it('inside a 200 are the backend’s, whatever they say', () => {
    expect(errorInside({ text_output: 'a' })).toBeUndefined()
    expect(errorInside({ error: null })).toBeUndefined()
    expect(errorInside({ error: 'broken' })).toMatchObject({ code: 'BACKEND_ERROR' })
    expect(errorInside({ error: { a: 1 } })?.message).toContain('{"a":1}')
  })

  it('go to clients as they came, or in our words with what to do', () => {
    expect(encodeError(decode(400, 'bad shape')).toString()).toBe('{"error":"bad shape"}')
    const ours = new McpdError('BAD_REQUEST', 'No.', { suggestions: ['Do this.'] })
    expect(JSON.parse(encodeError(ours).toString())).toEqual({ error: 'No. Do this.' })
    expect(refusal(400, 'expected 2 inputs').details.frame).toBeUndefined()
  })
})
