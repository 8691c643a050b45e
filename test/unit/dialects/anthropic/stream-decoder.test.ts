import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createGrammar } from '../../../../src/conformance/event-grammar.ts'
import { newChat } from '../../../../src/conformance/request.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeStream } from '../../../../src/dialects/anthropic/stream-decoder.ts'

const streams = new URL('../../../../fixtures/streams/anthropic/', import.meta.url)

async function* one(text: string | Buffer) {
  yield Buffer.from(text)
}
const read = (text: string | Buffer) => Array.fromAsync(decodeStream(one(text)))
const event = (type: string, members: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`
const start = event('message_start', { message: { id: 'msg_1', model: 'm', usage: { input_tokens: 3 } } })
const stop = event('message_stop')

async function* each(events: readonly InferenceEvent[]) {
  yield* events
}

describe.each(readdirSync(streams).filter((file) => file.endsWith('.sse')))('%s', (file) => {
  const bytes = readFileSync(new URL(file, streams))
  const expected = JSON.parse(readFileSync(new URL(file.replace('.sse', '.json'), streams), 'utf8')) as {
    readonly response?: unknown
    readonly error?: string
  }

  it('is read as what it says', async () => {
    if (expected.error !== undefined) return expect(read(bytes)).rejects.toThrow(expected.error)
    const events = await read(bytes)
    const grammar = createGrammar({ input: newChat('') })
    for (const each of events) grammar.push(each)
    grammar.close()
    expect(await fold(each(events))).toEqual(expected.response)
    const frames = new Set(events.map((each) => ('frame' in each ? each.frame : undefined)))
    expect(Buffer.concat([...frames].map((frame) => frame!.bytes))).toEqual(bytes)
  })

  it('is read the same however it is cut', async () => {
    if (expected.error !== undefined) return
    async function* bytewise() {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
    }
    expect(await fold(decodeStream(bytewise()))).toEqual(expected.response)
  })
})

describe('what goes wrong', () => {
  it.each([
    ['an end that is missing', start, 'BACKEND_INCOMPLETE'],
    ['nothing at all', '', 'BACKEND_INCOMPLETE'],
    ['an end without an answer', stop, 'BACKEND_INCOMPLETE'],
    ['no JSON', `${start}event: ping\ndata: {\n\n`, 'BACKEND_ERROR'],
    ['two beginnings', start + start, 'BACKEND_ERROR'],
    [
      'a block before the beginning',
      event('content_block_start', { index: 0, content_block: {} }),
      'BACKEND_ERROR',
    ],
    [
      'an index that is none',
      start + event('content_block_delta', { index: -1, delta: {} }),
      'BACKEND_ERROR',
    ],
    ['an error', start + event('error', { error: { type: 'api_error', message: 'Boom' } }), 'BACKEND_ERROR'],
    ['an empty error', `${start}event: error\ndata: {}\n\n`, 'BACKEND_ERROR'],
    [
      'an overload',
      start + event('error', { error: { type: 'overloaded_error', message: 'Busy' } }),
      'BACKEND_UNAVAILABLE',
    ],
  ])('%s', async (_, text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code })
  })
})

it('takes arguments that come with their block, or not at all', async () => {
  const block = (index: number, input: unknown) =>
    event('content_block_start', {
      index,
      content_block: { type: 'tool_use', id: `t${index}`, name: 'f', input },
    }) + event('content_block_stop', { index })
  const response = await fold(decodeStream(one(start + block(0, { a: 1 }) + block(1, {}) + stop)))
  expect(response.choices[0]!.toolCalls!.map(({ argumentsText }) => argumentsText)).toEqual(['{"a":1}', '{}'])
})

it('takes an end that lacks only its blank line', async () => {
  const events = await read(start + stop.trimEnd())
  expect(events.at(-1)!.type).toBe('end')
})
