import { describe, expect, it } from 'vitest'
import {
  type ErrorCode,
  errorTable,
  isErrorCode,
  isMcpdError,
  McpdError,
  toMcpdError,
} from '../../../src/core/errors.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

describe('the error table', () => {
  it.each(codes)('gives %s an HTTP error status and an exit code of the CLI', (code) => {
    const { status, exit } = errorTable[code]
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect([2, 3, 4, 130]).toContain(exit)
  })

  it('calls no client mistake retryable but too many requests and a cancel', () => {
    const retryable = codes.filter((code) => errorTable[code].status < 500 && errorTable[code].retryable)
    expect(retryable).toEqual(['RATE_LIMITED', 'CANCELLED'])
  })

  it('counts against a backend only what the backend did', () => {
    expect(codes.filter((code) => errorTable[code].backendFault)).toEqual([
      'BACKEND_ERROR',
      'BACKEND_INCOMPLETE',
      'BACKEND_UNAVAILABLE',
      'BACKEND_TIMEOUT',
    ])
  })

  it('uses codes of JSON-RPC that are its own or belong to the server', () => {
    for (const code of codes) {
      const { jsonrpc } = errorTable[code]
      expect([-32602, -32601, -32603].includes(jsonrpc) || (jsonrpc <= -32000 && jsonrpc >= -32099)).toBe(
        true,
      )
    }
  })
})

describe('McpdError', () => {
  it('keeps code, message, details and cause', () => {
    const cause = new Error('socket hang up')
    const error = new McpdError('BACKEND_UNAVAILABLE', 'No answer.', { backend: 'gpu-0' }, cause)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'McpdError',
      code: 'BACKEND_UNAVAILABLE',
      message: 'No answer.',
      cause,
    })
    expect(error.details).toEqual({ backend: 'gpu-0' })
  })

  it('has no cause of its own when none was given', () => {
    expect('cause' in new McpdError('BAD_REQUEST', 'No.')).toBe(false)
  })

  it('takes its status from the table, or from the backend that said more', () => {
    expect(new McpdError('BAD_REQUEST', 'No.').status).toBe(400)
    expect(new McpdError('BAD_REQUEST', 'No.', { status: 422 }).status).toBe(422)
  })
})

describe('isMcpdError', () => {
  it('knows errors of another copy of mcpd by their mark', () => {
    expect(isMcpdError({ [Symbol.for('mcpd.error')]: true, code: 'BAD_REQUEST' })).toBe(true)
  })

  it.each([undefined, null, 'BAD_REQUEST', 0, {}, new Error('code BAD_REQUEST')])(
    'does not know %s',
    (value) => {
      expect(isMcpdError(value)).toBe(false)
    },
  )
})

describe('toMcpdError', () => {
  it('hands on what is ours', () => {
    const error = new McpdError('QUEUE_FULL', 'Full.')
    expect(toMcpdError(error)).toBe(error)
  })

  it.each([new TypeError('key sk-123 is undefined'), 'a string', undefined])(
    'hides anything else behind INTERNAL and keeps it as the cause',
    (value) => {
      const error = toMcpdError(value)
      expect(error.code).toBe('INTERNAL')
      expect(error.message).not.toContain('sk-123')
      expect(error.cause).toBe(value)
    },
  )
})

describe('isErrorCode', () => {
  it('knows the rows of the table and nothing that objects have by themselves', () => {
    expect(codes.every(isErrorCode)).toBe(true)
    expect(['constructor', '__proto__', 'bad_request', '', 400, undefined].some(isErrorCode)).toBe(false)
  })
})
