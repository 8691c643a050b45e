import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createVault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import {
  blocksOf,
  type ItemTurn,
  pathIn,
  turnItem,
  readItems,
  type Sealing,
} from '../../../../../src/daemon/contexts/hot-redis/items.ts'
import { chainHashOf, sha256 } from '../../../../../src/daemon/contexts/journal/hashes.ts'

const plain: Sealing = { seal: (bytes) => bytes, open: (bytes) => bytes }

const turnOf = (number: number, parent: string | null, text = `text ${number}`): ItemTurn => ({
  id: `t${number}`,
  parent,
  role: 'user',
  at: 1_700_000_000_000 + number,
  state: 'complete',
  pinned: number % 2 === 1,
  ...(number % 3 === 0 && { origin: { model: 'm', inputTokens: number } }),
  body: Buffer.from(text),
})
const pathOf = (count: number, text?: string): ItemTurn[] =>
  Array.from({ length: count }, (_, index) => turnOf(index + 1, index === 0 ? null : `t${index}`, text))

describe('items', () => {
  it('read back as they were written, in blocks and alone', async () => {
    const turns = pathOf(100)
    const { items, full } = await blocksOf(turns.slice(0, 70), plain)
    expect([items.length, full]).toEqual([2, 1])
    const read = readItems([...items, ...turns.slice(70).map((turn) => turnItem(turn, plain))], plain)
    expect([...read.values()]).toEqual(turns)
  })

  it('are full with 64 turns or 128 KB', async () => {
    expect(await blocksOf(pathOf(64), plain)).toMatchObject({ full: 1, items: { length: 1 } })
    expect(await blocksOf(pathOf(4, 'x'.repeat(80_000)), plain)).toMatchObject({
      full: 2,
      items: { length: 2 },
    })
    expect(await blocksOf([], plain)).toEqual({ full: 0, items: [] })
  })

  it('are right in the last place that has a turn', () => {
    const [turn] = pathOf(1) as [ItemTurn]
    const open = { ...turn, state: 'streaming' as const, body: Buffer.from('{}') }
    expect(readItems([turnItem(open, plain), turnItem(turn, plain)], plain).get('t1')).toEqual(turn)
  })

  it('of which any byte was changed, or that end early, are refused', async () => {
    const { items } = await blocksOf(pathOf(3), plain)
    for (const item of [...items, turnItem(turnOf(1, null), plain)])
      for (let at = 0; at < item.length; at += 1) {
        const changed = Buffer.from(item)
        changed[at]! ^= 0x41
        expect(() => readItems([changed], plain)).toThrow()
        expect(() => readItems([item.subarray(0, at)], plain)).toThrow()
      }
  })

  it('are encrypted where there is a key, for one context', () => {
    const vault = createVault([{ id: 'k', key: randomBytes(32) }])
    const of = (context: string): Sealing => {
      const cipher = vault.of({ tenant: 't', context })
      return { seal: (bytes) => cipher.seal('hot', bytes), open: (bytes) => cipher.open('hot', bytes) }
    }
    const turn = turnOf(1, null, 'a secret text')
    const item = turnItem(turn, of('c'))
    expect(item.includes('secret')).toBe(false)
    expect(readItems([item], of('c')).get('t1')).toEqual(turn)
    expect(() => readItems([item], of('other'))).toThrow()
  })
})

describe('a path in a copy', () => {
  const turns = new Map([...pathOf(5), turnOf(9, 't2')].map((turn) => [turn.id, turn]))

  it('goes up by the parents, with the hashes that the journal has', () => {
    const path = pathIn(turns, 't9')
    expect(path?.map(({ id, seq }) => [id, seq])).toEqual([
      ['t1', 1],
      ['t2', 2],
      ['t9', 3],
    ])
    let chainHash: string | undefined
    for (const turn of path ?? []) {
      chainHash = chainHashOf(chainHash, sha256(turn.body))
      expect(turn).toMatchObject({ bodyHash: sha256(turn.body), chainHash, bodyBytes: turn.body.length })
    }
  })

  it('is none where a turn is not there, and refused where it has no end', () => {
    expect(pathIn(turns, 'absent')).toBeUndefined()
    expect(pathIn(new Map([...turns].filter(([id]) => id !== 't1')), 't5')).toBeUndefined()
    const circle = new Map([turnOf(1, 't2'), turnOf(2, 't1')].map((turn) => [turn.id, turn]))
    expect(() => pathIn(circle, 't2')).toThrow()
  })
})
