import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import type { InferenceResponse } from '../../../../src/core/inference.ts'
import { decodeGenerated, encodeGenerated } from '../../../../src/dialects/tgi/response.ts'
import { GenerateResponse } from '../../../../src/dialects/tgi/schemas.ts'

const isResponse = Compile(GenerateResponse)
const asked = { model: 'm', logprobs: false }

it('is the same after encoding and decoding', () => {
  const response: InferenceResponse = {
    model: 'm',
    choices: [{ index: 0, text: 'upon a time', finishReason: 'length' }],
    usage: { inputTokens: 3, outputTokens: 4 },
    timings: { generateMs: 1 },
  }
  const { body, headers } = encodeGenerated(response, true)
  expect(isResponse.Check(body)).toBe(true)
  expect(decodeGenerated(body, headers, asked)).toEqual(response)
  expect(decodeGenerated([body], headers, asked)).toEqual(response)
})

it('has the probabilities of its tokens but of the special ones', () => {
  const details = {
    finish_reason: 'stop_sequence',
    generated_tokens: 2,
    tokens: [
      { id: 1, text: 'a', logprob: -1, special: false },
      { id: 2, text: '</s>', logprob: -2, special: true },
    ],
    top_tokens: [[{ id: 3, text: 'b', logprob: -3 }], []],
  }
  const { choices, usage } = decodeGenerated(
    { generated_text: 'a', details },
    {},
    { model: 'm', logprobs: true },
  )
  expect(choices[0]).toMatchObject({
    finishReason: 'stop',
    logprobs: [{ token: 'a', logprob: -1, top: [{ token: 'b', logprob: -3 }] }],
  })
  // How long the prompt was it only says in a header.
  expect(usage).toBeUndefined()
})

it.each([[{}], [[]], ['text'], [{ generated_text: 7 }]])('is none as %j', (value) => {
  expect(() => decodeGenerated(value, {}, asked)).toThrow(/no generated_text/)
})
