import { describe, expect, it } from 'vitest'
import type { InferenceResponse } from '../../../../src/core/inference.ts'
import { decodeResponse, encodeResponse } from '../../../../src/dialects/ollama/response.ts'
import { recorded } from '../../../harness/recorded-ollama.ts'

const measured = { totalMs: 12.5, promptMs: 2, generateMs: 10 }

describe('encodeResponse', () => {
  const options = { model: 'mine', createdAt: '2026-01-01T00:00:00.000Z', measured }

  it.each(['chat', 'generate'] as const)('is read back as it was: %s', (form) => {
    const response: InferenceResponse = {
      model: 'mine',
      choices: [
        {
          index: 0,
          text: 'a',
          reasoning: 'hm',
          toolCalls: [{ id: 'c', name: 'f', argumentsText: '{"x":[1]}' }],
          logprobs: [{ token: 'a', logprob: -1, bytes: [97] }],
          finishReason: 'tool-calls',
        },
      ],
      usage: { inputTokens: 3, outputTokens: 2 },
      timings: { loadMs: 1.5, promptMs: 0.25, generateMs: 3.125 },
    }
    const sent = JSON.parse(JSON.stringify(encodeResponse(form, response, options))) as Record<
      string,
      unknown
    >
    expect(decodeResponse(form, sent, 'r')).toEqual(response)
  })

  it('gives vectors as the two routes for them have it', () => {
    const response: InferenceResponse = {
      model: 'm',
      choices: [],
      embeddings: [[1, 2]],
      usage: { inputTokens: 3, outputTokens: 0 },
    }
    expect(encodeResponse('embed', response, options)).toEqual({
      model: 'mine',
      embeddings: [[1, 2]],
      total_duration: 12_500_000,
      prompt_eval_count: 3,
    })
    expect(encodeResponse('embeddings', response, options)).toEqual({ embedding: [1, 2] })
  })

  it('throws for an answer without a choice', () => {
    expect(() => encodeResponse('chat', { model: 'm', choices: [] }, options)).toThrow(
      expect.objectContaining({ code: 'BACKEND_ERROR' }),
    )
  })
})

describe('decodeResponse', () => {
  it('reads recorded vectors', () => {
    const body = JSON.parse(recorded('embed').response.body) as Record<string, unknown>
    const { embeddings = [], usage, model } = decodeResponse('embed', body, 'r')
    expect([model, embeddings.length, usage]).toEqual(['demo-embed', 2, { inputTokens: 4, outputTokens: 0 }])
    for (const vector of embeddings) expect(Math.hypot(...vector)).toBeCloseTo(1, 3)
    expect(embeddings[0]).not.toEqual(embeddings[1])
  })

  it.each([
    ['chat', '{"message":{"content":"half"},"done":false}', 'BACKEND_INCOMPLETE'],
    ['chat', '{"hello":"world"}', 'BACKEND_ERROR'],
    ['embed', '{"embeddings":null}', 'BACKEND_ERROR'],
    ['embed', '{"embeddings":["x"]}', 'BACKEND_ERROR'],
    ['embeddings', '{}', 'BACKEND_ERROR'],
  ] as const)('refuses as %s: %s', (form, body, code) => {
    expect(() => decodeResponse(form, JSON.parse(body) as Record<string, unknown>, 'r')).toThrow(
      expect.objectContaining({ code }),
    )
  })
})
