import { expect, it } from 'vitest'
import { newChat, newComplete } from '../../../../src/conformance/request.ts'
import { decodeGenerate, encodeGenerate } from '../../../../src/dialects/fastchat/worker-request.ts'

const prompt = { text: 'Once', stop: ['<end>'], stopTokenIds: [2] }

it('has what a worker knows, by its names', () => {
  const sampling = {
    temperature: 0,
    topP: 0.5,
    topK: 0,
    maxTokens: 3,
    stop: ['.', '<end>'],
    repeatPenalty: 1.1,
    presencePenalty: 1,
    frequencyPenalty: -1,
  }
  const { body, dropped } = encodeGenerate('m', newComplete('Once', { sampling, echo: true }), prompt)
  expect(body).toEqual({
    model: 'm',
    prompt: 'Once',
    temperature: 0,
    top_p: 0.5,
    top_k: -1,
    max_new_tokens: 3,
    repetition_penalty: 1.1,
    presence_penalty: 1,
    frequency_penalty: -1,
    stop: ['.', '<end>'],
    stop_token_ids: [2],
    echo: true,
  })
  expect(dropped).toEqual([])
  expect(decodeGenerate(body)).toMatchObject({ prompts: ['Once'], echo: true, sampling: { maxTokens: 3 } })
})

it('names what a worker does not know', () => {
  const sampling = { seed: 1, minP: 0.1, logitBias: { 1: 5 } }
  const input = newChat('Hi.', { sampling, topLogprobs: 1, reasoningEffort: 'low', extra: { user: 'me' } })
  expect(encodeGenerate('m', input, prompt).dropped).toEqual([
    'min_p',
    'seed',
    'logit_bias',
    'logprobs',
    'reasoning_effort',
    'user',
  ])
})
