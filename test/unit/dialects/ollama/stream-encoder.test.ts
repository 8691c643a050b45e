import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent, InferenceResponse } from '../../../../src/core/inference.ts'
import { decodeStream } from '../../../../src/dialects/ollama/stream-decoder.ts'
import { streamEncoder } from '../../../../src/dialects/ollama/stream-encoder.ts'
import { recorded, recordedPairs } from '../../../harness/recorded-ollama.ts'

const measured = { totalMs: 12.5, promptMs: 2, generateMs: 10 }
const encoder = (form: 'chat' | 'generate' = 'chat') =>
  streamEncoder({
    form,
    id: 'r',
    model: 'mine',
    createdAt: () => '2026-01-01T00:00:00.000Z',
    measured: () => measured,
  })

const encodeAll = (events: readonly InferenceEvent[], form?: 'chat' | 'generate') => {
  const lines = encoder(form)
  return events.map((event) => lines.encode(event)?.toString() ?? '').join('')
}
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const text = (text: string): InferenceEvent => ({ type: 'text-delta', index: 0, text })
const ending: readonly InferenceEvent[] = [
  { type: 'finish', index: 0, reason: 'stop' },
  { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } },
  { type: 'end', timings: { loadMs: 1.5 } },
]
const start: InferenceEvent = { type: 'start', model: 'm' }

async function* once(bytes: Buffer) {
  yield bytes
}

describe('streamEncoder', () => {
  it('writes a line per delta, and everything else in the last one', () => {
    const head = { model: 'mine', created_at: '2026-01-01T00:00:00.000Z' }
    expect(linesOf(encodeAll([start, text('a'), text('b'), ...ending]))).toEqual([
      { ...head, message: { role: 'assistant', content: 'a' }, done: false },
      { ...head, message: { role: 'assistant', content: 'b' }, done: false },
      {
        ...head,
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        total_duration: 12_500_000,
        load_duration: 1_500_000,
        prompt_eval_count: 3,
        prompt_eval_duration: 2_000_000,
        eval_count: 2,
        eval_duration: 10_000_000,
      },
    ])
  })

  it('writes answers to prompts where their clients look for them', () => {
    const lines = linesOf(encodeAll([start, text('a'), ...ending], 'generate'))
    expect(lines[0]).toMatchObject({ response: 'a', done: false })
    expect(lines[1]).toMatchObject({ response: '', done: true })
    expect(lines[0]).not.toHaveProperty('message')
  })

  it('collects the fragments of calls into whole ones, with their arguments as objects', () => {
    const call = (call: number, more: object): InferenceEvent => ({
      type: 'tool-call-delta',
      index: 0,
      call,
      argumentsText: '',
      ...more,
    })
    const lines = linesOf(
      encodeAll([
        start,
        call(0, { id: 'one', name: 'a', argumentsText: '{"x"' }),
        call(0, { argumentsText: ':1}' }),
        call(2, { name: 'b' }),
        { type: 'finish', index: 0, reason: 'tool-calls' },
        { type: 'end' },
      ]),
    )
    expect(lines[0]!['message']).toEqual({
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'one', function: { index: 0, name: 'a', arguments: { x: 1 } } },
        { id: 'call_r_2', function: { index: 1, name: 'b', arguments: {} } },
      ],
    })
    expect(lines[1]).toMatchObject({ done: true, done_reason: 'stop' })
  })

  it.each(['{"x":', '[1]', '"text"', 'nonsense'])(
    'throws for arguments that are no object: %s',
    (argumentsText) => {
      const lines = encoder()
      lines.encode({ type: 'tool-call-delta', index: 0, call: 0, id: 'c', name: 'buy', argumentsText })
      expect(() => lines.encode({ type: 'finish', index: 0, reason: 'tool-calls' })).toThrow(
        expect.objectContaining({
          code: 'BACKEND_ERROR',
          message: expect.stringContaining('"buy"') as string,
        }),
      )
    },
  )

  it('writes thoughts and log probabilities', () => {
    const logprobs = [{ token: 'é', logprob: -0.5, top: [{ token: 'e', logprob: -1, bytes: null }] }]
    const lines = linesOf(
      encodeAll([
        { type: 'reasoning-delta', index: 0, text: 'hm' },
        { type: 'text-delta', index: 0, text: 'é', logprobs },
      ]),
    )
    expect(lines[0]).toMatchObject({ message: { content: '', thinking: 'hm' } })
    expect(lines[1]!['logprobs']).toEqual([
      {
        token: 'é',
        logprob: -0.5,
        bytes: [195, 169],
        top_logprobs: [{ token: 'e', logprob: -1, bytes: [101] }],
      },
    ])
  })

  it('writes an answer that came whole as the lines it would have come as', async () => {
    const response: InferenceResponse = {
      model: 'm',
      choices: [{ index: 0, text: 'all of it', reasoning: 'hm', finishReason: 'length' }],
      usage: { inputTokens: 1, outputTokens: 2 },
    }
    const bytes = encoder().encode({ type: 'whole', response: () => response })!
    expect(await fold(decodeStream('chat', once(bytes), { id: 'r' }))).toMatchObject({
      ...response,
      model: 'mine',
    })
  })

  it('leaves out further choices, which nobody can have asked for', () => {
    expect(
      encodeAll([
        { type: 'text-delta', index: 1, text: 'b' },
        { type: 'finish', index: 1, reason: 'stop' },
      ]),
    ).toBe('')
  })

  it.each(recordedPairs)('hands on a recorded stream byte for byte: %s', async (name) => {
    const form = name.startsWith('generate') ? 'generate' : 'chat'
    const { body } = recorded(`${name}-stream`).response
    const lines = encoder(form)
    let written = ''
    for await (const event of decodeStream(form, once(Buffer.from(body)), { id: 'r' }))
      written += lines.encode(event)?.toString() ?? ''
    expect(written).toBe(body)
  })

  it('does not hand on lines of the other form', async () => {
    const { body } = recorded('chat-stream').response
    const encoding = encoder('generate')
    let written = ''
    for await (const event of decodeStream('chat', once(Buffer.from(body)), { id: 'r' }))
      written += encoding.encode(event)?.toString() ?? ''
    expect(linesOf(written)[0]).toMatchObject({ model: 'mine', response: expect.any(String) as string })
    const lines = linesOf(body)
    expect(linesOf(written).map((line) => line['response'])).toEqual(
      lines.map((line) => (line['message'] as { content: string }).content),
    )
  })

  it('says of a failure what happened and what to do, on one line', () => {
    const error = new McpdError('BACKEND_TIMEOUT', 'No answer.', { suggestions: ['Try a\nsmaller model.'] })
    expect(encoder().fail(error).toString()).toBe('{"error":"No answer. Try a\\nsmaller model."}\n')
  })
})
