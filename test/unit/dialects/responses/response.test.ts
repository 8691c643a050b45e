import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import type { Choice, InferenceResponse } from '../../../../src/core/inference.ts'
import { encodeFailed, encodeResponse, encodeStored } from '../../../../src/dialects/responses/response.ts'
import { ResponseObject } from '../../../../src/dialects/responses/response-schemas.ts'
import { settingsOf } from '../../../../src/dialects/responses/settings.ts'

const settings = settingsOf({ model: 'm' }, {})
const facts = { turn: 't1', model: 'm', createdSeconds: 1000, settings }
const answer = (choice: Partial<Choice>): InferenceResponse => ({
  model: 'm',
  choices: [{ index: 0, text: null, finishReason: 'stop', ...choice }],
  usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1, reasoningTokens: 1 },
})
const check = Compile(ResponseObject)
const valid = <T>(response: T): T => {
  expect([...check.Errors(response)]).toEqual([])
  return response
}

describe('encodeResponse', () => {
  it('has reasoning, text and calls as items', () => {
    const response = encodeResponse(
      answer({
        text: 'Hi',
        reasoning: 'Hm.',
        toolCalls: [{ id: '', name: 'f', argumentsText: '{}' }],
        finishReason: 'tool-calls',
        logprobs: [{ token: 'Hi', logprob: -0.5, top: [{ token: 'Ho', logprob: -1 }] }],
      }),
      facts,
    )
    expect(valid(response)).toMatchObject({
      id: 'resp_t1',
      object: 'response',
      status: 'completed',
      incomplete_details: null,
      output: [
        { type: 'reasoning', id: 'rs_t1', content: [{ text: 'Hm.' }] },
        {
          type: 'message',
          id: 'msg_t1',
          status: 'completed',
          content: [
            {
              text: 'Hi',
              logprobs: [{ token: 'Hi', bytes: [72, 105], top_logprobs: [{ token: 'Ho' }] }],
            },
          ],
        },
        { type: 'function_call', id: 'fc_t1_0', call_id: 'call_t1_0_0', name: 'f', arguments: '{}' },
      ],
      usage: {
        input_tokens: 3,
        output_tokens: 2,
        total_tokens: 5,
        input_tokens_details: { cached_tokens: 1 },
        output_tokens_details: { reasoning_tokens: 1 },
      },
    })
  })

  it.each([
    ['length', 'max_output_tokens'],
    ['content-filter', 'content_filter'],
  ] as const)('is incomplete after %s', (finishReason, reason) => {
    expect(valid(encodeResponse(answer({ text: 'Hi', finishReason }), facts))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
      output: [{ status: 'incomplete' }],
    })
  })

  it('has a message even of nothing', () => {
    expect(valid(encodeResponse(answer({}), facts)).output).toMatchObject([
      { type: 'message', content: [{ text: '' }] },
    ])
  })
})

describe('encodeStored', () => {
  const message = { role: 'assistant', content: 'Hi' } as const

  it('is what was answered', () => {
    const usage = { inputTokens: 3, outputTokens: 2 }
    const live = encodeResponse({ ...answer({ text: 'Hi' }), usage }, facts)
    expect(encodeStored({ message, state: 'complete', finishReason: 'stop', usage }, facts)).toEqual(live)
  })

  it('is in progress while the answer is written', () => {
    const empty = { role: 'assistant', content: null } as const
    expect(valid(encodeStored({ message: empty, state: 'streaming' }, facts))).toMatchObject({
      status: 'in_progress',
      output: [],
    })
  })

  it('has failed where the answer was cut short, with what there is of it', () => {
    expect(valid(encodeStored({ message, state: 'aborted' }, facts))).toMatchObject({
      status: 'failed',
      error: { code: 'server_error' },
      output: [{ status: 'incomplete', content: [{ text: 'Hi' }] }],
    })
    const empty = { role: 'assistant', content: null } as const
    expect(encodeStored({ message: empty, state: 'aborted' }, facts).output).toEqual([])
  })
})

describe('encodeFailed', () => {
  it('says what happened and what to do', () => {
    const error = new McpdError('BACKEND_TIMEOUT', 'Too slow.', { suggestions: ['Wait.'] })
    expect(valid(encodeFailed(error, [], facts))).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'Too slow. Wait.' },
    })
    const busy = new McpdError('RATE_LIMITED', 'Slow down.')
    expect(encodeFailed(busy, [], facts).error).toMatchObject({ code: 'rate_limit_exceeded' })
  })
})
