import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../../src/client/index.ts'
import {
  type ConversationAction,
  type ConversationState,
  messagesOf,
  reduceConversation,
} from '../../../src/views/conversation-state.ts'

const play = (...actions: ConversationAction[]): ConversationState =>
  actions.reduce(reduceConversation, { turns: [] } as ConversationState)
const event = (given: ChatEvent): ConversationAction => ({ type: 'event', event: given })
const text = (piece: string, index = 0) => event({ type: 'text-delta', index, text: piece })
const reasoning = (piece: string) => event({ type: 'reasoning-delta', index: 0, text: piece })
const ask = (question: string): ConversationAction => ({ type: 'ask', text: question })
const end: ConversationAction = { type: 'end' }

describe('a conversation', () => {
  it('collects an answer and makes it a turn at its end', () => {
    const asked = [ask('Why?'), reasoning('Hm'), text('Be'), text('cause'), text('other choice', 1)]
    expect(play(...asked).answer).toEqual({ text: 'Because', reasoning: 'Hm' })
    expect(play(...asked, end)).toEqual({
      turns: [
        { role: 'user', text: 'Why?' },
        { role: 'assistant', text: 'Because', reasoning: 'Hm' },
      ],
    })
  })

  it('says what the daemon warns of, and that an answer was cut', () => {
    const start = {
      type: 'start',
      id: '1',
      adapter: 'a',
      backend: 'b',
      model: 'm',
      warnings: ['no seed'],
    } as const
    const state = play(
      ask('Why?'),
      event(start),
      text('x'),
      event({ type: 'finish', index: 0, reason: 'length' }),
      end,
    )
    expect(state.turns.map((turn) => turn.text)).toEqual([
      'Why?',
      'no seed',
      'The answer stopped at the limit of tokens.',
      'x',
    ])
  })

  it('keeps what was written of an answer that was stopped', () => {
    const state = play(ask('Why?'), text('Bec'), { type: 'end', notice: 'Stopped.' })
    expect(state.turns.map((turn) => turn.text)).toEqual(['Why?', 'Bec', 'Stopped.'])
    expect(messagesOf([], state)).toHaveLength(2)
  })

  it('hears nothing more of an answer that has ended', () => {
    const ended = play(ask('Why?'), text('x'), end)
    expect(reduceConversation(ended, text('late'))).toEqual(ended)
  })
})

describe('messagesOf', () => {
  const system = { role: 'system', content: 'Be brief.' } as const

  it('is what the conversation began with, then its turns', () => {
    expect(
      messagesOf(
        [system],
        play(ask('a'), text('b'), end, { type: 'notice', text: 'note' }, ask('c'), text('d'), end),
      ),
    ).toEqual([
      system,
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd' },
    ])
  })

  it('leaves out a question that got no answer, so that roles alternate', () => {
    const failed = play(
      ask('a'),
      { type: 'end', notice: 'It broke.' },
      ask('b'),
      reasoning('hm'),
      end,
      ask('c'),
      text('d'),
      end,
    )
    expect(messagesOf([], failed).map(({ content }) => content)).toEqual(['c', 'd'])
  })

  it('knows nothing of what was forgotten', () => {
    const state = play(ask('a'), text('b'), end, { type: 'forget' }, ask('c'), text('d'), end)
    expect(messagesOf([system], state).map(({ content }) => content)).toEqual(['Be brief.', 'c', 'd'])
  })
})
