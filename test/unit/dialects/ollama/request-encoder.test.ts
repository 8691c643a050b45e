import { describe, expect, it } from 'vitest'
import type { ChatInput } from '../../../../src/core/inference.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../../../src/dialects/ollama/request-encoder.ts'

const options = { model: 'm', stream: false }
const png = 'iVBORw0KGgoAAAANSUhEUg=='
const refusedWith = (param: string) =>
  expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }) as Error

const chat = (more: Partial<ChatInput> = {}): ChatInput => ({
  operation: 'chat',
  messages: [{ role: 'user', content: 'Hello' }],
  sampling: {},
  extra: {},
  ...more,
})

describe('encodeChat', () => {
  it('spells for Ollama what another dialect asked', () => {
    const { body, dropped } = encodeChat(
      chat({
        messages: [
          { role: 'developer', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'See' },
              { type: 'image', url: `data:image/png;base64,${png}` },
              { type: 'text', text: 'this' },
            ],
          },
          {
            role: 'assistant',
            content: null,
            reasoning: 'hm',
            toolCalls: [{ id: 'c', name: 'f', argumentsText: '{"x":1}' }],
          },
          { role: 'tool', content: 'done', toolCallId: 'c' },
        ],
        sampling: { temperature: 0, topK: 4, maxTokens: 9, stop: ['.'], repeatPenalty: 1.1 },
        tools: [{ name: 'f', parameters: { type: 'object' } }],
        responseFormat: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true },
        reasoningEffort: 'none',
        topLogprobs: 2,
        choices: 1,
        extra: { keep_alive: '1h', options: { num_ctx: 512 } },
      }),
      { model: 'm', stream: true },
    )
    expect(dropped).toEqual([])
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'See\nthis', images: [png] },
        {
          role: 'assistant',
          content: '',
          thinking: 'hm',
          tool_calls: [{ id: 'c', function: { name: 'f', arguments: { x: 1 } } }],
        },
        { role: 'tool', content: 'done', tool_name: 'f', tool_call_id: 'c' },
      ],
      stream: true,
      options: { num_ctx: 512, temperature: 0, top_k: 4, num_predict: 9, stop: ['.'], repeat_penalty: 1.1 },
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      format: { type: 'object' },
      think: false,
      logprobs: true,
      top_logprobs: 2,
      keep_alive: '1h',
    })
  })

  it.each<[string, Partial<ChatInput>]>([
    ['logit_bias', { sampling: { logitBias: { 1: 2 } } }],
    ['parallel_tool_calls', { parallelToolCalls: false }],
    ['tool_choice', { tools: [{ name: 'f' }], toolChoice: 'required' }],
    ['tools[].function.strict', { tools: [{ name: 'f', strict: true }] }],
    ['user', { extra: { user: 'me' } }],
    ['messages[].name', { messages: [{ role: 'user', content: 'a', name: 'me' }] }],
    ['messages[].cache', { messages: [{ role: 'user', content: 'a', extra: { cache: 1 } }] }],
  ])('drops %s by name', (name, given) => {
    const { body, dropped } = encodeChat(chat(given), options)
    expect(dropped).toEqual([name])
    expect(Object.keys(body)).not.toContain(name)
  })

  it.each<[string, Partial<ChatInput>]>([
    ['n', { choices: 2 }],
    ['max_tokens', { sampling: { maxTokens: 0 } }],
    ['reasoning_effort', { reasoningEffort: 'sometimes' }],
    ['response_format', { responseFormat: { type: 'json-schema', name: 'n', schema: false } }],
    ['options', { extra: { options: 'x' } }],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'image', url: 'https://example.invalid/a.png' }] }] },
    ],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'audio', data: '', format: 'wav' }] }] },
    ],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'other', value: { type: 'video' } }] }] },
    ],
    [
      'messages[0].tool_calls[0].function.arguments',
      {
        messages: [
          { role: 'assistant', content: null, toolCalls: [{ id: 'c', name: 'f', argumentsText: '{' }] },
        ],
      },
    ],
  ])('refuses for %s', (param, given) => {
    expect(() => encodeChat(chat(given), options)).toThrow(refusedWith(param))
  })

  it.each<[ChatInput['toolChoice'], string[]]>([
    ['auto', ['f', 'g']],
    ['none', []],
    ['required', ['f', 'g']],
    [{ name: 'g' }, ['g']],
  ])('shows for tool_choice %j the tools %j', (toolChoice, shown) => {
    const { body } = encodeChat(
      chat({ tools: [{ name: 'f' }, { name: 'g' }], ...(toolChoice && { toolChoice }) }),
      options,
    )
    const tools = (body['tools'] ?? []) as { function: { name: string } }[]
    expect(tools.map((tool) => tool.function.name)).toEqual(shown)
  })

  it.each([
    ['minimal', 'low'],
    ['low', 'low'],
    ['high', 'high'],
    ['xhigh', 'max'],
    ['none', false],
  ])('spells the effort %s as %j', (reasoningEffort, think) => {
    expect(encodeChat(chat({ reasoningEffort }), options).body['think']).toBe(think)
  })
})

describe('encodeComplete', () => {
  const complete = { operation: 'complete', prompts: ['Once'], sampling: {}, extra: {} } as const

  it('asks for the prompt as it is, or for what goes before a suffix', () => {
    expect(encodeComplete(complete, options).body).toEqual({
      model: 'm',
      prompt: 'Once',
      stream: false,
      raw: true,
    })
    expect(encodeComplete({ ...complete, suffix: 'end' }, options).body).toEqual({
      model: 'm',
      prompt: 'Once',
      stream: false,
      suffix: 'end',
    })
  })

  it.each([
    ['prompt', { prompts: ['a', 'b'] }],
    ['prompt', { prompts: [[1, 2]] }],
    ['prompt', { prompts: [''] }],
    ['echo', { echo: true }],
    ['n', { choices: 2 }],
  ])('refuses for %s: %j', (param, given) => {
    expect(() => encodeComplete({ ...complete, ...given }, options)).toThrow(refusedWith(param))
  })
})

describe('encodeEmbed', () => {
  it('sends texts, and drops by name what Ollama does not know', () => {
    const input = {
      operation: 'embed',
      inputs: ['a'],
      dimensions: 2,
      extra: { user: 'me', keep_alive: 1 },
    } as const
    expect(encodeEmbed(input, options)).toEqual({
      body: { model: 'm', input: ['a'], dimensions: 2, keep_alive: 1 },
      dropped: ['user'],
    })
  })

  it.each([[[1]], ['']])('refuses %j', (text) => {
    expect(() => encodeEmbed({ operation: 'embed', inputs: ['a', text], extra: {} }, options)).toThrow(
      refusedWith('input'),
    )
  })
})
