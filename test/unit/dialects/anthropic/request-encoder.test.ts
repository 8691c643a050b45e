import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { newChat } from '../../../../src/conformance/request.ts'
import type { ChatInput, Message } from '../../../../src/core/inference.ts'
import { decodeChat } from '../../../../src/dialects/anthropic/request.ts'
import { encodeChat } from '../../../../src/dialects/anthropic/request-encoder.ts'
import { MessagesRequest } from '../../../../src/dialects/anthropic/request-schemas.ts'

const isRequest = Compile(MessagesRequest)
const encode = (more: Partial<ChatInput>, stream = false) => {
  const encoded = encodeChat(newChat('Hi', { sampling: { maxTokens: 50 }, ...more }), {
    model: 'm',
    stream,
    maxTokens: 4096,
  })
  expect([...isRequest.Errors(encoded.body)]).toEqual([])
  return encoded
}

const talk: readonly Message[] = [
  { role: 'system', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'See:' },
      { type: 'image', url: 'data:image/png;base64,aGk=' },
    ],
  },
  {
    role: 'assistant',
    content: 'Well.',
    toolCalls: [{ id: 'a', name: 'add', argumentsText: '{"n":1}' }],
  },
  { role: 'tool', content: '3', toolCallId: 'a' },
  { role: 'user', content: 'So?' },
]

describe('what it makes of a conversation', () => {
  it('is read again as it was', () => {
    const input = newChat('', {
      messages: talk,
      sampling: { maxTokens: 50, temperature: 0.5, topP: 0.5, topK: 3, stop: ['END'] },
      tools: [{ name: 'add', description: 'Adds.', parameters: { type: 'object' } }],
      toolChoice: 'required',
      parallelToolCalls: false,
      responseFormat: { type: 'json-schema', name: 'response', schema: { type: 'object' } },
    })
    const { body, warnings } = encodeChat(input, { model: 'm', stream: false, maxTokens: 1 })
    expect(warnings).toEqual([])
    expect(decodeChat(body)).toEqual(input)
  })

  it('puts all results of one turn, and what is said to them, into one message', () => {
    const { body } = encode({
      messages: [
        ...talk.slice(0, 3),
        { role: 'tool', content: '3', toolCallId: 'a' },
        { role: 'tool', content: '', toolCallId: 'b' },
        { role: 'user', content: 'So?' },
      ],
    })
    const messages = body['messages'] as { role: string; content: unknown }[]
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(messages[2]!.content).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: '3' },
      { type: 'tool_result', tool_use_id: 'b', content: '' },
      { type: 'text', text: 'So?' },
    ])
  })

  it('says what was moved or left out', () => {
    const { body, warnings } = encode({
      messages: [
        { role: 'user', content: 'Hi', name: 'bob' },
        { role: 'developer', content: 'Be kind.' },
        { role: 'assistant', content: 'Ho', reasoning: 'Hm' },
        { role: 'user', content: 'Hi' },
      ],
      sampling: {
        seed: 1,
        minP: 0.1,
        logitBias: {},
        presencePenalty: 1,
        frequencyPenalty: 1,
        repeatPenalty: 2,
      },
      extra: { metadata: { user_id: 'me' }, logit: 1 },
    })
    expect(body).toMatchObject({ system: 'Be kind.', max_tokens: 4096, metadata: { user_id: 'me' } })
    for (const name of ['max_tokens', 'system', 'name', 'reasoning_content', 'seed', 'min_p', 'logit_bias'])
      expect(warnings.join(' ')).toContain(name)
    for (const name of ['presence_penalty', 'frequency_penalty', 'repetition_penalty', "'logit'"])
      expect(warnings.join(' ')).toContain(name)
    expect(body).not.toHaveProperty('logit')
  })
})

describe('thinking', () => {
  it.each([
    ['none', { type: 'disabled' }],
    ['low', { type: 'enabled', budget_tokens: 2048 }],
    ['max', { type: 'enabled', budget_tokens: 3999 }],
  ])('of effort %s', (reasoningEffort, thinking) => {
    expect(encode({ reasoningEffort, sampling: { maxTokens: 4000 } }).body['thinking']).toEqual(thinking)
  })

  it('keeps the budget that a client of this dialect gave', () => {
    const extra = { thinking: { budget_tokens: 1500 } }
    expect(encode({ reasoningEffort: 'low', extra }).body['thinking']).toEqual({
      type: 'enabled',
      budget_tokens: 1500,
    })
  })

  it('needs room, and an effort that is one', () => {
    const { body, warnings } = encode({ reasoningEffort: 'low' })
    expect(body).not.toHaveProperty('thinking')
    expect(warnings[0]).toContain('reasoning_effort')
    expect(() => encode({ reasoningEffort: 'some' })).toThrow(/efforts known here/)
  })
})

it('asks for a stream only where one is wanted', () => {
  expect(encode({}, true).body['stream']).toBe(true)
  expect(encode({}).body).not.toHaveProperty('stream')
})

it('lowers a temperature that the API does not take', () => {
  const { body, warnings } = encode({ sampling: { maxTokens: 5, temperature: 1.5 } })
  expect(body['temperature']).toBe(1)
  expect(warnings[0]).toContain('temperature')
})

it.each<[string, Partial<ChatInput>]>([
  ['n', { choices: 2 }],
  ['logprobs', { topLogprobs: 0 }],
  ['response_format', { responseFormat: { type: 'json' } }],
  [
    'messages[0].content',
    { messages: [{ role: 'user', content: [{ type: 'audio', data: '', format: 'wav' }] }] },
  ],
  ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
  [
    'messages[0].tool_calls[0].function.arguments',
    {
      messages: [
        { role: 'assistant', content: null, toolCalls: [{ id: 'a', name: 'b', argumentsText: '{' }] },
      ],
    },
  ],
])('refuses %s', (param, more) => {
  expect(() => encode(more)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }))
})
