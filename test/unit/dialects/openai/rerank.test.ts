import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { newRerank } from '../../../../src/conformance/request.ts'
import {
  decodeRanking,
  decodeRerank,
  encodeRanking,
  encodeRerank,
} from '../../../../src/dialects/openai/rerank.ts'
import { RerankRequest, RerankResponse } from '../../../../src/dialects/openai/rerank-schemas.ts'

const isRequest = Compile(RerankRequest)
const isResponse = Compile(RerankResponse)

describe('a rerank request', () => {
  it('is the same after encoding and decoding', () => {
    const input = newRerank('why?', ['because', 'no'], { topN: 1, extra: { truncate_prompt_tokens: 5 } })
    const body = encodeRerank(input, { model: 'm' })
    expect(isRequest.Check(body)).toBe(true)
    expect(decodeRerank(body)).toEqual(input)
  })

  it('takes documents as objects', () => {
    const body = { model: 'm', query: 'q', documents: ['a', { text: 'b' }], top_n: null }
    expect(isRequest.Check(body)).toBe(true)
    expect(decodeRerank(body)).toEqual(newRerank('q', ['a', 'b']))
  })

  it.each([
    ['no documents', { documents: [] }],
    ['a document without a text', { documents: [{ image: 'x' }] }],
    ['none of the best', { top_n: 0 }],
    ['no query', { query: undefined }],
  ])('is refused with %s', (_, more) => {
    expect(isRequest.Check({ model: 'm', query: 'q', documents: ['a'], ...more })).toBe(false)
  })
})

describe('a ranking', () => {
  const response = {
    id: 'rerank-1',
    model: 'm',
    choices: [],
    ranking: [
      { index: 1, score: 0.9 },
      { index: 0, score: -2 },
    ],
    usage: { inputTokens: 7, outputTokens: 0 },
  }

  it('is the same after encoding and decoding', () => {
    const body = encodeRanking(response, { id: 'rerank-1', model: 'm' }) as Record<string, unknown>
    expect(isResponse.Check(body)).toBe(true)
    expect(decodeRanking(body)).toEqual(response)
  })

  it('has its documents where they were wanted', () => {
    const body = encodeRanking(response, { id: 'x', model: 'm', documents: ['a', 'b'] })
    expect(body).toMatchObject({
      results: [
        { index: 1, document: { text: 'b' } },
        { index: 0, document: { text: 'a' } },
      ],
    })
  })

  it('comes best first, whatever the order and the word for a score', () => {
    const results = [
      { index: 0, score: 1 },
      { index: 1, relevance_score: 3 },
    ]
    expect(decodeRanking({ results }).ranking).toEqual([
      { index: 1, score: 3 },
      { index: 0, score: 1 },
    ])
  })

  it.each([
    {},
    { results: [] },
    { results: [{ index: 0 }] },
    { results: [{ index: -1, score: 1 }] },
    { results: [7] },
  ])('is malformed as %j', (body) => {
    expect(() => decodeRanking(body)).toThrow(/malformed/)
  })
})
