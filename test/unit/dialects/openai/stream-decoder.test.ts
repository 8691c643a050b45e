import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeResponse } from '../../../../src/dialects/openai/response.ts'
import { type DecodeStreamOptions, decodeStream } from '../../../../src/dialects/openai/stream-decoder.ts'

const folder = new URL('../../../../fixtures/streams/openai/', import.meta.url)
const streamOf = (name: string) => readFileSync(new URL(`${name}.sse`, folder))
const pairs = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

async function* cut(bytes: Buffer, size = bytes.length) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const operationOf = (name: string) => (name.startsWith('completion') ? 'complete' : 'chat')

const decode = async (
  text: string | Buffer,
  options?: DecodeStreamOptions,
  operation: 'chat' | 'complete' = 'chat',
) => {
  const events: InferenceEvent[] = []
  let thrown: unknown
  try {
    for await (const event of decodeStream(operation, cut(Buffer.from(text)), options)) events.push(event)
  } catch (error) {
    thrown = error
  }
  return { events, thrown, types: events.map((event) => event.type) }
}

const chunk = (choice: object | null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: choice ? [choice] : [], ...more })}\n\n`
const content = (text: string, more: object = {}) =>
  chunk({ index: 0, delta: { content: text }, finish_reason: null }, more)
const finish = chunk({ index: 0, delta: {}, finish_reason: 'stop' })
const done = 'data: [DONE]\n\n'
const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 }

describe('streamed and unary answers', () => {
  it.each(pairs)('fold to the same response: %s', async (name) => {
    const unary: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
    const bytes = streamOf(name)
    for (const size of [bytes.length, 100, 7])
      expect(await fold(decodeStream(operationOf(name), cut(bytes, size)))).toEqual(
        decodeResponse(operationOf(name), unary),
      )
  })

  it.each(pairs)('keep every byte in frames, each at least once: %s', async (name) => {
    const { events } = await decode(streamOf(name), {}, operationOf(name))
    const frames = new Set(events.map((event) => ('frame' in event ? event.frame : undefined)))
    frames.delete(undefined)
    const expected = streamOf(name)
      .toString()
      .replace(/data: \[DONE\]$/, '')
    expect([...frames].map((frame) => frame?.bytes.toString()).join('')).toBe(expected)
  })
})

describe('decodeStream', () => {
  it('gives one start, the deltas, a finish per choice, and one end', async () => {
    const { types } = await decode(content('a') + content('b') + finish + done)
    expect(types).toEqual(['start', 'text-delta', 'text-delta', 'finish', 'end'])
  })

  it('gives comments, pings, unknown events and empty deltas as other', async () => {
    const { types, events } = await decode(
      `: hello\n\n${content('')}event: ping\ndata: {}\n\n\n${chunk(null)}${content('a')}${finish}${done}`,
    )
    expect(types).toEqual(['other', 'start', 'other', 'other', 'other', 'text-delta', 'finish', 'end'])
    expect(events[2]).toMatchObject({
      frame: { dialect: 'openai', bytes: Buffer.from('event: ping\ndata: {}\n\n') },
    })
  })

  it('tells usage that came beside content once, at the end', async () => {
    const { types, events } = await decode(content('a', { usage }) + content('b', { usage }) + finish + done)
    expect(types).toEqual(['start', 'text-delta', 'text-delta', 'finish', 'usage', 'end'])
    expect(events[4]).toMatchObject({ usage: { inputTokens: 3, outputTokens: 1 } })
  })

  it('drops the frame of the chunk that only carries usage when mcpd asked for it', async () => {
    const text = content('a', { usage: null }) + finish + chunk(null, { usage }) + done
    const kept = await decode(text)
    const dropped = await decode(text, { dropUsageChunk: true })
    expect(kept.types).toEqual(dropped.types)
    expect(kept.events[3]).toHaveProperty('frame')
    expect(dropped.events[3]).toMatchObject({ type: 'usage' })
    expect(dropped.events[3]).not.toHaveProperty('frame')
    expect(dropped.events[4]).toHaveProperty('frame')
  })

  it('finishes choices for the backend that says [DONE] without saying why', async () => {
    const { events } = await decode(content('a') + done)
    expect(events.at(-2)).toMatchObject({ type: 'finish', index: 0, reason: 'other' })
  })

  it('gives each choice one finish', async () => {
    const { types } = await decode(content('a') + finish + finish + done)
    expect(types).toEqual(['start', 'text-delta', 'finish', 'other', 'end'])
  })

  it('joins fragments whose id changes, as old vLLM sends them, and makes up a missing id', async () => {
    const call = (tool: object) => chunk({ index: 0, delta: { tool_calls: [{ index: 0, ...tool }] } })
    const { events } = await decode(
      call({ id: 'x1', function: { name: 'f', arguments: '{' } }) +
        call({ id: 'x2', function: { arguments: '}' } }) +
        done,
    )
    expect(events.filter((event) => event.type === 'tool-call-delta')).toMatchObject([
      { call: 0, id: 'x1', name: 'f', argumentsText: '{' },
      { call: 0, argumentsText: '}' },
    ])
    const nameless = await decode(call({ function: { name: 'f', arguments: {} } }) + done)
    expect(nameless.events[1]).toMatchObject({ id: 'call_c_0_0', argumentsText: '{}' })
  })

  it('reads what comes after [DONE] without a word, up to a limit', async () => {
    let read = 0
    async function* source() {
      yield Buffer.from(content('a') + finish + done + 'data: {bad')
      for (; read < 1000; read += 1) yield Buffer.alloc(1024)
    }
    const types: string[] = []
    for await (const event of decodeStream('chat', source())) types.push(event.type)
    expect(types.at(-1)).toBe('end')
    expect(read).toBeLessThan(100)
  })

  it.each<[string, string, string]>([
    ['BACKEND_INCOMPLETE', 'the end of the bytes without [DONE]', content('a') + finish],
    ['BACKEND_INCOMPLETE', 'the end inside a chunk', content('a') + content('b').slice(0, 40)],
    ['BACKEND_INCOMPLETE', 'nothing at all', ''],
    ['BACKEND_INCOMPLETE', '[DONE] without an answer', done],
    ['BACKEND_INCOMPLETE', 'the lost error of Ollama', streamOf('ollama-lost-error').toString()],
    ['BACKEND_ERROR', 'a malformed chunk', `${content('a')}data: {"choices":[\n\n${done}`],
    ['BACKEND_ERROR', 'JSON that is no object', `${content('a')}data: 17\n\n${done}`],
    ['BACKEND_ERROR', 'an absurd index', chunk({ index: 1e9, delta: { content: 'a' } }) + done],
    ['BACKEND_ERROR', 'an event of type error', `event: error\ndata: {"message":"no"}\n\n`],
    ['BACKEND_ERROR', 'an error cut off by the end', `${content('a')}data: {"error":{"message":"no"}}`],
    ['BACKEND_ERROR', 'the error of vLLM', streamOf('vllm-error').toString()],
    ['BACKEND_ERROR', 'the error field of llama.cpp', streamOf('llama-cpp-error-field').toString()],
    ['BACKEND_ERROR', 'the error of TGI', streamOf('tgi-error').toString()],
    ['BACKEND_ERROR', 'the error of FastChat', streamOf('fastchat-error').toString()],
  ])('throws %s for %s', async (code, _, text) => {
    const { thrown, types } = await decode(text)
    expect(thrown).toMatchObject({ code })
    expect(types).not.toContain('end')
  })

  it('keeps the backend’s own words and its error object', async () => {
    const { thrown } = await decode(streamOf('vllm-error'))
    expect(thrown).toMatchObject({
      message: 'The backend failed: EngineCore died',
      details: { frame: { dialect: 'openai' } },
    })
    const field = await decode(streamOf('llama-cpp-error-field'))
    expect(field.thrown).toMatchObject({ message: 'The backend failed: context shift is disabled' })
  })

  it('takes the end of the bytes for the end only where it may, and only after every finish', async () => {
    const whole = await decode(content('a') + finish, { doneOptional: true })
    expect(whole.types).toEqual(['start', 'text-delta', 'finish', 'end'])
    const other = chunk({ index: 1, delta: { content: 'b' } })
    const half = await decode(content('a') + other + finish, { doneOptional: true })
    expect(half.thrown).toMatchObject({ code: 'BACKEND_INCOMPLETE' })
  })

  it('passes on what the source throws', async () => {
    const broken = new Error('reset')
    async function* source() {
      yield Buffer.from(content('a'))
      throw broken
    }
    await expect(fold(decodeStream('chat', source()))).rejects.toBe(broken)
  })
})
