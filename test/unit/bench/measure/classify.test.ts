import { describe, expect, it } from 'vitest'
import { classOfError, classOfStatus } from '../../../../src/bench/measure/classify.ts'
import { decodeStream as decodeOllama } from '../../../../src/dialects/ollama/stream-decoder.ts'
import { decodeResponse as decodeOllamaWhole } from '../../../../src/dialects/ollama/response.ts'
import { decodeResponse } from '../../../../src/dialects/openai/response.ts'
import { decodeStream } from '../../../../src/dialects/openai/stream-decoder.ts'
import { readEvents } from '../../../../src/client/events.ts'

async function* bytes(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

const thrownBy = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('It did not throw.')
}

const reached = { connected: true, head: true, events: true }
const sse = (data: string): string => `data: ${data}\n\n`
const chunk = sse('{"choices":[{"index":0,"delta":{"content":"a"}}]}')
const line = '{"message":{"content":"a"},"done":false}\n'

/** What the dialects throw, and what it is to be called: their words decide, so that they are held here. */
const cases: readonly (readonly [string, () => unknown, string])[] = [
  [
    'a cut chunk',
    () => Array.fromAsync(decodeStream('chat', bytes(chunk, sse('{"choices":[{')))),
    'bad_json',
  ],
  [
    'an absurd index',
    () => Array.fromAsync(decodeStream('chat', bytes(sse('{"choices":[{"index":-1,"delta":{}}]}')))),
    'bad_json',
  ],
  [
    'an endless event',
    () => Array.fromAsync(decodeStream('chat', bytes('data: aaaa'), { eventMaxBytes: 4 })),
    'bad_json',
  ],
  [
    'an error event',
    () => Array.fromAsync(decodeStream('chat', bytes(chunk, sse('{"error":{"message":"no"}}')))),
    'sse_error_event',
  ],
  [
    'an error that is malformed itself',
    () => Array.fromAsync(decodeStream('chat', bytes(chunk, sse('{"error":"malformed input"}')))),
    'sse_error_event',
  ],
  ['no end', () => Array.fromAsync(decodeStream('chat', bytes(chunk), { doneOptional: true })), 'truncated'],
  [
    'an Ollama line that is cut',
    () => Array.fromAsync(decodeOllama('chat', bytes(line, '{"mess\n'), { id: '' })),
    'bad_json',
  ],
  [
    'an Ollama error line',
    () => Array.fromAsync(decodeOllama('chat', bytes(line, '{"error":"no"}\n'), { id: '' })),
    'sse_error_event',
  ],
  [
    'an Ollama stream without an end',
    () => Array.fromAsync(decodeOllama('chat', bytes(line), { id: '' })),
    'truncated',
  ],
  ['an answer without choices', () => decodeResponse('chat', { hello: 1 }), 'bad_json'],
  ['an Ollama answer without a message', () => decodeOllamaWhole('chat', { done: true }, ''), 'bad_json'],
  [
    'a native event that is no JSON',
    () => Array.fromAsync(readEvents(bytes('event: text-delta\ndata: {\n\n'), '')),
    'bad_json',
  ],
  [
    'a native error event',
    () =>
      Array.fromAsync(
        readEvents(bytes('event: error\ndata: {"code":"BACKEND_TIMEOUT","detail":"late"}\n\n'), ''),
      ),
    'sse_error_event',
  ],
  [
    'a native stream without an end',
    () => Array.fromAsync(readEvents(bytes('event: text-delta\ndata: {"index":0,"text":"a"}\n\n'), '')),
    'truncated',
  ],
]

describe('the class of a failure', () => {
  it.each(cases)('of %s', async (_, work, expected) => {
    expect(classOfError(await thrownBy(work), reached)).toBe(expected)
  })

  it('of an end before anything was said is empty', async () => {
    const error = await thrownBy(() => Array.fromAsync(decodeStream('chat', bytes(sse('[DONE]')))))
    expect(classOfError(error, { ...reached, events: false })).toBe('empty')
  })

  it('of a connection is by how far it came', () => {
    const error = new Error('other side closed')
    expect(classOfError(error, { connected: false, head: false, events: false })).toBe('connect')
    expect(classOfError(error, { connected: true, head: false, events: false })).toBe('reset-before')
    expect(classOfError(error, { connected: true, head: true, events: false })).toBe('reset-mid')
  })

  it('of a status', () => {
    const classes = [200, 204, 307, 400, 401, 429, 500, 529].map(classOfStatus)
    expect(classes).toEqual([
      undefined,
      undefined,
      'http_3xx',
      'http_4xx',
      'http_4xx',
      'http_429',
      'http_5xx',
      'http_5xx',
    ])
  })
})
