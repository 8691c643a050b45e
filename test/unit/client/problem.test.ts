import { describe, expect, it } from 'vitest'
import { problemToError } from '../../../src/client/problem.ts'

const read = (problem: unknown, status = 500, retryAfter?: string) =>
  problemToError({
    status,
    text: typeof problem === 'string' ? problem : JSON.stringify(problem),
    url: 'http://d',
    retryAfter,
  })

describe('problemToError', () => {
  it('keeps code, message and details', () => {
    const error = read(
      {
        status: 429,
        code: 'RATE_LIMITED',
        detail: 'Too fast.',
        param: 'n',
        backend: 'gpu',
        suggestions: ['Wait.'],
      },
      429,
      '7',
    )
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      message: 'Too fast.',
      details: { status: 429, param: 'n', backend: 'gpu', suggestions: ['Wait.'], retryAfterSeconds: 7 },
    })
  })

  it('names the request of an internal error, which only the log explains', () => {
    expect(read({ code: 'INTERNAL', detail: 'Internal error.', requestId: 'r9' }).message).toBe(
      'Internal error. Request r9.',
    )
    expect(read({ code: 'BAD_REQUEST', detail: 'No.', requestId: 'r9' }).message).toBe('No.')
  })

  it('takes a code of a newer daemon for what its status says', () => {
    expect(read({ code: 'NEW', detail: 'x' }, 404).code).toBe('NOT_FOUND')
    expect(read({ code: 'NEW', detail: 'x' }, 418).code).toBe('BAD_REQUEST')
    expect(read({ code: 'constructor', detail: 'x' }, 503).code).toBe('INTERNAL')
  })

  it('believes the status of the problem before that of the response', () => {
    expect(read({ status: 503, code: 'QUEUE_FULL', detail: 'x' }, 200).status).toBe(503)
  })

  it('is DAEMON_UNREACHABLE for what no daemon of ours would say', () => {
    for (const text of ['', '<html>', '[]', 'null', '{"error":{}}', '"text"'])
      expect(read(text, 502)).toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })

  it('survives members of the wrong type', () => {
    const error = read(
      { code: 7, detail: {}, title: 'Title', param: 1, suggestions: ['a', 2], backend: null },
      400,
      'soon',
    )
    expect(error).toMatchObject({ code: 'BAD_REQUEST', message: 'Title' })
    expect(error.details).toEqual({ status: 400, suggestions: ['a'] })
  })
})
