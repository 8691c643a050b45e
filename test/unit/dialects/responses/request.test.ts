import { describe, expect, it } from 'vitest'
import { decodeRequest } from '../../../../src/dialects/responses/request.ts'

const decode = (body: object) => decodeRequest({ model: 'm', ...body })

describe('decodeRequest', () => {
  it('takes a text as a message of the user', () => {
    expect(decode({ input: 'Hello' })).toEqual({
      input: {
        operation: 'chat',
        messages: [{ role: 'user', content: 'Hello' }],
        sampling: {},
        extra: {},
      },
      warnings: [],
    })
  })

  it('reads everything that chat has too', () => {
    const { input, instructions, warnings } = decode({
      input: [{ role: 'user', content: 'Hello' }],
      instructions: 'Be brief.',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 4,
      seed: 7,
      stop: 'x',
      max_output_tokens: 12,
      parallel_tool_calls: false,
      reasoning: { effort: 'low' },
      text: { format: { type: 'json_object' }, verbosity: 'low' },
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
      prompt_cache_key: 'k',
      metadata: { a: 'b' },
      user: 'u',
      store: false,
      stream: true,
      truncation: 'auto',
    })
    expect(instructions).toBe('Be brief.')
    expect(warnings).toEqual([])
    expect(input).toEqual({
      operation: 'chat',
      messages: [{ role: 'user', content: 'Hello' }],
      sampling: { temperature: 0.5, topP: 0.9, topK: 4, seed: 7, stop: ['x'], maxTokens: 12 },
      parallelToolCalls: false,
      reasoningEffort: 'low',
      responseFormat: { type: 'json' },
      topLogprobs: 2,
      extra: { verbosity: 'low', prompt_cache_key: 'k', user: 'u' },
    })
  })

  it('counts null as absent', () => {
    const nothing = {
      input: 'x',
      instructions: null,
      tools: null,
      tool_choice: null,
      text: null,
      reasoning: null,
      include: null,
      max_output_tokens: null,
      temperature: null,
      parallel_tool_calls: null,
      prompt: null,
      service_tier: null,
    }
    expect(decode(nothing)).toEqual(decode({ input: 'x' }))
  })

  const weather = {
    type: 'function',
    name: 'weather',
    description: 'The weather.',
    parameters: { type: 'object' },
    strict: true,
  }
  const stocks = { type: 'function', name: 'stocks' }

  it('reads functions and which may be called', () => {
    const tools = [weather, stocks]
    const { type: _, ...tool } = weather
    expect(decode({ tools }).input.tools).toEqual([tool, { name: 'stocks' }])
    expect(decode({ tools, tool_choice: 'required' }).input.toolChoice).toBe('required')
    expect(decode({ tools, tool_choice: { type: 'function', name: 'stocks' } }).input.toolChoice).toEqual({
      name: 'stocks',
    })
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [stocks] }
    expect(decode({ tools, tool_choice: allowed }).input).toMatchObject({
      tools: [{ name: 'stocks' }],
      toolChoice: 'required',
    })
    const { input } = decode({ tools: [weather], tool_choice: { type: 'allowed_tools', tools: [] } })
    expect([input.tools, input.toolChoice]).toEqual([undefined, undefined])
  })

  it('reads a schema of the answer', () => {
    const schema = { type: 'object' }
    const format = { type: 'json_schema', name: 'point', description: 'A point.', schema, strict: true }
    expect(decode({ text: { format } }).input.responseFormat).toEqual({
      type: 'json-schema',
      name: 'point',
      description: 'A point.',
      schema,
      strict: true,
    })
  })

  it('says what has no effect', () => {
    const { warnings } = decode({
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low', summary: 'auto' },
    })
    expect(warnings).toEqual([
      'include "reasoning.encrypted_content" has no effect',
      expect.stringContaining('reasoning.summary') as string,
    ])
  })

  it.each<[string, object, string]>([
    ['work in the background', { background: true }, 'background'],
    ['tools of OpenAI', { tools: [weather, { type: 'web_search' }] }, 'tools[1].type'],
    ['a function without a name', { tools: [{ type: 'function' }] }, 'tools[0].name'],
    ['a choice among tools of OpenAI', { tool_choice: { type: 'web_search' } }, 'tool_choice.type'],
    [
      'a choice of no tool where one must be called',
      { tools: [weather], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [stocks] } },
      'tool_choice.tools',
    ],
    ['a schema that is missing', { text: { format: { type: 'json_schema' } } }, 'text.format.schema'],
    ['a format that is unknown', { text: { format: { type: 'poem' } } }, 'text.format.type'],
    ['prompt templates', { prompt: { id: 'p' } }, 'prompt'],
    ['compaction', { context_management: [{ type: 'compaction' }] }, 'context_management'],
    ['the names of chat', { max_tokens: 5 }, 'max_tokens'],
    ['messages of chat', { messages: [] }, 'messages'],
  ])('refuses %s, by name', (_, body, param) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }))
  })
})
