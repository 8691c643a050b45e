import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { decodeChat, decodeMessages } from '../../../../src/dialects/anthropic/request.ts'
import { CountTokensRequest, MessagesRequest } from '../../../../src/dialects/anthropic/request-schemas.ts'

const isRequest = Compile(MessagesRequest)
const isCount = Compile(CountTokensRequest)

const decode = (more: object) => {
  const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...more }
  expect([...isRequest.Errors(body)]).toEqual([])
  return decodeChat(body)
}
const cached = { cache_control: { type: 'ephemeral' } }

describe('a messages request', () => {
  it('has its limits, its tools and how to choose among them', () => {
    const input = decode({
      system: 'Be brief.',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      stop_sequences: ['END'],
      tools: [{ name: 'add', description: 'Adds.', input_schema: { type: 'object' }, strict: true }],
      tool_choice: { type: 'tool', name: 'add', disable_parallel_tool_use: true },
      stream: true,
    })
    expect(input).toEqual({
      operation: 'chat',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      sampling: { maxTokens: 9, temperature: 0.5, topP: 0.9, topK: 5, stop: ['END'] },
      tools: [{ name: 'add', description: 'Adds.', parameters: { type: 'object' }, strict: true }],
      toolChoice: { name: 'add' },
      parallelToolCalls: false,
      extra: {},
    })
  })

  it.each([
    [{ type: 'auto' }, 'auto'],
    [{ type: 'none' }, 'none'],
    [{ type: 'any' }, 'required'],
    [null, undefined],
  ])('says with tool_choice %j: %s', (choice, expected) => {
    expect(decode({ tool_choice: choice }).toolChoice).toEqual(expected)
  })

  it('has pictures, from where they are', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'aGk=' }
    const content = [
      { type: 'image', source },
      { type: 'image', source: { type: 'url', url: 'https://x.example/a.png' } },
      { type: 'image', source: { type: 'file', file_id: 'f' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A page.' } },
      { type: 'text', text: 'What is this?' },
    ]
    expect(decode({ messages: [{ role: 'user', content }] }).messages[0]!.content).toEqual([
      { type: 'image', url: 'data:image/png;base64,aGk=' },
      { type: 'image', url: 'https://x.example/a.png' },
      { type: 'other', value: content[2] },
      { type: 'text', text: 'A page.' },
      { type: 'text', text: 'What is this?' },
    ])
  })

  it('has the turns of a tool as messages of their own', () => {
    const { messages, extra } = decode({
      messages: [
        { role: 'user', content: 'Add.' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 's' },
            { type: 'redacted_thinking', data: 'x' },
            { type: 'text', text: 'Well, ' },
            { type: 'text', text: 'so:' },
            { type: 'tool_use', id: 'a', name: 'add', input: { n: 1 } },
            { type: 'tool_use', id: 'b', name: 'add' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: '3' },
            {
              type: 'tool_result',
              tool_use_id: 'b',
              is_error: true,
              content: [{ type: 'text', text: 'No.' }],
            },
            { type: 'tool_result', tool_use_id: 'c' },
            { type: 'text', text: 'And?' },
          ],
        },
      ],
    })
    expect(messages).toEqual([
      { role: 'user', content: 'Add.' },
      {
        role: 'assistant',
        content: 'Well, so:',
        reasoning: 'Hm.',
        toolCalls: [
          { id: 'a', name: 'add', argumentsText: '{"n":1}' },
          { id: 'b', name: 'add', argumentsText: '{}' },
        ],
      },
      { role: 'tool', content: '3', toolCallId: 'a' },
      { role: 'tool', content: 'No.', toolCallId: 'b' },
      { role: 'tool', content: '', toolCallId: 'c' },
      { role: 'user', content: 'And?' },
    ])
    expect(Object.keys(extra)).toEqual(['messages[].redacted_thinking', 'messages[].is_error'])
  })

  it.each([
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 8000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 60_000 } }, 'high'],
    [{ thinking: { type: 'disabled' } }, 'none'],
    [{ thinking: { type: 'adaptive' } }, undefined],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'max'],
    [{}, undefined],
  ])('thinks by %j: %s', (more, effort) => {
    expect(decode(more).reasoningEffort).toBe(effort)
  })

  it('has a form for its answer', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    expect(decode({ output_config: { format } }).responseFormat).toEqual({
      type: 'json-schema',
      name: 'response',
      schema: { type: 'object' },
    })
  })

  it('names what has no name elsewhere, wherever it stands', () => {
    const { extra, tools } = decode({
      system: [{ type: 'text', text: 'a', ...cached }],
      metadata: { user_id: 'me' },
      service_tier: null,
      tools: [
        { type: 'web_search_20250305', name: 'web_search' },
        { type: 'custom', name: 'add', input_schema: {}, ...cached },
      ],
      thinking: { type: 'enabled', budget_tokens: 2000 },
    })
    expect(tools).toHaveLength(1)
    expect(Object.keys(extra).toSorted()).toEqual([
      'messages[].cache_control',
      'metadata',
      'thinking',
      'tools[].cache_control',
      'tools[].web_search_20250305',
    ])
    expect(extra['thinking']).toEqual({ budget_tokens: 2000 })
  })

  it.each([
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
      'messages[0].content[0].tool_use_id',
    ],
    [{ tools: [{ input_schema: {} }] }, 'tools[0].name'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name'],
    [{ tool_choice: { type: 'some' } }, 'tool_choice.type'],
    [{ output_config: { format: { type: 'xml' } } }, 'output_config.format.type'],
  ])('is refused with %j', (more, param) => {
    expect(() => decode(more)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }))
  })

  it.each([
    { messages: [] },
    { max_tokens: -1 },
    { temperature: 3 },
    { messages: [{ role: 'robot', content: '' }] },
  ])('is none as %j', (more) => {
    expect(
      isRequest.Check({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: '' }], ...more }),
    ).toBe(false)
  })

  it('counts without a limit', () => {
    const body = {
      model: 'm',
      system: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      messages: [],
    }
    expect(isCount.Check(body)).toBe(false)
    const asked = { ...body, messages: [{ role: 'user', content: [] }] }
    expect(isCount.Check(asked)).toBe(true)
    expect(decodeMessages(asked)).toEqual([
      {
        role: 'system',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: '' },
    ])
  })
})
