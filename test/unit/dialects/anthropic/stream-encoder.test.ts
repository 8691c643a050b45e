import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold, unfold } from '../../../../src/core/fold.ts'
import type { InferenceEvent, InferenceResponse } from '../../../../src/core/inference.ts'
import { createSseDecoder } from '../../../../src/core/sse.ts'
import { AnthropicEvent } from '../../../../src/dialects/anthropic/response-schemas.ts'
import { decodeStream } from '../../../../src/dialects/anthropic/stream-decoder.ts'
import { streamEncoder } from '../../../../src/dialects/anthropic/stream-encoder.ts'

const isEvent = Compile(AnthropicEvent)
const options = { id: 'msg_1', model: 'm', requestId: 'req_1' }

const encode = (events: Iterable<InferenceEvent>): Buffer => {
  const encoder = streamEncoder(options)
  return Buffer.concat([...events].map((event) => encoder.encode(event) ?? Buffer.alloc(0)))
}
const eventsOf = (bytes: Buffer) =>
  createSseDecoder()
    .push(bytes)
    .map(({ event, data }) => {
      const value = JSON.parse(data!) as Record<string, unknown>
      expect(isEvent.Check(value)).toBe(true)
      expect(value['type']).toBe(event)
      return value
    })
async function* one(bytes: Buffer) {
  yield bytes
}

const response: InferenceResponse = {
  model: 'm',
  id: 'msg_1',
  choices: [
    {
      index: 0,
      text: 'Grüezi\n"Welt"',
      reasoning: 'Hm.',
      toolCalls: [
        { id: 'a', name: 'add', argumentsText: '{"n":1}' },
        { id: 'b', name: 'now', argumentsText: '{}' },
      ],
      finishReason: 'tool-calls',
    },
  ],
  usage: { inputTokens: 10, outputTokens: 5, cachedTokens: 4 },
}

it('writes what is read again as it was', async () => {
  const bytes = encode(unfold(response))
  eventsOf(bytes)
  expect(await fold(decodeStream(one(bytes)))).toEqual(response)
  expect(encode([{ type: 'whole', response: () => response }])).toEqual(bytes)
})

it('writes one block after the other, and the end last', () => {
  const types = eventsOf(encode(unfold(response))).map(
    ({ type, index }) => `${String(type)} ${typeof index === 'number' ? index : ''}`,
  )
  expect(types).toEqual([
    'message_start ',
    ...[0, 1, 2, 3].flatMap((index) => [
      `content_block_start ${index}`,
      `content_block_delta ${index}`,
      `content_block_stop ${index}`,
    ]),
    'message_delta ',
    'message_stop ',
  ])
})

it('gives fragments of calls that take turns to the block they belong to', async () => {
  const call = (number: number, argumentsText: string, name?: string): InferenceEvent => ({
    type: 'tool-call-delta',
    index: 0,
    call: number,
    ...(name !== undefined && { name }),
    argumentsText,
  })
  const bytes = encode([
    { type: 'start', model: 'm' },
    call(0, '{"a"', 'f'),
    call(1, '{"b"', 'g'),
    call(0, ':1}'),
    call(1, ':2}'),
    { type: 'finish', index: 0, reason: 'tool-calls' },
    { type: 'end' },
  ])
  const { choices } = await fold(decodeStream(one(bytes)))
  expect(choices[0]!.toolCalls).toEqual([
    { id: 'toolu_msg_1_0', name: 'f', argumentsText: '{"a":1}' },
    { id: 'toolu_msg_1_1', name: 'g', argumentsText: '{"b":2}' },
  ])
})

it('writes a whole message for an answer without anything', () => {
  const bytes = encode([{ type: 'start', model: 'm' }, { type: 'end' }])
  expect(eventsOf(bytes).map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop'])
})

it('leaves further choices out', () => {
  const bytes = encode([
    { type: 'start', model: 'm' },
    { type: 'text-delta', index: 1, text: 'other' },
    { type: 'end' },
  ])
  expect(bytes.toString()).not.toContain('other')
})

describe('frames', () => {
  it('of its own dialect go out once and untouched, others are translated', () => {
    const frame = { dialect: 'anthropic', bytes: Buffer.from('event: x\ndata:{ }\n\n') }
    const foreign = { dialect: 'openai', bytes: Buffer.from('data: {}\n\n') }
    const encoder = streamEncoder(options)
    expect(encoder.encode({ type: 'start', model: 'm', frame })).toBe(frame.bytes)
    expect(encoder.encode({ type: 'text-delta', index: 0, text: 'a', frame })).toBeUndefined()
    const text = encoder.encode({ type: 'text-delta', index: 0, text: 'b', frame: foreign })
    expect(text!.toString()).toContain('"text":"b"')
  })
})

describe('an error', () => {
  it.each([
    ['BAD_REQUEST', 'invalid_request_error'],
    ['UNAUTHENTICATED', 'authentication_error'],
    ['MODEL_NOT_FOUND', 'not_found_error'],
    ['RATE_LIMITED', 'rate_limit_error'],
    ['QUEUE_FULL', 'overloaded_error'],
    ['BACKEND_TIMEOUT', 'timeout_error'],
    ['BACKEND_ERROR', 'api_error'],
    ['REQUEST_TOO_LARGE', 'request_too_large'],
  ] as const)('%s is called %s', (code, type) => {
    const bytes = streamEncoder(options).fail(new McpdError(code, 'No.', { suggestions: ['Do so.'] }))
    expect(eventsOf(bytes)[0]).toMatchObject({
      error: { type, message: 'No. Do so.' },
      request_id: 'req_1',
    })
  })

  it('of the same dialect keeps its words', () => {
    const body = Buffer.from('{"type":"error",\n"error":{"type":"new_error","message":"x"}}')
    const frame = { dialect: 'anthropic', status: 502, contentType: 'application/json', body }
    const bytes = streamEncoder(options).fail(new McpdError('BACKEND_ERROR', 'x', { frame }))
    expect(eventsOf(bytes)[0]).toMatchObject({ error: { type: 'new_error' } })
  })
})
