import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { Journal } from '../../../../src/core/journal.ts'
import { newId } from '../../../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../../../src/daemon/contexts/journal/memory.ts'
import { createContextStore } from '../../../../src/daemon/contexts/store.ts'
import { sharing } from './a-shared-journal.ts'

const tenant = 'default'
const say = (text: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content: text }) })

/** A store over a journal that counts and can hold back what it reads. */
const newStore = (facts: { shared?: boolean; hotMaxBytes?: number } = {}) => {
  const own = createMemoryJournal({ now: Date.now, newId })
  const journal: Journal = facts.shared ? sharing(own) : own
  const seen = { paths: 0, gate: undefined as Promise<void> | undefined, broken: undefined as unknown }
  const watched: Journal = {
    ...journal,
    append: async (request) => {
      const result = await journal.append(request)
      if (seen.broken) throw seen.broken
      return result
    },
    path: async (...query) => {
      seen.paths += 1
      const path = await journal.path(...query)
      await seen.gate
      return path
    },
  }
  const { hotMaxBytes } = facts
  return {
    store: createContextStore({ journal: watched, ...(hotMaxBytes !== undefined && { hotMaxBytes }) }),
    journal,
    seen,
  }
}

const textsOf = async (path: Promise<{ turns: readonly { body: Buffer }[] }>) =>
  (await path).turns.map(({ body }) => (JSON.parse(body.toString()) as { content?: string }).content)

describe('paths in memory', () => {
  it('go on with each append, and are read from the journal once', async () => {
    const { store, seen } = newStore()
    const { context } = await store.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    for (const text of ['two', 'three']) await store.append({ ...key, expected: '*', turns: [say(text)] })
    expect(await textsOf(store.path(key))).toEqual(['one', 'two', 'three'])
    expect(await textsOf(store.path(key, { head: 'main' }, { last: 1 }))).toEqual(['three'])
    expect(seen.paths).toBe(0)
  })

  it('are read once for all that wait', async () => {
    const { store, journal, seen } = newStore()
    await journal.append({ tenant, context: 'c', head: 'main', expected: null, turns: [say('one')] })
    const paths = await Promise.all(Array.from({ length: 20 }, () => store.path({ tenant, context: 'c' })))
    expect(seen.paths).toBe(1)
    expect(new Set(paths.map(({ turns }) => turns)).size).toBe(1)
  })

  it('show what was acknowledged before they were asked for, even while an older read is under way', async () => {
    const { store, journal, seen } = newStore()
    const key = { tenant, context: 'c' }
    await journal.append({ ...key, head: 'main', expected: null, turns: [say('one')] })
    const { promise, resolve } = Promise.withResolvers<void>()
    seen.gate = promise
    const early = store.path(key)
    await store.append({ ...key, expected: '*', turns: [say('two')] })
    const late = store.path(key)
    resolve()
    await early
    expect(await textsOf(late)).toEqual(['one', 'two'])
    expect(await textsOf(store.path(key))).toEqual(['one', 'two'])
  })

  it('forget what an append of unknown outcome may have changed', async () => {
    const { store, seen } = newStore()
    const { context } = await store.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    seen.broken = new Error('gone')
    await expect(store.append({ ...key, expected: '*', turns: [say('two')] })).rejects.toThrow('gone')
    seen.broken = undefined
    expect(await textsOf(store.path(key))).toEqual(['one', 'two'])
  })

  it('follow heads that other processes move', async () => {
    const { store, journal } = newStore({ shared: true })
    const { context } = await store.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    await journal.append({ ...key, head: 'main', expected: '*', turns: [say('two')] })
    expect(await textsOf(store.path(key))).toEqual(['one', 'two'])
    await journal.append({ ...key, head: 'main', expected: '*', base: null, turns: [say('anew')] })
    expect(await textsOf(store.path(key))).toEqual(['anew'])
  })

  it('show what other processes pin, and not what they delete', async () => {
    const { store, journal } = newStore({ shared: true })
    const { context, turns } = await store.create({ tenant, turns: [say('one')] })
    const [key, turn] = [{ tenant, context }, turns[0]?.id ?? '']
    await store.path(key)
    await journal.annotate(key, { pins: { [turn]: true } })
    expect((await store.path(key)).turns[0]?.pinned).toBe(true)
    await journal.delete(key)
    await expect(store.path(key, { turn })).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND' })
  })

  it('show open turns as they are, and closed as they were closed', async () => {
    const { store } = newStore()
    const { context } = await store.create({
      tenant,
      turns: [say('one')],
      opens: { id: 'a', role: 'assistant' },
    })
    const key = { tenant, context }
    expect((await store.path(key)).turns.map(({ state }) => state)).toEqual(['complete', 'streaming'])
    await store.append({ ...key, expected: '*', closes: 'a', turns: [{ ...say('two'), role: 'assistant' }] })
    expect(await textsOf(store.path(key))).toEqual(['one', 'two'])
    expect((await store.path(key)).turns.map(({ state }) => state)).toEqual(['complete', 'complete'])
  })

  it('stay right in little memory', async () => {
    const { store } = newStore({ hotMaxBytes: 2000 })
    const keys = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => ({
        tenant,
        context: (await store.create({ tenant, turns: [say(`first ${index}`)] })).context,
      })),
    )
    for (let round = 0; round < 4; round += 1)
      await Promise.all(keys.map((key) => store.append({ ...key, expected: '*', turns: [say(`${round}`)] })))
    for (const [index, key] of keys.entries())
      expect(await textsOf(store.path(key))).toEqual([`first ${index}`, '0', '1', '2', '3'])
  })

  it('show pins and deletions at once', async () => {
    const { store } = newStore()
    const { context, head } = await store.create({ tenant, turns: [say('one')] })
    const key = { tenant, context }
    await store.path(key)
    await store.annotate(key, { pins: { [head ?? '']: true } })
    expect((await store.path(key)).turns[0]?.pinned).toBe(true)
    await store.delete(key)
    await expect(store.path(key)).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND' })
  })
})

describe('writing', () => {
  it('refuses where the head is elsewhere, and says where', async () => {
    const { store } = newStore()
    const { context, head } = await store.create({ tenant, turns: [say('one'), say('two')] })
    const key = { tenant, context }
    await expect(store.append({ ...key, expected: 'elsewhere', turns: [say('x')] })).rejects.toMatchObject({
      code: 'CONTEXT_CONFLICT',
      details: { head },
    })
  })

  it('goes on in a fork where it was told to, the same one when it is repeated', async () => {
    const { store } = newStore()
    const { context, turns } = await store.create({ tenant, turns: [say('one'), say('two')] })
    const key = { tenant, context }
    const request = {
      ...key,
      expected: turns[0]?.id ?? '',
      turns: [say('zwei')],
      onConflict: 'fork' as const,
      idempotencyKey: 'k',
    }
    const forked = await store.append(request)
    expect(forked.name).not.toBe('main')
    expect(await store.append(request)).toMatchObject({
      outcome: 'duplicate',
      name: forked.name,
      head: forked.head,
    })
    expect(await textsOf(store.path(key, { head: forked.name }))).toEqual(['one', 'zwei'])
    expect(await textsOf(store.path(key))).toEqual(['one', 'two'])
    expect(Object.keys((await store.summary(key)).heads)).toHaveLength(2)
  })

  it('forks, edits and rewinds', async () => {
    const { store } = newStore()
    const { context, turns } = await store.create({ tenant, turns: [say('one'), say('two'), say('three')] })
    const key = { tenant, context }
    const ids = turns.map(({ id }) => id)
    await store.fork({ ...key, from: { turn: ids[1] ?? '' }, name: 'side' })
    await store.edit({ ...key, turn: ids[0] ?? '', turns: [say('eins')], name: 'edited' })
    await store.rewind({ ...key, to: ids[0] ?? '' })
    expect(await textsOf(store.path(key, { head: 'side' }))).toEqual(['one', 'two'])
    expect(await textsOf(store.path(key, { head: 'edited' }))).toEqual(['eins'])
    expect(await textsOf(store.path(key))).toEqual(['one'])
    await store.rewind({ ...key, to: null })
    expect(await textsOf(store.path(key))).toEqual([])
    await expect(store.fork({ ...key, from: { head: 'side' }, name: 'main' })).rejects.toMatchObject({
      code: 'CONTEXT_CONFLICT',
    })
  })

  it('makes one context of one idempotency key', async () => {
    const { store } = newStore()
    const request = { tenant, turns: [say('one')], idempotencyKey: 'k' }
    const first = await store.create(request)
    expect(await store.create(request)).toMatchObject({ outcome: 'duplicate', context: first.context })
    const other = await store.create({ ...request, tenant: 'other' })
    expect(other.context).not.toBe(first.context)
  })
})

describe('bad input', () => {
  const { store } = newStore()

  it.each(['', 'a b', '{a}', 'a:b', 'a\n', '../a', 'x'.repeat(65), '*', 'ü'])(
    'refuses the id %j everywhere',
    async (id) => {
      const key = { tenant, context: id }
      const refused = { code: 'BAD_REQUEST' }
      await expect(store.create({ ...key })).rejects.toMatchObject(refused)
      await expect(store.append({ ...key, expected: '*', turns: [] })).rejects.toMatchObject(refused)
      await expect(store.path(key)).rejects.toMatchObject(refused)
      await expect(store.summary(key)).rejects.toMatchObject(refused)
      await expect(store.find({ tenant: id, context: 'c' })).rejects.toMatchObject(refused)
      await expect(store.delete(key)).rejects.toMatchObject(refused)
      await expect(store.path({ tenant, context: 'c' }, { turn: id })).rejects.toMatchObject(refused)
      await expect(store.create({ tenant, turns: [{ ...say('x'), id }] })).rejects.toMatchObject(refused)
    },
  )

  it.each([
    ['a long title', { title: 'x'.repeat(201) }],
    ['a title of two lines', { title: 'a\nb' }],
    ['too many tags', { tags: Array.from({ length: 33 }, (_, index) => `t${index}`) }],
    ['an empty tag', { tags: [''] }],
    ['large metadata', { metadata: { text: 'x'.repeat(20_000) } }],
  ])('refuses %s', async (_, about) =>
    expect(store.create({ tenant, about })).rejects.toMatchObject({ code: 'BAD_REQUEST' }),
  )

  it('refuses a turn of more than 10 MB, and takes one of less', async () => {
    const text = 'x'.repeat(10 * 1024 * 1024)
    await expect(store.create({ tenant, turns: [say(text)] })).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
    })
    const { context } = await store.create({ tenant, turns: [say(text.slice(100))] })
    expect((await store.path({ tenant, context })).turns[0]?.body.length).toBeGreaterThan(10_000_000)
  })

  it('says the same of what is not there and what is somebody else’s', async () => {
    const { context } = await store.create({ tenant: 'other', turns: [say('x')] })
    const errors = await Promise.all(
      ['absent', context].map((id) => store.path({ tenant, context: id }).catch((error: unknown) => error)),
    )
    const [absent, foreign] = errors.map((error) => {
      const { code, message } = error as { code: string; message: string }
      return [code, message.replace('absent', 'ID').replace(context, 'ID')]
    })
    expect(absent).toEqual(foreign)
    expect(absent?.[0]).toBe('CONTEXT_NOT_FOUND')
  })

  it('names the head or turn that is missing', async () => {
    const { context } = await store.create({ tenant, turns: [say('x')] })
    await expect(store.path({ tenant, context }, { head: 'nope' })).rejects.toThrow('no head nope')
    await expect(store.path({ tenant, context }, { turn: 'nope' })).rejects.toThrow('no turn nope')
  })
})
