import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import type { InferenceResponse } from '../../../../src/core/inference.ts'
import * as schemas from '../../../../src/dialects/openai/response-schemas.ts'
import { decodeResponse, encodeResponse } from '../../../../src/dialects/openai/response.ts'

const ajv = new Ajv({ allowUnionTypes: true })
const accepts = {
  chat: ajv.compile(schemas.ChatCompletion),
  complete: ajv.compile(schemas.Completion),
  embed: ajv.compile(schemas.EmbeddingList),
}
const label = { id: 'chatcmpl-1', model: 'm', createdSeconds: 1_700_000_000 }
const choices = (...list: object[]) => ({ id: 'chatcmpl-1', model: 'm', choices: list })

const logprobs = [
  { token: 'ü', logprob: -1, bytes: [195, 188], top: [{ token: 'u', logprob: -2, bytes: null }] },
]

describe('answers', () => {
  it.each<[keyof typeof accepts, InferenceResponse]>([
    [
      'chat',
      {
        id: 'chatcmpl-1',
        model: 'm',
        choices: [
          { index: 0, text: 'ü', reasoning: 'Hm', logprobs, finishReason: 'content-filter' },
          {
            index: 1,
            text: null,
            toolCalls: [{ id: 'a', name: 'f', argumentsText: '{"broken' }],
            finishReason: 'tool-calls',
          },
          { index: 2, text: null, finishReason: 'length' },
        ],
        usage: { inputTokens: 3, outputTokens: 5, cachedTokens: 2, reasoningTokens: 1 },
      },
    ],
    [
      'complete',
      {
        id: 'chatcmpl-1',
        model: 'm',
        choices: [
          {
            index: 0,
            text: 'a',
            logprobs: [{ token: 'a', logprob: -1, top: [{ token: 'b', logprob: -2 }] }],
            finishReason: 'stop',
          },
        ],
        usage: { inputTokens: 3, outputTokens: 5 },
      },
    ],
    [
      'embed',
      {
        model: 'm',
        choices: [],
        embeddings: [
          [0.5, -1],
          [0.25, 3],
        ],
        usage: { inputTokens: 3, outputTokens: 0 },
      },
    ],
  ])('of %s decode to what was encoded, which the schema accepts', (operation, response) => {
    for (const encodingFormat of ['float', 'base64'] as const) {
      const body: unknown = JSON.parse(
        JSON.stringify(encodeResponse(operation, response, { ...label, encodingFormat })),
      )
      expect(accepts[operation](body), JSON.stringify(accepts[operation].errors)).toBe(true)
      expect(decodeResponse(operation, body)).toEqual(response)
    }
  })

  it('write empty text as such, and null beside tool calls', () => {
    const contents = encodeResponse(
      'chat',
      {
        model: 'm',
        choices: [
          { index: 0, text: null, finishReason: 'stop' },
          { index: 1, text: null, toolCalls: [], finishReason: 'other' },
        ],
      },
      label,
    )
    expect(contents).toMatchObject({
      choices: [
        { message: { content: '' }, finish_reason: 'stop' },
        { message: { content: null }, finish_reason: 'stop' },
      ],
    })
  })
})

describe('decodeResponse', () => {
  it('puts vectors in the order of their inputs, in either form', () => {
    const base64 = Buffer.from(new Float32Array([1, 0.5]).buffer).toString('base64')
    const data = [
      { index: 2, embedding: [3] },
      { index: 0, embedding: base64 },
      { index: 1, embedding: [2] },
    ]
    expect(decodeResponse('embed', { data, model: 'm' }).embeddings).toEqual([[1, 0.5], [2], [3]])
  })

  it('reads refusals, older function calls, object arguments and calls without an id', () => {
    const { choices: read } = decodeResponse(
      'chat',
      choices(
        { index: 0, message: { content: null, refusal: 'I will not.' }, finish_reason: 'stop' },
        {
          index: 1,
          message: { content: '', function_call: { name: 'f', arguments: '{}' } },
          finish_reason: 'function_call',
        },
        {
          index: 2,
          message: { tool_calls: [{ function: { name: 'g', arguments: { a: 1 } } }] },
          finish_reason: 'stop',
        },
      ),
    )
    expect(read).toEqual([
      { index: 0, text: 'I will not.', finishReason: 'stop' },
      {
        index: 1,
        text: null,
        toolCalls: [{ id: 'call_chatcmpl-1_1_0', name: 'f', argumentsText: '{}' }],
        finishReason: 'tool-calls',
      },
      {
        index: 2,
        text: null,
        toolCalls: [{ id: 'call_chatcmpl-1_2_0', name: 'g', argumentsText: '{"a":1}' }],
        finishReason: 'stop',
      },
    ])
  })

  it.each([
    [{ total_tokens: 7 }, { inputTokens: 7, outputTokens: 0 }],
    [
      { prompt_tokens: 7, total_tokens: 7 },
      { inputTokens: 7, outputTokens: 0 },
    ],
    [
      { prompt_tokens: 2, total_tokens: 7 },
      { inputTokens: 2, outputTokens: 5 },
    ],
    [
      { prompt_tokens: 2, completion_tokens: 5, completion_tokens_details: null },
      { inputTokens: 2, outputTokens: 5 },
    ],
    [{}, undefined],
    ['many', undefined],
    [null, undefined],
  ])('reads usage %j', (usage, expected) => {
    expect(decodeResponse('complete', { ...choices({ text: 'a' }), usage }).usage).toEqual(expected)
  })

  it.each<[keyof typeof accepts, unknown]>([
    ['chat', null],
    ['chat', []],
    ['chat', { choices: null }],
    ['chat', choices()],
    ['embed', { data: [] }],
    ['chat', choices({ index: 0 })],
    ['complete', { choices: ['a'] }],
    ['embed', { data: {} }],
    ['embed', { data: [{ index: 0, embedding: 7 }] }],
    ['embed', { data: [{ index: 0, embedding: 'AAA=' }] }],
    ['embed', { data: [{ index: 5, embedding: [1] }] }],
    [
      'embed',
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [2] },
        ],
      },
    ],
  ])('refuses a malformed %s answer %j', (operation, body) =>
    expect(() => decodeResponse(operation, body)).toThrow(expect.objectContaining({ code: 'BACKEND_ERROR' })),
  )
})
