import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { encodeChat, encodeComplete, encodeEmbed } from '../../../../src/dialects/openai/request-encoder.ts'
import {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
} from '../../../../src/dialects/openai/request-schemas.ts'
import {
  decodeChat,
  decodeComplete,
  decodeEmbed,
  wantsUsage,
} from '../../../../src/dialects/openai/request.ts'

const ajv = new Ajv({ allowUnionTypes: true, keywords: ['x-exact'] })
const accepts = {
  chat: ajv.compile(ChatRequest),
  complete: ajv.compile(CompletionRequest),
  embed: ajv.compile(EmbeddingRequest),
}
const hello = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }
const prompt = { model: 'm', prompt: 'Once' }

describe('the request schemas', () => {
  it.each<[keyof typeof accepts, object]>([
    ['chat', hello],
    [
      'chat',
      { ...hello, temperature: null, stop: null, tools: null, n: null, stream: null, logit_bias: null },
    ],
    ['chat', { ...hello, unknown: { a: 1 }, top_k: 40, max_tokens: -1, seed: 2 ** 60, mcpd: {} }],
    ['chat', { ...hello, stream_options: { include_usage: true, continuous_usage_stats: true } }],
    ['chat', { ...hello, tool_choice: 'required', tools: [{ type: 'function', function: { name: 'f' } }] }],
    [
      'chat',
      {
        ...hello,
        tool_choice: { type: 'function', function: { name: 'f' } },
        response_format: { type: 'regex', value: 'a' },
      },
    ],
    [
      'chat',
      {
        model: 'm',
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
        ],
      },
    ],
    [
      'chat',
      {
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'video', video: 1 },
            ],
          },
        ],
      },
    ],
    ['complete', prompt],
    ['complete', { ...prompt, prompt: [[1, 2], [3]], logprobs: 5, echo: true }],
    ['complete', { ...prompt, prompt: ['a', 'b'] }],
    ['embed', { model: 'm', input: [1, 2, 3], encoding_format: 'base64', dimensions: 8 }],
    ['embed', { model: 'm', input: 'a', encoding_format: null }],
  ])('take a %s request %j', (operation, body) => {
    expect(accepts[operation](body), JSON.stringify(accepts[operation].errors)).toBe(true)
  })

  it.each<[keyof typeof accepts, object]>([
    ['chat', { messages: hello.messages }],
    ['chat', { ...hello, model: '' }],
    ['chat', { ...hello, model: 7 }],
    ['chat', { model: 'm' }],
    ['chat', { ...hello, messages: [] }],
    ['chat', { ...hello, messages: 'Hello' }],
    ['chat', { ...hello, messages: [{ role: 'robot', content: 'a' }] }],
    ['chat', { ...hello, messages: [{ role: 'user', content: 7 }] }],
    ['chat', { ...hello, temperature: '0.7' }],
    ['chat', { ...hello, temperature: 1e300 }],
    ['chat', { ...hello, temperature: -1 }],
    ['chat', { ...hello, n: 0 }],
    ['chat', { ...hello, n: 1e9 }],
    ['chat', { ...hello, n: 1.5 }],
    ['chat', { ...hello, max_tokens: 1e18 }],
    ['chat', { ...hello, stream: 'true' }],
    ['chat', { ...hello, stream_options: { include_usage: 1 } }],
    ['chat', { ...hello, stop: 7 }],
    ['chat', { ...hello, tools: {} }],
    ['chat', { ...hello, tool_choice: 'sometimes' }],
    ['chat', { ...hello, logit_bias: { 7: 'a lot' } }],
    ['complete', { model: 'm' }],
    ['complete', { ...prompt, prompt: [] }],
    ['complete', { ...prompt, prompt: ['a', 1] }],
    ['complete', { ...prompt, prompt: [1.5] }],
    ['embed', { model: 'm', input: null }],
    ['embed', { model: 'm', input: 'a', encoding_format: 'hex' }],
  ])('refuse a %s request %j', (operation, body) => expect(accepts[operation](body)).toBe(false))

  it('say what is wrong in one phrase', () => {
    accepts.chat({ ...hello, temperature: '0.7' })
    expect(accepts.chat.errors).toMatchObject([
      { instancePath: '/temperature', message: 'must be number,null' },
    ])
  })
})

describe('decodeChat', () => {
  it('reads what it has names for and keeps the rest', () => {
    const body = {
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      mcpd: { context: 'c' },
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          name: 'Ann',
          content: [
            { type: 'text', text: 'Look:' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
            { type: 'video_url', video_url: { url: 'x' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          refusal: null,
          reasoning: 'Hm',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: '7', cache_control: { type: 'ephemeral' } },
      ],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop: 'END',
      max_tokens: 5,
      max_completion_tokens: 7,
      repeat_penalty: 1.1,
      logprobs: true,
      top_logprobs: 2,
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: null, parameters: { type: 'object' }, strict: true },
        },
        { type: 'web_search' },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'x', schema: { type: 'object' }, strict: true },
      },
      reasoning_effort: 'low',
      n: 2,
      chat_template_kwargs: { thinking: true },
      user: null,
    }
    expect(decodeChat(body)).toEqual({
      operation: 'chat',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          name: 'Ann',
          content: [
            { type: 'text', text: 'Look:' },
            { type: 'image', url: 'data:image/png;base64,AA==', detail: 'low' },
            { type: 'audio', data: 'AA==', format: 'wav' },
            { type: 'other', value: { type: 'video_url', video_url: { url: 'x' } } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning: 'Hm',
          toolCalls: [{ id: 'a', name: 'f', argumentsText: '{' }],
        },
        { role: 'tool', toolCallId: 'a', content: '7', extra: { cache_control: { type: 'ephemeral' } } },
      ],
      sampling: { temperature: 0.5, topP: 0.9, topK: 40, stop: ['END'], maxTokens: 7, repeatPenalty: 1.1 },
      topLogprobs: 2,
      tools: [{ name: 'f', parameters: { type: 'object' }, strict: true }],
      toolChoice: { name: 'f' },
      parallelToolCalls: false,
      responseFormat: { type: 'json-schema', name: 'x', schema: { type: 'object' }, strict: true },
      reasoningEffort: 'low',
      choices: 2,
      extra: { chat_template_kwargs: { thinking: true }, tools: [{ type: 'web_search' }] },
    })
  })

  it('takes null and -1 tokens for absent', () => {
    const nothing = {
      temperature: null,
      max_tokens: -1,
      stop: null,
      tools: null,
      tool_choice: null,
      response_format: null,
      logprobs: null,
      n: null,
      stream_options: null,
      seed: null,
    }
    expect(decodeChat({ ...hello, ...nothing })).toEqual(decodeChat(hello))
  })

  it.each<[string, object, object]>([
    ['text', { type: 'text' }, { type: 'text' }],
    ['json_object', { type: 'json_object' }, { type: 'json' }],
    [
      'json_object with a schema beside it',
      { type: 'json_object', schema: { type: 'array' } },
      { type: 'json-schema', name: 'response', schema: { type: 'array' } },
    ],
    [
      'json_schema with the schema directly',
      { type: 'json_schema', schema: true },
      { type: 'json-schema', name: 'response', schema: true },
    ],
    [
      'json_schema without a schema',
      { type: 'json_schema', json_schema: { name: 'x' } },
      { type: 'json-schema', name: 'x', schema: {} },
    ],
  ])('reads the response format %s', (_, format, expected) =>
    expect(decodeChat({ ...hello, response_format: format }).responseFormat).toEqual(expected),
  )

  it('keeps formats and choices that only a backend knows', () => {
    const extra = {
      response_format: { type: 'regex', value: 'a+' },
      tool_choice: { type: 'allowed_tools', tools: [] },
    }
    expect(decodeChat({ ...hello, ...extra })).toMatchObject({ extra })
  })

  it.each<[string, object]>([
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    [
      'messages[0].content[1].text',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text' }] }] },
    ],
    ['messages[0].content[0].image_url', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }],
    [
      'messages[0].tool_calls[0].function',
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'custom' }] }] },
    ],
    ['tools[0].function', { ...hello, tools: [{ type: 'function' }] }],
    ['top_logprobs', { ...hello, top_logprobs: 3 }],
  ])('names %s in what it refuses', (param, body) =>
    expect(() => decodeChat(body as never)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }),
    ),
  )

  it('keeps a member called __proto__ from doing harm', () => {
    const { extra } = decodeChat(JSON.parse('{"messages":[],"__proto__":{"polluted":true}}'))
    expect((extra as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('the other decoders', () => {
  it('read prompts and inputs in all four forms', () => {
    const forms: [unknown, unknown][] = [
      ['a', ['a']],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [[1, 2], [[1, 2]]],
      [
        [[1], [2]],
        [[1], [2]],
      ],
    ]
    for (const [wire, inputs] of forms) {
      expect(decodeComplete({ model: 'm', prompt: wire }).prompts).toEqual(inputs)
      expect(decodeEmbed({ model: 'm', input: wire }).inputs).toEqual(inputs)
    }
  })

  it('read the rest', () => {
    expect(
      decodeComplete({
        ...prompt,
        suffix: 's',
        echo: true,
        n: 2,
        logprobs: 0,
        best_of: 3,
        max_tokens: 4,
        user: 'u',
      }),
    ).toEqual({
      operation: 'complete',
      prompts: ['Once'],
      suffix: 's',
      echo: true,
      choices: 2,
      topLogprobs: 0,
      sampling: { maxTokens: 4 },
      extra: { best_of: 3, user: 'u' },
    })
    expect(
      decodeEmbed({ model: 'm', input: 'a', dimensions: 3, encoding_format: 'base64', user: 'u' }),
    ).toEqual({
      operation: 'embed',
      inputs: ['a'],
      dimensions: 3,
      extra: { user: 'u' },
    })
  })

  it('know whether usage is wanted', () => {
    expect(wantsUsage({ stream_options: { include_usage: true } })).toBe(true)
    for (const body of [{}, { stream_options: null }, { stream_options: { include_usage: null } }])
      expect(wantsUsage(body)).toBe(false)
  })
})

describe('the encoders', () => {
  const unary = { model: 'gpu', stream: false }
  const input = decodeChat({
    ...hello,
    max_completion_tokens: 5,
    stream_options: { continuous_usage_stats: true },
  })

  it('ask a stream for its usage, unless they must not', () => {
    expect(encodeChat(input, { model: 'gpu', stream: true })).toMatchObject({
      model: 'gpu',
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    })
    expect(encodeChat(decodeChat(hello), { ...unary, stream: true, streamUsage: false })).not.toHaveProperty(
      'stream_options',
    )
    expect(encodeChat(input, unary)).not.toHaveProperty('stream_options')
  })

  it('name the limit of tokens as the backend wants it', () => {
    expect(encodeChat(input, unary)).toMatchObject({ max_tokens: 5 })
    expect(encodeChat(input, { ...unary, maxTokensMember: 'max_completion_tokens' })).toMatchObject({
      max_completion_tokens: 5,
    })
    const completion = decodeComplete({ ...prompt, max_tokens: 5 })
    expect(encodeComplete(completion, { ...unary, maxTokensMember: 'max_completion_tokens' })).toMatchObject({
      max_tokens: 5,
    })
  })

  it('send one input as itself and several as a list', () => {
    expect(encodeEmbed(decodeEmbed({ input: ['a'] }), unary)).toEqual({ model: 'gpu', input: 'a' })
    expect(encodeEmbed(decodeEmbed({ input: ['a', 'b'] }), unary)).toMatchObject({ input: ['a', 'b'] })
  })
})
