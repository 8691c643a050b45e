import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { newRerank } from '../../../../src/conformance/request.ts'
import { decodeScores, encodeRerank } from '../../../../src/dialects/tei/rerank.ts'
import { RerankTextsRequest, RerankTextsResponse } from '../../../../src/dialects/tei/schemas.ts'

it('asks for some of the documents, with what TEI knows of the rest', () => {
  const input = newRerank('q', ['a', 'b'], { topN: 1, extra: { raw_scores: true, rank: 1 } })
  const { body, dropped } = encodeRerank(input, ['b'])
  expect(body).toEqual({ query: 'q', texts: ['b'], raw_scores: true })
  expect(Compile(RerankTextsRequest).Check(body)).toBe(true)
  expect(dropped).toEqual(['rank'])
})

it('reads a score for each', () => {
  const scores = [
    { index: 1, score: 0.9 },
    { index: 0, score: -4 },
  ]
  expect(Compile(RerankTextsResponse).Check(scores)).toBe(true)
  expect(decodeScores(scores, 2)).toEqual(scores)
})

it.each([
  [[{ index: 0, score: 1 }]],
  [{}],
  [[{ index: 0 }, { index: 1 }]],
  [
    [
      { index: 2, score: 1 },
      { index: 0, score: 1 },
    ],
  ],
])('%j are not two scores', (value) => {
  expect(() => decodeScores(value, 2)).toThrow(/score/)
})
