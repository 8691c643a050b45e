import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { EmbedRequest, RerankTextsRequest } from '../../../../src/dialects/tei/schemas.ts'

const isEmbed = Compile(EmbedRequest)
const isRerank = Compile(RerankTextsRequest)

it.each([{ inputs: 'a' }, { inputs: [1, 2] }, { inputs: ['a', [1]] }, { inputs: ['a'], truncate: null }])(
  'takes %j to embed',
  (body) => {
    expect(isEmbed.Check(body)).toBe(true)
  },
)

it.each([{}, { inputs: [{}] }, { inputs: 'a', dimensions: 0 }])('refuses %j to embed', (body) => {
  expect(isEmbed.Check(body)).toBe(false)
})

it('wants a query and texts to rank', () => {
  expect(isRerank.Check({ query: 'q', texts: ['a'] })).toBe(true)
  expect(isRerank.Check({ query: 'q', texts: [] })).toBe(false)
  expect(isRerank.Check({ texts: ['a'] })).toBe(false)
})
