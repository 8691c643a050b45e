import { describe, expect, it } from 'vitest'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeResponse } from '../../../../src/dialects/ollama/response.ts'
import { decodeStream } from '../../../../src/dialects/ollama/stream-decoder.ts'
import { recorded, recordedPairs } from '../../../harness/recorded-ollama.ts'

type Form = 'chat' | 'generate'

async function* cut(bytes: Buffer, size = bytes.length) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const decode = async (text: string, form: Form = 'chat', size?: number) => {
  const events: InferenceEvent[] = []
  let thrown: unknown
  try {
    for await (const event of decodeStream(form, cut(Buffer.from(text), size), { id: 'r' }))
      events.push(event)
  } catch (error) {
    thrown = error
  }
  return { events, thrown, types: events.map((event) => event.type) }
}

const line = (message: object, more: object = { done: false }) =>
  `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: '', ...message }, ...more })}\n`
const content = (text: string) => line({ content: text })
const done = line({}, { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 })

const formOf = (name: string): Form => (name.startsWith('generate') ? 'generate' : 'chat')

describe('recorded streams', () => {
  it('are there', () => {
    expect(recordedPairs.length).toBeGreaterThanOrEqual(6)
  })

  it.each(recordedPairs)('fold to the whole answer to the same request: %s', async (name) => {
    const whole = recorded(`${name}-whole`).response
    const expected = decodeResponse(formOf(name), JSON.parse(whole.body) as Record<string, unknown>, 'r')
    const bytes = Buffer.from(recorded(`${name}-stream`).response.body)
    for (const size of [bytes.length, 100, 7]) {
      const response = await fold(decodeStream(formOf(name), cut(bytes, size), { id: 'r' }))
      // Ollama names each call anew, and no two answers take the same time.
      const ids = expected.choices.map((choice) => ({
        ...choice,
        ...(choice.toolCalls && {
          toolCalls: choice.toolCalls.map((call) => ({ ...call, id: expect.any(String) as string })),
        }),
      }))
      expect({ ...response, timings: undefined }).toEqual({ ...expected, choices: ids, timings: undefined })
      expect(response.timings?.generateMs).toBeGreaterThan(0)
    }
  })

  it.each(recordedPairs)('keep every byte in frames: %s', async (name) => {
    const { body } = recorded(`${name}-stream`).response
    const { events } = await decode(body, formOf(name))
    const frames = new Set(events.map((event) => ('frame' in event ? event.frame : undefined)))
    expect([...frames].map((frame) => frame?.bytes.toString()).join('')).toBe(body)
    expect([...frames].map((frame) => frame?.dialect)).toContain(`ollama/${formOf(name)}`)
  })

  it('throw what a runner that died mid-stream had Ollama say, after what came before it', async () => {
    const { events, thrown } = await decode(recorded('error-mid-stream').response.body)
    expect(thrown).toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('unexpected EOF') as string,
      details: { frame: { dialect: 'ollama' } },
    })
    expect(events.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(0)
  })
})

describe('decodeStream', () => {
  it('gives one start, the deltas, and finish, usage and end from the last line', async () => {
    const { events, types } = await decode(content('a') + content('b') + done)
    expect(types).toEqual(['start', 'text-delta', 'text-delta', 'finish', 'usage', 'end'])
    expect(events.at(-2)).toMatchObject({ usage: { inputTokens: 3, outputTokens: 2 } })
  })

  it('reads what is left out of the counts as 0, for that is when Ollama leaves it out', async () => {
    const { events } = await decode(content('a') + line({}, { done: true, done_reason: 'stop' }))
    expect(events.at(-2)).toMatchObject({ type: 'usage', usage: { inputTokens: 0, outputTokens: 0 } })
    expect(events.at(-1)).toEqual({ type: 'end', frame: expect.anything() as object })
  })

  it('turns nanoseconds into milliseconds', async () => {
    const metrics = { load_duration: 1_500_000, prompt_eval_duration: 2_000_000, eval_duration: 30_000_000 }
    const { events } = await decode(line({}, { done: true, ...metrics }))
    expect(events.at(-1)).toMatchObject({ timings: { loadMs: 1.5, promptMs: 2, generateMs: 30 } })
  })

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'stop'],
    ['something new', 'other'],
    [undefined, 'stop'],
  ])('reads done_reason %s as %s', async (done_reason, reason) => {
    const { events } = await decode(content('a') + line({}, { done: true, done_reason }))
    expect(events.find(({ type }) => type === 'finish')).toMatchObject({ reason })
  })

  it('reads calls as whole ones, numbers them, names those without an id, and finishes with tool-calls', async () => {
    const calls = [
      { function: { name: 'a', arguments: { x: 1 } } },
      { id: 'call_own', function: { name: 'b', arguments: {} } },
    ]
    const { events } = await decode(
      line({ tool_calls: calls }) + line({ tool_calls: [{ function: { name: 'c' } }] }) + done,
    )
    expect(events.filter(({ type }) => type === 'tool-call-delta')).toMatchObject([
      { index: 0, call: 0, id: 'call_r_0', name: 'a', argumentsText: '{"x":1}' },
      { call: 1, id: 'call_own', name: 'b', argumentsText: '{}' },
      { call: 2, id: 'call_r_2', name: 'c', argumentsText: '{}' },
    ])
    expect(events.find(({ type }) => type === 'finish')).toMatchObject({ reason: 'tool-calls' })
  })

  it('keeps thoughts apart from the answer', async () => {
    const { events } = await decode(line({ thinking: 'hm' }) + content('a') + done)
    expect(events.slice(1, 3)).toMatchObject([
      { type: 'reasoning-delta', text: 'hm' },
      { type: 'text-delta', text: 'a' },
    ])
  })

  it('gives lines that say nothing as other, with their bytes', async () => {
    const { types } = await decode(`${content('')}\n${content('')}${content('a')}${done}`)
    expect(types).toEqual(['start', 'other', 'other', 'text-delta', 'finish', 'usage', 'end'])
  })

  it('takes a last line without a line feed, and lines of several chunks', async () => {
    const { types, thrown } = await decode((content('ä') + done).trimEnd(), 'chat', 3)
    expect(thrown).toBeUndefined()
    expect(types.at(-1)).toBe('end')
  })

  it.each([
    ['nothing at all', ''],
    ['no line that is done', content('a')],
    ['half a line', content('a') + done.slice(0, 40)],
  ])('throws BACKEND_INCOMPLETE for %s', async (_, text) => {
    expect((await decode(text)).thrown).toMatchObject({ code: 'BACKEND_INCOMPLETE' })
  })

  it.each([
    ['no JSON', 'so sorry\n'],
    ['no object', '[]\n'],
    ['no message', '{"model":"m","done":false}\n'],
    ['an error', '{"error":"out of memory"}\n'],
    ['an error at the very end', '{"error":"out of memory"}'],
    ['an error that is no text', '{"error":{"why":"unknown"}}\n'],
  ])('throws BACKEND_ERROR for %s', async (_, text) => {
    const { events, thrown } = await decode(content('a') + text + done)
    expect(thrown).toMatchObject({ code: 'BACKEND_ERROR' })
    expect(events.at(-1)).toMatchObject({ text: 'a' })
  })

  it('throws BACKEND_ERROR for a line that never ends', async () => {
    const endless = async function* () {
      for (;;) yield Buffer.alloc(1024, 'x')
    }
    await expect(
      fold(decodeStream('chat', endless(), { id: 'r', lineMaxBytes: 4096 })),
    ).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
    })
  })

  it('reads on after the end, so that the connection can be used again, but not for ever', async () => {
    let read = 0
    const talkative = async function* () {
      yield Buffer.from(content('a') + done)
      for (;;) {
        read += 1
        yield Buffer.alloc(32 * 1024)
      }
    }
    expect(await fold(decodeStream('chat', talkative(), { id: 'r' }))).toMatchObject({
      choices: [{ text: 'a' }],
    })
    expect(read).toBe(3)
  })

  it('reads answers to prompts where these are', async () => {
    const text =
      '{"model":"m","response":"a","thinking":"t","done":false}\n{"model":"m","response":"","done":true}\n'
    const { types } = await decode(text, 'generate')
    expect(types).toEqual(['start', 'reasoning-delta', 'text-delta', 'finish', 'usage', 'end'])
  })
})
