import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import type { FinishReason, InferenceResponse } from '../../../../src/core/inference.ts'
import {
  decodeResponse,
  decodeTokenCount,
  encodeResponse,
} from '../../../../src/dialects/anthropic/response.ts'
import { AnthropicMessage } from '../../../../src/dialects/anthropic/response-schemas.ts'

const isMessage = Compile(AnthropicMessage)
const label = { id: 'msg_1', model: 'm' }

const response: InferenceResponse = {
  ...label,
  choices: [
    {
      index: 0,
      text: 'Grüezi\n"Welt"',
      reasoning: 'Hm.',
      toolCalls: [{ id: 'a', name: 'add', argumentsText: '{"n":1}' }],
      finishReason: 'tool-calls',
    },
  ],
  usage: { inputTokens: 10, outputTokens: 5, cachedTokens: 4, reasoningTokens: 2 },
}

describe('a message', () => {
  it('is the same after encoding and decoding', () => {
    const body = encodeResponse(response, label) as Record<string, unknown>
    expect(isMessage.Check(body)).toBe(true)
    expect(decodeResponse(body)).toEqual(response)
    // Tokens of a cache stand beside the others here, and among them elsewhere.
    expect(body['usage']).toMatchObject({ input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 })
  })

  it.each<[string, FinishReason]>([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['tool_use', 'tool-calls'],
    ['refusal', 'content-filter'],
  ])('ends by %s', (word, finishReason) => {
    const encoded = encodeResponse({ ...response, choices: [{ index: 0, text: '', finishReason }] }, label)
    expect(encoded).toMatchObject({ stop_reason: word, content: [] })
    expect(decodeResponse(encoded as never).choices[0]!.finishReason).toBe(finishReason)
  })

  it('ends by words that only come from there', () => {
    const reasons = ['stop_sequence', 'model_context_window_exceeded', 'pause_turn', null].map(
      (word) => decodeResponse({ content: [], stop_reason: word }).choices[0]!.finishReason,
    )
    expect(reasons).toEqual(['stop', 'length', 'other', 'other'])
  })

  it('counts what was written to a cache as read', () => {
    const usage = {
      input_tokens: 1,
      cache_creation_input_tokens: 2,
      cache_read_input_tokens: 4,
      output_tokens: 3,
    }
    expect(decodeResponse({ content: [], usage }).usage).toEqual({
      inputTokens: 7,
      outputTokens: 3,
      cachedTokens: 4,
    })
  })

  it('gives a call without an id one', () => {
    const content = [{ type: 'tool_use', name: 'add' }]
    expect(decodeResponse({ id: 'msg_1', content }).choices[0]!.toolCalls).toEqual([
      { id: 'toolu_msg_1_0', name: 'add', argumentsText: '{}' },
    ])
  })

  it('is none without content, and cannot carry a broken call', () => {
    expect(() => decodeResponse({ type: 'message' })).toThrow(/no content/)
    expect(() => decodeResponse({ content: [7] })).toThrow(/no object/)
    const broken = [{ index: 0, text: null, toolCalls: [{ id: 'a', name: 'add', argumentsText: '{' }] }]
    expect(() => encodeResponse({ ...response, choices: broken as never }, label)).toThrow(/arguments/)
  })
})

it('reads a count of tokens', () => {
  expect(decodeTokenCount({ input_tokens: 7 })).toBe(7)
  expect(() => decodeTokenCount({})).toThrow(/counts no input_tokens/)
})
