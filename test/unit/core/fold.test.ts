import { describe, expect, it } from 'vitest'
import { createFold, fold, unfold } from '../../../src/core/fold.ts'
import type { InferenceEvent, InferenceResponse } from '../../../src/core/inference.ts'

const stream = async function* (events: readonly InferenceEvent[]): AsyncGenerator<InferenceEvent> {
  yield* events
}

describe('fold', () => {
  it('joins what belongs together, choice by choice', async () => {
    const events: InferenceEvent[] = [
      { type: 'start', model: 'm', id: 'x' },
      { type: 'text-delta', index: 0, text: '' },
      { type: 'text-delta', index: 1, text: 'B' },
      { type: 'reasoning-delta', index: 0, text: 'Hm' },
      { type: 'reasoning-delta', index: 0, text: '.' },
      { type: 'text-delta', index: 0, text: 'A', logprobs: [{ token: 'A', logprob: -1 }] },
      { type: 'other', frame: { dialect: 'd', bytes: Buffer.from(': ping\n\n') } },
      { type: 'text-delta', index: 0, text: 'a', logprobs: [{ token: 'a', logprob: -2 }] },
      { type: 'finish', index: 1, reason: 'length' },
      { type: 'finish', index: 0, reason: 'stop' },
      { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
      { type: 'end', timings: { promptMs: 3 } },
    ]
    expect(await fold(stream(events))).toEqual({
      model: 'm',
      id: 'x',
      choices: [
        {
          index: 0,
          text: 'Aa',
          reasoning: 'Hm.',
          logprobs: [
            { token: 'A', logprob: -1 },
            { token: 'a', logprob: -2 },
          ],
          finishReason: 'stop',
        },
        { index: 1, text: 'B', finishReason: 'length' },
      ],
      usage: { inputTokens: 1, outputTokens: 2 },
      timings: { promptMs: 3 },
    })
  })

  it('tells an empty text from none', async () => {
    const { choices } = await fold(
      stream([
        { type: 'text-delta', index: 0, text: '' },
        { type: 'finish', index: 1, reason: 'stop' },
      ]),
    )
    expect(choices.map(({ text }) => text)).toEqual(['', null])
  })

  it('joins the fragments of a tool call and closes gaps in their numbering', async () => {
    const { choices } = await fold(
      stream([
        { type: 'tool-call-delta', index: 0, call: 1, id: 'one', name: 'weather', argumentsText: '{"city"' },
        { type: 'tool-call-delta', index: 0, call: 3, id: 'three', name: 'time', argumentsText: '' },
        { type: 'tool-call-delta', index: 0, call: 1, id: 'again', argumentsText: ':"Basel"}' },
        { type: 'finish', index: 0, reason: 'tool-calls' },
      ]),
    )
    expect(choices).toEqual([
      {
        index: 0,
        text: null,
        toolCalls: [
          { id: 'one', name: 'weather', argumentsText: '{"city":"Basel"}' },
          { id: 'three', name: 'time', argumentsText: '' },
        ],
        finishReason: 'tool-calls',
      },
    ])
  })

  it('keeps the numbers of choices that leave gaps', async () => {
    const { choices } = await fold(stream([{ type: 'text-delta', index: 2, text: 'C' }]))
    expect(choices).toEqual([{ index: 2, text: 'C', finishReason: 'other' }])
  })

  it('survives absurd numbering without filling the gaps', async () => {
    const { choices } = await fold(
      stream([
        { type: 'text-delta', index: 4_000_000_000, text: 'far' },
        { type: 'tool-call-delta', index: 0, call: 4_000_000_000, id: 'a', name: 'b', argumentsText: '' },
      ]),
    )
    expect(choices.map(({ index }) => index)).toEqual([0, 4_000_000_000])
    expect(choices[0]?.toolCalls).toEqual([{ id: 'a', name: 'b', argumentsText: '' }])
  })

  it('orders embeddings by their number', async () => {
    const { embeddings } = await fold(
      stream([
        { type: 'embedding', index: 1, values: [2] },
        { type: 'embedding', index: 0, values: [1] },
      ]),
    )
    expect(embeddings).toEqual([[1], [2]])
  })

  it('is the whole response where there is one', async () => {
    const response: InferenceResponse = {
      model: 'm',
      choices: [{ index: 0, text: 'A', finishReason: 'stop' }],
    }
    expect(await fold(stream([{ type: 'whole', response: () => response }]))).toBe(response)
  })
})

describe('createFold', () => {
  it('says what has come so far', () => {
    const folding = createFold()
    folding.push({ type: 'start', model: 'm' })
    folding.push({ type: 'text-delta', index: 0, text: 'Half an ans' })
    expect(folding.result()).toEqual({
      model: 'm',
      choices: [{ index: 0, text: 'Half an ans', finishReason: 'other' }],
    })
  })
})

describe('unfold', () => {
  it('gives the events in the order of the grammar', () => {
    const response: InferenceResponse = {
      model: 'm',
      id: 'x',
      choices: [
        {
          index: 0,
          text: 'A',
          reasoning: 'Hm.',
          toolCalls: [{ id: 'c', name: 'n', argumentsText: '{}' }],
          finishReason: 'tool-calls',
        },
      ],
      usage: { inputTokens: 1, outputTokens: 1 },
      timings: { loadMs: 1 },
    }
    expect([...unfold(response)].map(({ type }) => type)).toEqual([
      'start',
      'reasoning-delta',
      'text-delta',
      'tool-call-delta',
      'finish',
      'usage',
      'end',
    ])
  })
})
