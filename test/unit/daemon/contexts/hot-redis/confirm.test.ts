import { describe, expect, it } from 'vitest'
import type { Position } from '../../../../../src/core/journal.ts'
import { confirm } from '../../../../../src/daemon/contexts/hot-redis/confirm.ts'
import type { HotCopy } from '../../../../../src/daemon/contexts/hot-redis/copy.ts'
import { type ItemTurn, pathIn } from '../../../../../src/daemon/contexts/hot-redis/items.ts'

const turnOf = (id: string, parent: string | null, text: string): [string, ItemTurn] => [
  id,
  { id, parent, role: 'user', at: 1, state: 'complete', pinned: false, body: Buffer.from(text) },
]
const turns = new Map([turnOf('a', null, 'one'), turnOf('b', 'a', 'two'), turnOf('c', 'b', 'three')])
const copy = (of: ReadonlyMap<string, ItemTurn>): HotCopy => ({
  kind: 'copy',
  seen: 'x',
  revision: 'r7',
  turns: () => of,
})
const position: Position = {
  revision: 'r7',
  end: 'c',
  length: 3,
  chainHash: pathIn(turns, 'c')?.at(-1)?.chainHash ?? '',
}

describe('a copy', () => {
  it('is confirmed by its revision, its length and the hash of all its bodies', () => {
    expect(confirm(copy(turns), position)).toMatchObject({ outcome: 'hit', turns: { length: 3 } })
    expect(confirm(copy(turns), { ...position, end: null, length: 0, chainHash: null })).toEqual({
      outcome: 'hit',
      turns: [],
    })
  })

  it.each<[string, HotCopy, Partial<Position>]>([
    ['stale', copy(turns), { revision: 'r8' }],
    ['miss', copy(new Map([...turns].slice(1))), {}],
    ['miss', copy(turns), { end: 'd' }],
    ['broken', copy(turns), { length: 4 }],
    ['broken', copy(new Map([...turns, turnOf('a', null, 'another')])), {}],
    ['broken', copy(new Map([...turns, turnOf('b', null, 'two')])), {}],
    ['broken', copy(new Map([...turns, turnOf('a', 'c', 'one')])), {}],
    ['miss', { kind: 'none', seen: '' }, {}],
    ['broken', { kind: 'broken', seen: undefined }, {}],
    ['pending', { kind: 'pending' }, {}],
    ['unavailable', { kind: 'unavailable' }, {}],
  ])('is %s otherwise', (outcome, found, at) =>
    expect(confirm(found, { ...position, ...at })).toEqual({ outcome }),
  )

  it('is broken where it cannot be read', () => {
    const unreadable = {
      ...copy(turns),
      turns: () => {
        throw new Error('rubbish')
      },
    }
    expect(confirm(unreadable, position)).toEqual({ outcome: 'broken' })
  })
})
