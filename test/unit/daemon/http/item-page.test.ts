import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { StoredTurn } from '../../../../src/core/context.ts'
import type { Message } from '../../../../src/core/inference.ts'
import { pageOf, type PageQuery } from '../../../../src/daemon/http/item-page.ts'

const turn = (id: string, message: Message, state: StoredTurn['state'] = 'complete'): StoredTurn => {
  const body = bodyOf(message)
  return {
    id,
    parent: null,
    seq: 1,
    role: message.role,
    at: 0,
    state,
    bodyHash: '',
    chainHash: '',
    bodyBytes: body.length,
    pinned: false,
    body,
  }
}

const calls = ['c1', 'c2'].map((id) => ({ id, name: 'f', argumentsText: '{}' }))
const turns = [
  turn('a', { role: 'user', content: 'one' }),
  turn('b', { role: 'assistant', content: null }, 'aborted'),
  turn('c', { role: 'assistant', content: 'two', reasoning: 'Hm.', toolCalls: calls }),
  turn('d', { role: 'tool', content: 'three', toolCallId: 'c1' }),
  turn('e', { role: 'assistant', content: 'fo' }, 'aborted'),
  turn('f', { role: 'assistant', content: null }, 'streaming'),
]
const all = ['msg_a', 'rs_c', 'msg_c', 'fc_c_0', 'fc_c_1', 'fco_d', 'msg_e']

interface Page {
  readonly data: readonly { readonly id: string; readonly status: string }[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}
const page = (query: PageQuery) => pageOf(turns, query) as unknown as Page // its members are what is tested
const idsOf = ({ data }: Page): string[] => data.map(({ id }) => id)

describe('a page of items', () => {
  it('has the last first, unless asked otherwise', () => {
    expect(idsOf(page({}))).toEqual(all.toReversed())
    expect(page({ order: 'asc' })).toMatchObject({ first_id: 'msg_a', last_id: 'msg_e', has_more: false })
  })

  it('shows what was cut short as incomplete, and nothing of what is not there', () => {
    const { data } = page({ order: 'asc' })
    expect(data.filter(({ status }) => status !== 'completed')).toMatchObject([
      { id: 'msg_e', status: 'incomplete' },
    ])
  })

  it.each(['asc', 'desc'] as const)('leads to the next in the order %s, wherever it is cut', (order) => {
    for (let size = 1; size <= all.length + 1; size += 1) {
      const found: string[] = []
      let next: Page | undefined
      do {
        next = page({ order, limit: String(size), ...(next?.last_id && { after: next.last_id }) })
        expect(next.data.length).toBeLessThanOrEqual(size)
        found.push(...idsOf(next))
      } while (next.has_more)
      expect(found).toEqual(order === 'asc' ? all : all.toReversed())
    }
  })

  it('is empty of nothing', () => {
    expect(pageOf([], {})).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    })
  })

  it.each(['msg_z', 'fc_c_2', 'nonsense', 'msg_b'])('cannot begin after %s', (after) => {
    expect(() => page({ after })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', details: { param: 'after' } }),
    )
  })
})
