import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { newComplete } from '../../../../src/conformance/request.ts'
import type { CompleteInput } from '../../../../src/core/inference.ts'
import { decodeGenerate, encodeGenerate } from '../../../../src/dialects/tgi/request.ts'
import { GenerateRequest } from '../../../../src/dialects/tgi/schemas.ts'

const isRequest = Compile(GenerateRequest)
const encode = (more: Partial<CompleteInput>) => {
  const encoded = encodeGenerate(newComplete('Once', { sampling: {}, ...more }))
  expect([...isRequest.Errors(encoded.body)]).toEqual([])
  return encoded
}
const parameters = (more: Partial<CompleteInput>) => encode(more).body['parameters']

it('is read again as it was', () => {
  const input = newComplete('Once', {
    echo: true,
    topLogprobs: 2,
    sampling: { maxTokens: 5, temperature: 0.5, topP: 0.5, topK: 3, seed: 7, stop: ['END'] },
  })
  expect(decodeGenerate(encodeGenerate(input).body)).toEqual(input)
})

it('says what TGI refuses to be told by leaving it out', () => {
  expect(parameters({ sampling: { temperature: 0, topP: 0.5, topK: 5 } })).toEqual({
    do_sample: false,
    details: true,
  })
  expect(parameters({ sampling: { temperature: 1, topP: 1, topK: -1, seed: -3, repeatPenalty: 0 } })).toEqual(
    {
      do_sample: true,
      temperature: 1,
      seed: 3,
      details: true,
    },
  )
  expect(parameters({ sampling: { frequencyPenalty: 1, repeatPenalty: 1.2 } })).toEqual({
    repetition_penalty: 1.2,
    frequency_penalty: 1,
    details: true,
  })
})

it('takes its own parameters from a client, and drops others by name', () => {
  const { body, dropped } = encode({
    extra: { grammar: { type: 'json', value: {} }, user: 'me' },
    sampling: { minP: 0.1, presencePenalty: 1, logitBias: {} },
  })
  expect(body['parameters']).toMatchObject({ grammar: { type: 'json' } })
  expect(dropped.toSorted()).toEqual(['logit_bias', 'min_p', 'presence_penalty', 'user'])
})

it.each<[string, Partial<CompleteInput>]>([
  ['prompt', { prompts: ['a', 'b'] }],
  ['prompt', { prompts: [[1, 2]] }],
  ['n', { choices: 2 }],
  ['suffix', { suffix: 'end' }],
  ['max_tokens', { sampling: { maxTokens: 0 } }],
])('refuses %s', (param, more) => {
  expect(() => encode(more)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', details: { param } }))
})
