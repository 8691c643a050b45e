import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { createFold, unfold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { createSseDecoder } from '../../../../src/core/sse.ts'
import { encodeResponse } from '../../../../src/dialects/responses/response.ts'
import { ResponseStreamEvent } from '../../../../src/dialects/responses/response-schemas.ts'
import { settingsOf } from '../../../../src/dialects/responses/settings.ts'
import { streamEncoder } from '../../../../src/dialects/responses/stream-encoder.ts'

const facts = { turn: 't1', model: 'm', createdSeconds: 1000, settings: settingsOf({ model: 'm' }, {}) }
const check = Compile(ResponseStreamEvent)

interface Written {
  readonly type: string
  readonly sequence_number: number
  readonly [member: string]: unknown
}

/** The events, each of which is valid, numbered and named as its `event:` line says. */
const read = (bytes: Buffer): Written[] =>
  createSseDecoder()
    .push(bytes)
    .map(({ event, data }, index) => {
      const value = JSON.parse(data!) as Written
      expect([...check.Errors(value)]).toEqual([])
      expect([event, index]).toEqual([value.type, value.sequence_number])
      return value
    })

const encode = (events: readonly InferenceEvent[], error?: McpdError): Written[] => {
  const encoder = streamEncoder(facts)
  const bytes = events.map((event) => encoder.encode(event) ?? Buffer.alloc(0))
  if (error) bytes.push(encoder.fail(error))
  return read(Buffer.concat(bytes))
}

const text = (delta: string, index = 0): InferenceEvent => ({ type: 'text-delta', index, text: delta })
const think = (delta: string): InferenceEvent => ({ type: 'reasoning-delta', index: 0, text: delta })
const start: InferenceEvent = { type: 'start', model: 'm' }
const usage: InferenceEvent = { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } }
const end: InferenceEvent = { type: 'end' }
const finish = (reason: 'stop' | 'length' | 'tool-calls'): InferenceEvent => ({
  type: 'finish',
  index: 0,
  reason,
})

const outputOf = (events: readonly Written[]): unknown =>
  (events.at(-1)!['response'] as { output: unknown }).output

describe('a streamed response', () => {
  it('begins, writes its text, and is complete', () => {
    const events = encode([start, text('Hel'), text('lo'), finish('stop'), usage, end])
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.at(-1)).toMatchObject({
      response: {
        id: 'resp_t1',
        status: 'completed',
        output: [{ id: 'msg_t1', content: [{ text: 'Hello' }] }],
        usage: { total_tokens: 5 },
      },
    })
  })

  it('ends thinking where speaking begins, and thinks again as an item of its own', () => {
    const events = encode([think('Hm. '), text('A'), think('Or?'), text('B'), finish('stop'), end])
    const places = events.flatMap(({ type, output_index: at }) =>
      /item\.(added|done)$/.test(type) ? [`${type.slice(21)} ${String(at)}`] : [],
    )
    expect(places).toEqual(['added 0', 'done 0', 'added 1', 'added 2', 'done 2', 'done 1'])
    expect(outputOf(events)).toMatchObject([
      { id: 'rs_t1', content: [{ text: 'Hm. ' }] },
      { id: 'msg_t1', content: [{ text: 'AB' }] },
      { id: 'rs_t1_1', content: [{ text: 'Or?' }] },
    ])
  })

  it('writes the arguments of each call', () => {
    const call = (at: number, argumentsText: string, id?: string): InferenceEvent => ({
      type: 'tool-call-delta',
      index: 0,
      call: at,
      ...(id !== undefined && { id, name: `f${at}` }),
      argumentsText,
    })
    const events = encode([
      text(''),
      call(3, '', 'c3'),
      call(3, '{"a"'),
      call(5, '{}', 'c5'),
      call(3, ':1}'),
      finish('tool-calls'),
      end,
    ])
    expect(events.filter(({ type }) => type.endsWith('arguments.done'))).toMatchObject([
      { item_id: 'fc_t1_0', output_index: 0, name: 'f3', arguments: '{"a":1}' },
      { item_id: 'fc_t1_1', output_index: 1, name: 'f5', arguments: '{}' },
    ])
    expect(outputOf(events)).toMatchObject([
      { id: 'fc_t1_0', call_id: 'c3', arguments: '{"a":1}' },
      { id: 'fc_t1_1', call_id: 'c5', arguments: '{}' },
    ])
  })

  it('says the same as the whole answer, which may come as one event', () => {
    const response = {
      model: 'm',
      choices: [
        {
          index: 0,
          text: 'Hi',
          reasoning: 'Hm.',
          toolCalls: [{ id: 'c1', name: 'f', argumentsText: '{}' }],
          logprobs: [{ token: 'Hi', logprob: -1 }],
          finishReason: 'length' as const,
        },
        { index: 1, text: 'Ho', finishReason: 'stop' as const },
      ],
      usage: { inputTokens: 3, outputTokens: 2 },
    }
    const whole = encode([{ type: 'whole', response: () => response }])
    const streamed = encode([...unfold(response)])
    expect(whole).toEqual(streamed)
    const folding = createFold()
    for (const event of unfold(response)) folding.push(event)
    const expected = encodeResponse(folding.result(), facts)
    const last = streamed.at(-1)!
    expect(last.type).toBe('response.incomplete')
    // What was thought before the text was complete by then.
    expect(last['response']).toEqual({
      ...expected,
      output: expected.output.map((item) =>
        item.type === 'reasoning' ? { ...item, status: 'completed' } : item,
      ),
    })
  })

  it('has an empty message when nothing came', () => {
    expect(outputOf(encode([start, finish('stop'), end]))).toMatchObject([{ content: [{ text: '' }] }])
  })

  it('fails with what there is of it, and without an end', () => {
    const events = encode([start, text('Hel')], new McpdError('BACKEND_INCOMPLETE', 'It broke off.'))
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: {
        status: 'failed',
        error: { code: 'server_error', message: 'It broke off.' },
        output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }],
      },
    })
    expect(events.map(({ type }) => type)).not.toContain('response.completed')
  })

  it('fails before its first event too', () => {
    const events = encode([], new McpdError('BACKEND_TIMEOUT', 'Too slow.'))
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.failed',
    ])
  })
})
