import { readFileSync, readdirSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold, unfold } from '../../../../src/core/fold.ts'
import type { InferenceEvent, InferenceResponse } from '../../../../src/core/inference.ts'
import * as schemas from '../../../../src/dialects/openai/response-schemas.ts'
import { decodeStream } from '../../../../src/dialects/openai/stream-decoder.ts'
import { streamEncoder, type StreamEncoderOptions } from '../../../../src/dialects/openai/stream-encoder.ts'

const ajv = new Ajv({ allowUnionTypes: true })
const isChatChunk = ajv.compile(schemas.ChatCompletionChunk)
const isCompletionChunk = ajv.compile(schemas.Completion)

const options: StreamEncoderOptions = {
  operation: 'chat',
  id: 'chatcmpl-9',
  model: 'llama',
  createdSeconds: 1_700_000_000,
  includeUsage: false,
}

const encode = (events: Iterable<InferenceEvent>, more: Partial<StreamEncoderOptions> = {}) => {
  const encoder = streamEncoder({ ...options, ...more })
  return Buffer.concat([...events].map((event) => encoder.encode(event) ?? Buffer.alloc(0)))
}

const chunksOf = (bytes: Buffer) =>
  bytes
    .toString()
    .split('\n\n')
    .filter(Boolean)
    .map((line) => line.slice('data: '.length))
    .map((data) => (data === '[DONE]' ? data : (JSON.parse(data) as Record<string, unknown>)))

const read = async (bytes: Buffer, operation: 'chat' | 'complete' = 'chat', decodeOptions = {}) => {
  const events: InferenceEvent[] = []
  for await (const event of decodeStream(operation, one(bytes), decodeOptions)) events.push(event)
  return events
}

async function* one(bytes: Buffer) {
  yield bytes
}

const answer: InferenceResponse = {
  model: 'llama',
  id: 'chatcmpl-9',
  choices: [
    {
      index: 0,
      text: 'Grüezi\n"Welt"',
      reasoning: 'Hm.',
      logprobs: [{ token: 'G', logprob: -1, bytes: [71], top: [{ token: 'H', logprob: -2, bytes: null }] }],
      finishReason: 'stop',
    },
    {
      index: 1,
      text: null,
      toolCalls: [
        { id: 'a', name: 'f', argumentsText: '{"x":1}' },
        { id: 'b', name: 'g', argumentsText: '{}' },
      ],
      finishReason: 'tool-calls',
    },
  ],
  usage: { inputTokens: 3, outputTokens: 4, cachedTokens: 1, reasoningTokens: 2 },
}

describe('a translated stream', () => {
  it('decodes to the response it spells out', async () => {
    const bytes = encode(unfold(answer), { includeUsage: true })
    expect(await fold(decodeStream('chat', one(bytes)))).toEqual(answer)
  })

  it('is made of chunks that the published schema accepts, and ends with [DONE]', () => {
    const chunks = chunksOf(encode(unfold(answer), { includeUsage: true }))
    expect(chunks.at(-1)).toBe('[DONE]')
    for (const chunk of chunks.slice(0, -1))
      expect(isChatChunk(chunk), JSON.stringify(isChatChunk.errors)).toBe(true)
  })

  it('gives the role in the first delta of each choice only', () => {
    const roles = chunksOf(encode(unfold(answer)))
      .slice(0, -1)
      .flatMap((chunk) => (chunk as { choices: { index: number; delta: { role?: string } }[] }).choices)
      .map(({ index, delta }) => [index, delta.role])
    expect(roles).toEqual([
      [0, 'assistant'],
      [0, undefined],
      [0, undefined],
      [1, 'assistant'],
      [1, undefined],
      [1, undefined],
    ])
  })

  it('tells usage in a chunk of its own before [DONE] to a client that asked, and null before', () => {
    const chunks = chunksOf(encode(unfold(answer), { includeUsage: true }))
    expect(chunks.at(-2)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    })
    for (const chunk of chunks.slice(0, -2)) expect(chunk).toHaveProperty('usage', null)
  })

  it('says no word of usage to a client that did not ask', () => {
    expect(encode(unfold(answer)).toString()).not.toContain('usage')
  })

  it('tells id and name of a tool call once and keeps its index', () => {
    const fragment = { type: 'tool-call-delta', index: 0, call: 1 } as const
    const chunks = chunksOf(
      encode([
        { ...fragment, name: 'f', argumentsText: '{' },
        { ...fragment, argumentsText: '}' },
      ]),
    )
    expect(chunks).toMatchObject([
      {
        choices: [
          {
            delta: {
              tool_calls: [
                {
                  index: 1,
                  id: 'call_chatcmpl-9_0_1',
                  type: 'function',
                  function: { name: 'f', arguments: '{' },
                },
              ],
            },
          },
        ],
      },
      { choices: [{ delta: { tool_calls: [{ index: 1, function: { arguments: '}' } }] } }] },
    ])
    expect(chunks[1]).not.toHaveProperty('choices.0.delta.tool_calls.0.id')
  })

  it('unfolds a whole answer', () => {
    expect(encode([{ type: 'whole', response: () => answer }], { includeUsage: true })).toEqual(
      encode(unfold(answer), { includeUsage: true }),
    )
  })

  it('writes completions with running text offsets', () => {
    const delta = (text: string): InferenceEvent => ({
      type: 'text-delta',
      index: 0,
      text,
      logprobs: [{ token: text, logprob: -1 }],
    })
    const chunks = chunksOf(
      encode([delta('ab'), delta('c'), { type: 'finish', index: 0, reason: 'length' }, { type: 'end' }], {
        operation: 'complete',
      }),
    )
    expect(chunks).toMatchObject([
      { object: 'text_completion', choices: [{ text: 'ab', logprobs: { text_offset: [0] } }] },
      { choices: [{ text: 'c', logprobs: { text_offset: [2] } }] },
      { choices: [{ text: '', finish_reason: 'length' }] },
      '[DONE]',
    ])
    for (const chunk of chunks.slice(0, -1)) expect(isCompletionChunk(chunk)).toBe(true)
  })
})

describe('a passed-through stream', () => {
  const folder = new URL('../../../../fixtures/streams/openai/', import.meta.url)
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -5))

  it.each(names)('goes out byte for byte: %s', async (name) => {
    const bytes = readFileSync(new URL(`${name}.sse`, folder))
    const operation = name.startsWith('completion') ? 'complete' : 'chat'
    const whole = bytes.toString().endsWith('\n\n') ? bytes : Buffer.concat([bytes, Buffer.from('\n\n')])
    for (const includeUsage of [false, true])
      expect(encode(await read(bytes, operation), { operation, includeUsage }).toString()).toBe(
        whole.toString(),
      )
  })

  it('lacks exactly the usage chunk that mcpd asked for', async () => {
    const text = readFileSync(new URL('chat-usage.sse', folder), 'utf8')
    const without = text
      .split('\n\n')
      .filter((block) => !block.includes('"choices":[]'))
      .join('\n\n')
    const events = await read(Buffer.from(text), 'chat', { dropUsageChunk: true })
    expect(encode(events).toString()).toBe(without)
    expect(chunksOf(encode(events.slice(1), { includeUsage: true })).at(-2)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 9 },
    })
  })
})

describe('fail', () => {
  it('writes one error event and no [DONE]', () => {
    const text = streamEncoder(options).fail(new McpdError('BACKEND_TIMEOUT', 'Too slow.')).toString()
    expect(text).toBe(
      'data: {"error":{"message":"Too slow.","type":"server_error","param":null,"code":"backend_timeout"}}\n\n',
    )
  })

  it('hands on the backend’s own error object', () => {
    const frame = {
      dialect: 'openai',
      status: 502,
      contentType: 'application/json',
      body: Buffer.from('{"error":{"message":"x"}}'),
    }
    const error = new McpdError('BACKEND_ERROR', 'x', { frame })
    expect(streamEncoder(options).fail(error).toString()).toBe('data: {"error":{"message":"x"}}\n\n')
  })
})
