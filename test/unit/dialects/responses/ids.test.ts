import { describe, expect, it } from 'vitest'
import {
  contextOfConversation,
  conversationIdOf,
  firstThought,
  itemIdOf,
  responseIdOf,
  turnOfItem,
  turnOfResponse,
} from '../../../../src/dialects/responses/ids.ts'

describe('ids', () => {
  it('lead back to the turn and the context they are made of', () => {
    expect(turnOfResponse(responseIdOf('t_1-A'))).toBe('t_1-A')
    expect(contextOfConversation(conversationIdOf('c_1-A'))).toBe('c_1-A')
    for (const kind of ['msg', 'rs', 'fco'] as const) expect(turnOfItem(itemIdOf(kind, 't_1'))).toBe('t_1')
    expect(turnOfItem(itemIdOf('fc', 't_1', 12))).toBe('t_1')
  })

  it('of later thoughts lead to the first', () => {
    expect(firstThought(itemIdOf('rs', 't_1', 2))).toBe(itemIdOf('rs', 't_1'))
    expect(firstThought('rs_t')).toBeUndefined()
    expect(firstThought('fc_t_1')).toBeUndefined()
  })

  it.each(['', 'resp_', 'resp_{a}', 'resp_a b', `resp_${'x'.repeat(65)}`, 'conv_a', 'resp_a\n', 'xresp_a'])(
    'of a response are not %j',
    (id) => {
      expect(turnOfResponse(id)).toBeUndefined()
    },
  )

  it.each(['', 'conv_', 'conv_..', 'resp_a', 'conv_a/b'])('of a conversation are not %j', (id) => {
    expect(contextOfConversation(id)).toBeUndefined()
  })

  it.each(['', 'msg_', 'fc_a', 'xx_a', 'msg_a b', 'fc_a_'])('of an item are not %j', (id) => {
    expect(turnOfItem(id)).toBeUndefined()
  })
})
