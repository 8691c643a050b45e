import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeGenerate, encodeGenerated } from '../../../../src/dialects/kserve/generate-text.ts'
import { streamEncoder } from '../../../../src/dialects/kserve/stream-encoder.ts'

const written = (events: readonly InferenceEvent[]): string => {
  const encoder = streamEncoder({ model: 'm', id: '7' })
  return events.map((event) => encoder.encode(event)?.toString() ?? '').join('')
}

describe('a stream for clients', () => {
  it('has the text in pieces and the reason at its end', () => {
    expect(
      written([
        { type: 'start', model: 'm' },
        { type: 'text-delta', index: 0, text: 'a' },
        { type: 'text-delta', index: 0, text: '' },
        { type: 'finish', index: 0, reason: 'length' },
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
        { type: 'end' },
      ]),
    ).toBe(
      'data: {"id":"7","model_name":"m","text_output":"a"}\n\n' +
        'data: {"id":"7","model_name":"m","text_output":"","details":{"finish_reason":"length"},"num_input_tokens":1,"num_output_tokens":2}\n\n',
    )
  })

  it('is the bytes of a backend of the same dialect, each frame once', () => {
    const frame = { dialect: 'kserve-generate', bytes: Buffer.from('data: {}\n\n') }
    expect(
      written([
        { type: 'start', model: 'm', frame },
        { type: 'text-delta', index: 0, text: 'a', frame },
        { type: 'finish', index: 0, reason: 'stop' },
        { type: 'end' },
      ]),
    ).toBe('data: {}\n\n')
  })

  it('is made of a whole answer, and ends with an error where it broke', () => {
    const response = () => ({ model: 'm', choices: [{ index: 0, text: 'a', finishReason: 'stop' as const }] })
    expect(written([{ type: 'whole', response }])).toContain('"finish_reason":"eos_token"')
    const { fail } = streamEncoder({ model: 'm' })
    expect(fail(new McpdError('BACKEND_ERROR', 'Broken.')).toString()).toBe('data: {"error":"Broken."}\n\n')
  })
})

describe('a text for a server of the draft', () => {
  it('is read with its sampling; the rest is for servers of the same dialect', () => {
    expect(
      decodeGenerate({
        id: '7',
        text_input: 'Hi',
        top: 1,
        parameters: {
          temperature: 1,
          top_p: 0.5,
          top_k: 3,
          max_tokens: 5,
          stop: 'x',
          seed: 2,
          odd: true,
          details: true,
          min_p: null,
        },
      }),
    ).toEqual({
      operation: 'complete',
      prompts: ['Hi'],
      sampling: { temperature: 1, topP: 0.5, topK: 3, maxTokens: 5, stop: ['x'], seed: 2 },
      extra: { odd: true, top: 1 },
    })
  })

  it('is answered with the reason and the counts', () => {
    const answered = {
      model: 'x',
      choices: [{ index: 0, text: null, finishReason: 'length' as const }],
      usage: { inputTokens: 1, outputTokens: 0 },
    }
    expect(encodeGenerated(answered, { model: 'm' })).toEqual({
      model_name: 'm',
      text_output: '',
      details: { finish_reason: 'length' },
      num_input_tokens: 1,
      num_output_tokens: 0,
    })
  })
})
