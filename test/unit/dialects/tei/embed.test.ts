import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { newEmbed } from '../../../../src/conformance/request.ts'
import { decodeEmbeddings, encodeEmbed } from '../../../../src/dialects/tei/embed.ts'
import { EmbedRequest, EmbedResponse } from '../../../../src/dialects/tei/schemas.ts'

it('asks for some of the inputs, with what TEI knows of the rest', () => {
  const input = newEmbed(['a', 'b', 'c'], { dimensions: 4, extra: { truncate: true, user: 'me' } })
  const { body, dropped } = encodeEmbed(input, ['b', 'c'])
  expect(body).toEqual({ inputs: ['b', 'c'], dimensions: 4, truncate: true })
  expect(Compile(EmbedRequest).Check(body)).toBe(true)
  expect(dropped).toEqual(['user'])
})

it('reads as many vectors as were asked for', () => {
  const vectors = [
    [1, 2],
    [3, 4],
  ]
  expect(Compile(EmbedResponse).Check(vectors)).toBe(true)
  expect(decodeEmbeddings(vectors, 2)).toBe(vectors)
})

it.each([[[[1]]], [{}], [[[], [1]]], [[[[1]], [[1]]]]])('%j are not two vectors', (value) => {
  expect(() => decodeEmbeddings(value, 2)).toThrow(/vector/)
})
