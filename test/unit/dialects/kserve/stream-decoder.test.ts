import { describe, expect, it } from 'vitest'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import {
  createPieceDecoder,
  decodeGenerated,
  recordOf,
} from '../../../../src/dialects/kserve/generate-response.ts'
import { decodeStream } from '../../../../src/dialects/kserve/stream-decoder.ts'
import { layout, tensorrt, vllm } from './configs.ts'

const stream = (text: string, config: object = vllm, tellsFinish = true) =>
  decodeStream(
    (async function* () {
      // In pieces of seven bytes, so that events come in parts.
      for (let at = 0; at < text.length; at += 7) yield Buffer.from(text.slice(at, at + 7))
    })(),
    createPieceDecoder('m', layout(config), tellsFinish),
  )
const event = (body: object): string => `data: ${JSON.stringify({ model_name: 'm', ...body })}\n\n`

describe('a stream of generate_stream', () => {
  const text =
    event({ text_output: 'Hel', finish_reason: 'None', num_input_tokens: 4, num_output_tokens: 1 }) +
    event({ text_output: 'lo', finish_reason: 'length', num_input_tokens: 4, num_output_tokens: 2 })

  it('is events with their bytes', async () => {
    const events: InferenceEvent[] = await Array.fromAsync(stream(text))
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'finish',
      'usage',
      'end',
    ])
    const frames = new Set(events.flatMap((each) => ('frame' in each && each.frame ? [each.frame] : [])))
    expect(Buffer.concat([...frames].map(({ bytes }) => bytes)).toString()).toBe(text)
  })

  it('folds to the whole answer, whose counts are those of all pieces', async () => {
    const whole = {
      model_name: 'm',
      text_output: 'Hello',
      finish_reason: 'length',
      num_input_tokens: 4,
      num_output_tokens: 3,
    }
    expect(await fold(stream(text))).toEqual(decodeGenerated(whole, layout(vllm)))
  })

  it('ends with its bytes, where the model tells no reason', async () => {
    expect((await fold(stream(event({ text_output: 'a' }), tensorrt, false))).choices).toEqual([
      { index: 0, text: 'a', finishReason: 'other' },
    ])
  })

  it('passes comments and responses without text on', async () => {
    const events = await Array.fromAsync(stream(`: ping\n\n${event({ finish_reason: 'stop' })}`))
    expect(events.map(({ type }) => type)).toEqual(['other', 'start', 'other', 'finish', 'end'])
  })

  it.each<[string, string, string, RegExp]>([
    ['nothing came', '', 'BACKEND_INCOMPLETE', /without any response/],
    ['no reason was told', event({ text_output: 'a' }), 'BACKEND_INCOMPLETE', /without saying why/],
    ['it broke off in an event', `${text}data: {"text_out`, 'BACKEND_INCOMPLETE', /middle of an event/],
    ['an event is no JSON', 'data: {"text\n\n', 'BACKEND_ERROR', /malformed event/],
    ['an event is no object', 'data: 1\n\n', 'BACKEND_ERROR', /malformed event/],
    [
      'an event is an error',
      event({ text_output: 'a' }) + event({ error: 'CUDA' }),
      'BACKEND_ERROR',
      /failed: CUDA/,
    ],
  ])('fails when %s', async (_, bytes, code, words) => {
    await expect(Array.fromAsync(stream(bytes))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
    })
  })

  it('takes a last event without its blank line', async () => {
    expect((await fold(stream(text.trimEnd()))).choices[0]?.text).toBe('Hello')
  })
})

describe('a whole answer', () => {
  it('may have its text and reason in other places', () => {
    const odd = { input: [], output: [{ name: 'ANSWER', data_type: 'TYPE_STRING', dims: [-1] }] }
    expect(decodeGenerated({ ANSWER: ['a', 'b'] }, layout(odd)).choices[0]?.text).toBe('ab')
    const draft = { text_output: 'a', details: { finish_reason: 'eos_token' } }
    expect(decodeGenerated(draft, layout(vllm)).choices[0]?.finishReason).toBe('stop')
  })

  it('is BACKEND_ERROR without text, or with an error in it', () => {
    expect(() => decodeGenerated({ model_name: 'm' }, layout(vllm))).toThrow(/it has no text_output/)
    expect(() => decodeGenerated({ error: 'exactly 1 response' }, layout(vllm))).toThrow(/exactly 1 response/)
  })

  it('is made of tensors as of JSON', () => {
    expect(
      recordOf('m', [
        { name: 'text_output', datatype: 'BYTES', shape: [1], data: ['a'] },
        { name: 'scores', datatype: 'FP32', shape: [2], data: [1, 2] },
      ]),
    ).toEqual({ model_name: 'm', text_output: 'a', scores: [1, 2] })
  })
})
