import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import type { ChatInput } from '../../../../src/core/inference.ts'
import { encodeChat } from '../../../../src/dialects/ollama/request-encoder.ts'
import * as schemas from '../../../../src/dialects/ollama/request-schemas.ts'
import {
  decodeChat,
  decodeEmbed,
  decodeEmbeddings,
  decodeGenerate,
  wantsStream,
} from '../../../../src/dialects/ollama/request.ts'
import { recorded, recordedNames } from '../../../harness/recorded-ollama.ts'

const ajv = new Ajv({ allowUnionTypes: true, keywords: ['x-exact'] })
const hello = { role: 'user', content: 'Hello' }
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

describe('the request schemas', () => {
  const routes: Readonly<Record<string, object>> = {
    '/api/chat': schemas.OllamaChatRequest,
    '/api/generate': schemas.OllamaGenerateRequest,
    '/api/embed': schemas.OllamaEmbedRequest,
    '/api/embeddings': schemas.OllamaEmbeddingsRequest,
    '/api/show': schemas.OllamaShowRequest,
    '/api/pull': schemas.OllamaPullRequest,
  }
  const taken = recordedNames.filter((name) => {
    const { request, response } = recorded(name)
    return request.body && request.path in routes && response.status === 200
  })

  it.each(taken)('take what an Ollama took: %s', (name) => {
    const { path, body } = recorded(name).request
    const check = ajv.compile(routes[path]!)
    expect(check(body), ajv.errorsText(check.errors)).toBe(true)
  })

  it.each([
    [{ messages: [hello] }],
    [{ model: 'm', messages: [{ role: 'user', content: ['parts'] }] }],
    [{ model: 'm', options: { temperature: '0.7' } }],
    [{ model: 'm', options: { num_predict: 1e300 } }],
    [{ model: 'm', keep_alive: false }],
    [{ model: 'm', format: 1 }],
    [{ model: 'm', think: 1 }],
    [{ model: 'm', top_logprobs: 21 }],
    [
      {
        model: 'm',
        messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }],
      },
    ],
  ])('refuse %j', (body) => {
    expect(ajv.validate(schemas.OllamaChatRequest, body)).toBe(false)
  })

  it('count null as absent, as Go does, and take what they do not know', () => {
    const nothing = {
      messages: null,
      options: null,
      format: null,
      tools: null,
      think: null,
      keep_alive: null,
    }
    expect(
      ajv.validate(schemas.OllamaChatRequest, { model: 'm', ...nothing, stream: null, novelty: 1 }),
    ).toBe(true)
    expect(decodeChat({ model: 'm', ...nothing, stream: null })).toEqual({ ...chat(), messages: [] })
    expect(wantsStream({ stream: null })).toBe(true)
  })
})

describe('decodeChat', () => {
  it('names what every dialect has, and keeps the rest', () => {
    const tool = { name: 'f', description: 'does', parameters: { type: 'object' } }
    expect(
      decodeChat({
        model: 'm',
        messages: [hello],
        stream: false,
        options: { temperature: 0.5, num_predict: 7, stop: ['x'], seed: 3, num_ctx: 4096, mirostat: 1 },
        tools: [{ type: 'function', function: tool }],
        format: { type: 'object' },
        think: 'high',
        logprobs: true,
        top_logprobs: 2,
        keep_alive: '10m',
        truncate: false,
        mcpd: {},
      }),
    ).toEqual({
      operation: 'chat',
      messages: [hello],
      sampling: { temperature: 0.5, maxTokens: 7, stop: ['x'], seed: 3 },
      tools: [tool],
      responseFormat: { type: 'json-schema', name: 'response', schema: { type: 'object' } },
      reasoningEffort: 'high',
      topLogprobs: 2,
      extra: { keep_alive: '10m', truncate: false, options: { num_ctx: 4096, mirostat: 1 } },
    })
  })

  it.each([
    [{ num_predict: -1 }, {}],
    [{ num_predict: -2 }, {}],
    [{ seed: -1 }, {}],
    [{ top_k: 0 }, { topK: 0 }],
    [
      { num_predict: 11.75, seed: 2.5, top_k: 3.9 },
      { maxTokens: 11, seed: 2, topK: 3 },
    ],
    [{ num_predict: 0.5 }, {}],
    [{ temperature: null }, {}],
  ])('reads options %j as %j', (given, sampling) => {
    expect(decodeChat({ messages: [hello], options: given }).sampling).toEqual(sampling)
  })

  it.each([
    [{ format: 'json' }, { responseFormat: { type: 'json' } }],
    [{ format: '' }, {}],
    [{ think: true }, { reasoningEffort: 'medium' }],
    [{ think: false }, { reasoningEffort: 'none' }],
    [{ logprobs: true }, { topLogprobs: 0 }],
    [{ logprobs: false }, {}],
  ])('reads %j as %j', (given, read) => {
    expect(decodeChat({ messages: [hello], ...given })).toEqual(chat(read as Partial<ChatInput>))
  })

  it.each([
    [{ format: 'xml' }, 'format'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ messages: [{ role: 'user', images: ['data:image/png;base64,AAAA'] }] }, 'messages[0].images[0]'],
    [{ messages: [{ role: 'user', images: ['http://example.invalid/a.png'] }] }, 'messages[0].images[0]'],
  ])('refuses %j', (given, param) => {
    expect(() => decodeChat({ messages: [hello], ...given })).toThrow(refusedWith(param))
  })

  it.each([
    [png, 'image/png'],
    ['/9j/4AAQSkZJRg==', 'image/jpeg'],
    ['R0lGODlhAQABAAAAACw=', 'image/gif'],
    ['UklGRiQAAABXRUJQ', 'image/webp'],
    ['AAAA', 'application/octet-stream'],
  ])('makes %s a data: URL of type %s', (image, type) => {
    const [message] = decodeChat({ messages: [{ role: 'user', content: 'See', images: [image] }] }).messages
    expect(message!.content).toEqual([
      { type: 'text', text: 'See' },
      { type: 'image', url: `data:${type};base64,${image}` },
    ])
  })

  it('gives calls without ids some, and results the ids of the calls that they answer', () => {
    const call = (name: string, more: object = {}) => ({
      function: { name, arguments: { at: name } },
      ...more,
    })
    const { messages } = decodeChat({
      messages: [
        { role: 'assistant', tool_calls: [call('a'), call('b'), call('a', { id: 'own' })] },
        { role: 'tool', content: '1', tool_name: 'b' },
        { role: 'tool', content: '2', tool_name: 'a' },
        { role: 'tool', content: '3', tool_call_id: 'own' },
        { role: 'tool', content: '4', tool_name: 'unheard' },
      ],
    })
    expect(messages[0]!.toolCalls).toEqual([
      { id: 'call_0_0', name: 'a', argumentsText: '{"at":"a"}' },
      { id: 'call_0_1', name: 'b', argumentsText: '{"at":"b"}' },
      { id: 'own', name: 'a', argumentsText: '{"at":"a"}' },
    ])
    expect(messages.slice(1).map(({ toolCallId }) => toolCallId)).toEqual([
      'call_0_1',
      'call_0_0',
      'own',
      undefined,
    ])
  })

  it('takes a result without a name for that of the first open call', () => {
    const { messages } = decodeChat({
      messages: [
        { role: 'assistant', tool_calls: [{ function: { name: 'a' } }] },
        { role: 'tool', content: '1' },
      ],
    })
    expect(messages[1]!.toolCallId).toBe('call_0_0')
  })

  it('keeps a role that only some model knows for the backend to judge', () => {
    const [message] = decodeChat({ messages: [{ role: 'control', content: 'thinking' }] }).messages
    expect(message).toEqual({ role: 'system', content: 'thinking', extra: { role: 'control' } })
    expect(encodeChat(chat({ messages: [message!] }), options).body['messages']).toEqual([
      { role: 'control', content: 'thinking' },
    ])
  })
})

describe('decodeGenerate', () => {
  it('reads a prompt as a chat, for Ollama puts it into the chat template', () => {
    expect(
      decodeGenerate({ prompt: 'Why?', system: 'Be brief.', options: { seed: 1 }, keep_alive: 0 }),
    ).toEqual({
      operation: 'chat',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
      ],
      sampling: { seed: 1 },
      extra: { keep_alive: 0 },
    })
    expect(decodeGenerate({ prompt: 'See', images: [png], template: '{{ .Prompt }}' })).toMatchObject({
      messages: [{ content: [{ type: 'text', text: 'See' }, { type: 'image' }] }],
      extra: { template: '{{ .Prompt }}' },
    })
  })

  it('reads a raw prompt, and one to be filled in, as a text to continue', () => {
    expect(
      decodeGenerate({ prompt: 'Once', raw: true, format: 'json', options: { num_predict: 3 } }),
    ).toEqual({
      operation: 'complete',
      prompts: ['Once'],
      sampling: { maxTokens: 3 },
      extra: { format: 'json' },
    })
    expect(decodeGenerate({ prompt: 'def f(', suffix: 'return 1', logprobs: true })).toEqual({
      operation: 'complete',
      prompts: ['def f('],
      suffix: 'return 1',
      topLogprobs: 0,
      sampling: {},
      extra: {},
    })
  })
})

describe('decodeEmbed', () => {
  it.each([
    [{ input: 'a' }, ['a']],
    [{ input: ['a', 'b'] }, ['a', 'b']],
    [{ input: '' }, []],
    [{ input: [] }, []],
    [{}, []],
  ])('reads %j as %j', (body, inputs) => {
    expect(decodeEmbed(body)).toEqual({ operation: 'embed', inputs, extra: {} })
  })

  it('keeps all options, for vectors are not sampled', () => {
    const given = { temperature: 0, num_ctx: 512 }
    expect(decodeEmbed({ input: 'a', dimensions: 4, truncate: false, options: given })).toEqual({
      operation: 'embed',
      inputs: ['a'],
      dimensions: 4,
      extra: { truncate: false, options: given },
    })
  })

  it('reads the older route', () => {
    expect(decodeEmbeddings({ prompt: 'a', keep_alive: 5 })).toEqual({
      operation: 'embed',
      inputs: ['a'],
      extra: { keep_alive: 5 },
    })
  })
})
