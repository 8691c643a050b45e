import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { SharedJournal } from '../../../../src/core/journal.ts'
import { newId } from '../../../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../../../src/daemon/contexts/journal/memory.ts'
import { createContextStore } from '../../../../src/daemon/contexts/store.ts'
import { sharing } from './a-shared-journal.ts'

const tenant = 'default'
const say = (text: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content: text }) })

/** Two daemons without a Redis on one journal that counts what is read of it. */
const newStores = () => {
  const journal = sharing(createMemoryJournal({ now: Date.now, newId }))
  const seen = { paths: 0, positions: 0 }
  const watched: SharedJournal = {
    ...journal,
    path: (...query) => {
      seen.paths += 1
      return journal.path(...query)
    },
    position: (...query) => {
      seen.positions += 1
      return journal.position(...query)
    },
  }
  const [mine, other] = [createContextStore({ journal: watched }), createContextStore({ journal })]
  return { mine, other, journal, seen }
}

describe('memory beside a journal that others write to', () => {
  it('serves what this daemon has written, asked for each time whether it still holds', async () => {
    const { mine, seen } = newStores()
    const { context } = await mine.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    await mine.append({ ...key, expected: '*', turns: [say('two')], opens: { id: 'a', role: 'assistant' } })
    expect((await mine.path(key)).turns.map(({ state }) => state)).toEqual([
      'complete',
      'complete',
      'streaming',
    ])
    await mine.append({ ...key, expected: '*', closes: 'a', turns: [{ ...say('three'), role: 'assistant' }] })
    expect((await mine.path(key)).turns.map(({ state }) => state)).toEqual(Array(3).fill('complete'))
    expect((await mine.path(key, { head: 'main' }, { last: 1 })).turns).toHaveLength(1)
    expect(seen).toEqual({ paths: 0, positions: 3 })
  })

  it('is not asked where another daemon has written, pinned, rewound or deleted', async () => {
    const { mine, other, journal } = newStores()
    const { context, turns } = await mine.create({ tenant, turns: [say('one'), say('two')] })
    const key = { tenant, context }
    const [first = ''] = turns.map(({ id }) => id)
    const changes = [
      () => other.append({ ...key, expected: '*', turns: [say('three')] }),
      () => other.annotate(key, { pins: { [first]: true } }),
      () => other.fork({ ...key, from: { turn: first }, name: 'side' }),
      () => other.rewind({ ...key, to: first }),
    ]
    for (const change of changes) {
      await mine.path(key)
      await change()
      expect(await mine.path(key)).toEqual(await journal.path(key, { head: 'main' }))
    }
    await other.delete(key)
    await expect(mine.path(key)).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND' })
    await other.create({ ...key, turns: [say('anew')] })
    expect((await mine.path(key)).turns).toHaveLength(1)
  })

  it('is filled once for all that wait, and serves what was read', async () => {
    const { mine, other, seen } = newStores()
    const { context } = await other.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    await Promise.all(Array.from({ length: 20 }, () => mine.path(key)))
    await mine.path(key)
    expect(seen).toEqual({ paths: 1, positions: 21 })
  })

  it('goes on after an append that conflicts or comes twice', async () => {
    const { mine, seen } = newStores()
    const { context } = await mine.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    const once = { ...key, expected: '*', turns: [say('two')], idempotencyKey: 'k' }
    await mine.append(once)
    await mine.append(once)
    await expect(mine.append({ ...key, expected: 'elsewhere', turns: [say('x')] })).rejects.toThrow()
    expect((await mine.path(key)).turns).toHaveLength(2)
    expect(seen.paths).toBe(0)
  })
})
