import { describe, expect, it } from 'vitest'
import type { Message } from '../../../../../src/core/inference.ts'
import { brokenCalls, toHistory } from '../../../../../src/daemon/adapters/embedded/history.ts'

const call = { id: '1', name: 'clock', argumentsText: '{"city":"Bern"}' }
const asked: Message = { role: 'assistant', content: null, toolCalls: [call] }

describe('toHistory', () => {
  it('ends with the answer that is to be written', () => {
    expect(
      toHistory([
        { role: 'developer', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hel' },
            { type: 'text', text: 'lo' },
          ],
        },
      ]),
    ).toEqual([
      { type: 'system', text: 'Be kind.' },
      { type: 'user', text: 'Hello' },
      { type: 'model', response: [] },
    ])
  })

  it('puts the result of a call beside it, as a value where it is JSON', () => {
    const history = toHistory([
      { role: 'user', content: 'Time?' },
      asked,
      { role: 'tool', toolCallId: '1', content: '{"hour":12}' },
      { role: 'assistant', content: 'Noon.', reasoning: 'It is twelve.' },
    ])
    expect(history).toEqual([
      { type: 'user', text: 'Time?' },
      {
        type: 'model',
        response: [
          {
            type: 'functionCall',
            name: 'clock',
            params: { city: 'Bern' },
            result: { hour: 12 },
            startsNewChunk: true,
          },
          { type: 'segment', segmentType: 'thought', text: 'It is twelve.', ended: true },
          'Noon.',
        ],
      },
    ])
  })

  it('keeps arguments and results that are not JSON as text', () => {
    const [, model] = toHistory([
      { role: 'user', content: 'Time?' },
      { role: 'assistant', content: null, toolCalls: [{ ...call, argumentsText: '{oops' }] },
      { role: 'tool', toolCallId: '1', content: 'noon' },
    ])
    expect(model).toMatchObject({ response: [{ params: '{oops', result: 'noon' }] })
  })
})

describe('brokenCalls', () => {
  it('finds calls without answers and answers without calls', () => {
    expect(brokenCalls([asked])).toBe("No tool message answers the call '1'.")
    expect(brokenCalls([{ role: 'tool', toolCallId: '2', content: '' }])).toContain("the call '2'")
    expect(brokenCalls([asked, { role: 'tool', toolCallId: '1', content: '' }])).toBeUndefined()
    expect(brokenCalls([{ role: 'user', content: 'Hi', toolCalls: [call] }])).toBeUndefined()
  })
})
