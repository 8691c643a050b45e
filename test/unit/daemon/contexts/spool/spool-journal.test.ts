import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../../src/core/canonical-json.ts'
import type { ContextKey } from '../../../../../src/core/context.ts'
import type { Journal } from '../../../../../src/core/journal.ts'
import { createVault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import type { SpoolJournal } from '../../../../../src/daemon/contexts/spool/spool-journal.ts'
import {
  createSharedStore,
  openSpool,
  type Remote,
  say,
  type SpoolSettings,
  textsOf,
  turn,
} from './a-remote.ts'

const key: ContextKey = { tenant: 'default', context: 'c' }
const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE' })

let directory: string
let opened: SpoolJournal[]
let store: Journal
let connect: () => Remote
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-spool-'))
  opened = []
  ;({ store, connect } = createSharedStore())
})
afterEach(async () => {
  await Promise.all(opened.map((journal) => journal.close()))
  await rm(directory, { recursive: true })
})

const open = (name = 'one', settings: SpoolSettings = {}) => {
  const remote = connect()
  const journal = openSpool(remote, directory, name, settings)
  opened.push(journal)
  return { remote, journal }
}

/** A conversation of one question that this daemon has read and written. */
const begin = async (journal: Journal): Promise<string> => {
  const made = await journal.append(say(key, null, 'first'))
  await journal.summary(key)
  await journal.path(key, { head: 'main' })
  return made.head ?? ''
}

const headsOf = async (journal: Journal) => Object.keys((await journal.summary(key))?.heads ?? {})

describe('a spool', () => {
  it('takes what is said while PostgreSQL is away, and carries it over as it was told', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('down')
    const second = await journal.append(say(key, first, 'second'))
    const third = await journal.append(say(key, second.head, 'third'))
    expect(await textsOf(journal, key)).toEqual(['first', 'second', 'third'])
    expect(await textsOf(store, key)).toEqual(['first'])
    expect(journal.spool.stats()).toMatchObject({ appends: 2, forks: 0 })
    const told = await journal.path(key, { head: 'main' })
    remote.set('up')
    await journal.spool.carryOver()
    expect(await store.path(key, { head: 'main' })).toEqual(told)
    expect(await journal.path(key, { head: 'main' })).toEqual(told)
    expect(journal.spool.stats()).toMatchObject({ appends: 0, bytes: 0, oldestMs: 0 })
    expect(third.head).toBe(told?.end)
  })

  it('keeps the rules of appends: a head elsewhere is a conflict, a key is used once', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('down')
    const second = await journal.append(say(key, first, 'second', { idempotencyKey: 'k' }))
    expect(await journal.append(say(key, first, 'other'))).toEqual({ outcome: 'conflict', head: second.head })
    expect(await journal.append(say(key, first, 'second', { idempotencyKey: 'k' }))).toEqual({
      ...second,
      outcome: 'duplicate',
    })
    await expect(journal.append(say(key, first, 'else', { idempotencyKey: 'k' }))).rejects.toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    )
    // It may be there under this key, written by a try that nobody heard of: who hears of a conflict would say it anew.
    const unknown = journal.append(say(key, first, 'third', { idempotencyKey: 'unknown' }))
    await expect(unknown).rejects.toThrow(unavailable)
  })

  it('answers keys that were used before PostgreSQL went away', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    const known = await journal.append(say(key, first, 'second', { idempotencyKey: 'k' }))
    remote.set('down')
    const again = await journal.append(say(key, first, 'second', { idempotencyKey: 'k' }))
    expect(again).toMatchObject({ outcome: 'duplicate', head: known.head })
  })

  it('writes an append once that was committed before its answer was lost', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('lost-after')
    const second = await journal.append(say(key, first, 'second'))
    expect(second.outcome).toBe('ok')
    remote.set('up')
    await journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'second'])
    expect(await headsOf(store)).toEqual(['main'])
    expect((await store.path(key, { head: 'main' }))?.end).toBe(second.head)
  })

  it('makes conversations while PostgreSQL is away, whole ones', async () => {
    const { journal, remote } = open()
    remote.set('down')
    await expect(journal.summary(key)).rejects.toThrow(unavailable)
    await journal.append({ ...say(key, null, 'first'), about: { title: 'New' } })
    expect(await journal.summary(key)).toMatchObject({ title: 'New', turns: 1 })
    expect(await journal.turns(key)).toHaveLength(1)
    remote.set('up')
    await journal.spool.carryOver()
    expect(await store.summary(key)).toMatchObject({ title: 'New', turns: 1 })
  })

  it('reads in time what it would not know without PostgreSQL', async () => {
    await open('two').journal.append(say(key, null, 'long ago'))
    const { journal, remote } = open()
    const last = await journal.append(say(key, '*', 'now'))
    await journal.spool.carryOver()
    remote.set('down')
    expect(await journal.summary(key)).toMatchObject({ turns: 2, heads: { main: last.head } })
    expect(await textsOf(journal, key)).toEqual(['long ago', 'now'])
    expect(await journal.position(key, { head: 'main' })).toMatchObject({ end: last.head, length: 2 })
  })

  it('says what waits to whoever asks for numbers', async () => {
    const { journal, remote } = open()
    expect(await journal.stats()).toMatchObject({ spool: { appends: 0 } })
    remote.set('down')
    await journal.append(say(key, null, 'first'))
    await expect(journal.stats()).rejects.toThrow(/ 1 appends wait for it in the spool, \d+ bytes/)
  })

  it('refuses what another daemon may have gone on with', async () => {
    const one = open('one')
    const two = open('two')
    const first = await begin(one.journal)
    await two.journal.append(say(key, first, 'from two'))
    two.remote.set('down')
    one.remote.set('down')
    // One is told by the next look at what it holds; here it was not, so the end of it is a fork.
    expect((await two.journal.append(say(key, '*', 'two again'))).outcome).toBe('ok')
    const three = open('three')
    three.remote.set('down')
    await expect(three.journal.append(say(key, '*', 'no'))).rejects.toThrow(unavailable)
  })

  it('holds nothing any more that somebody else has written to', async () => {
    const one = open('one')
    const first = await begin(one.journal)
    await open('two').journal.append(say(key, first, 'from two'))
    await one.journal.spool.carryOver()
    one.remote.set('down')
    await expect(one.journal.append(say(key, first, 'late'))).rejects.toThrow(unavailable)
    await expect(one.journal.path(key, { head: 'main' })).rejects.toThrow(unavailable)
  })

  it('holds nothing longer than its lease', async () => {
    let nowMs = 0
    const { journal, remote } = open('one', { now: () => nowMs })
    const first = await begin(journal)
    nowMs = 15_001
    remote.set('down')
    await expect(journal.append(say(key, first, 'late'))).rejects.toThrow(unavailable)
  })

  it('makes a fork of what another daemon went on from', async () => {
    const one = open('one')
    const first = await begin(one.journal)
    one.remote.set('down')
    const mine = await one.journal.append(say(key, first, 'mine'))
    await one.journal.append(say(key, mine.head, 'mine too'))
    await open('two').journal.append(say(key, first, 'theirs'))
    one.remote.set('up')
    await one.journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'theirs'])
    const [, fork = ''] = await headsOf(store)
    expect(fork).toMatch(/^spool-/)
    expect(await textsOf(store, key, fork)).toEqual(['first', 'mine', 'mine too'])
    expect(one.journal.spool.stats()).toMatchObject({ appends: 0, forks: 2 })
    expect(await textsOf(one.journal, key)).toEqual(['first', 'theirs'])
  })

  it('joins what was made twice under one name: one is a fork of nothing', async () => {
    const { journal, remote } = open()
    remote.set('down')
    await journal.append({ ...say(key, null, ''), turns: [] })
    await journal.append(say(key, null, 'mine'))
    await open('two').journal.append(say(key, null, 'theirs'))
    remote.set('up')
    await journal.spool.carryOver()
    const [main, fork = '', ...more] = await headsOf(store)
    expect([main, more]).toEqual(['main', []])
    expect(await textsOf(store, key)).toEqual(['theirs'])
    expect(await textsOf(store, key, fork)).toEqual(['mine'])
  })

  it('closes answers that were open when PostgreSQL went away', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    await journal.append(say(key, first, 'question', { opens: { id: 'a', role: 'assistant' } }))
    remote.set('down')
    await journal.append(closing('answer'))
    remote.set('up')
    await journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'question', 'answer'])
    expect(await headsOf(store)).toEqual(['main'])
  })

  it('makes a fork of an answer that others have aborted meanwhile, and of what came after', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    await journal.append(say(key, first, 'question', { opens: { id: 'a', role: 'assistant' } }))
    remote.set('down')
    const answered = await journal.append(closing('answer'))
    await journal.append(say(key, answered.head, 'thanks'))
    await store.append({ ...closing(null), turns: [{ ...turn(''), state: 'aborted' }] })
    remote.set('up')
    await journal.spool.carryOver()
    const fork = (await headsOf(store)).find((name) => name.startsWith('spool-')) ?? ''
    expect(await textsOf(store, key, fork)).toEqual(['first', 'question', 'answer', 'thanks'])
    expect((await store.path(key, { head: 'main' }))?.turns.at(-1)).toMatchObject({
      id: 'a',
      state: 'aborted',
    })
  })

  it('goes on after a restart with what it has, and aborts what was being answered', async () => {
    const one = open()
    const first = await begin(one.journal)
    one.remote.set('down')
    const second = await one.journal.append(say(key, first, 'second'))
    await one.journal.append(say(key, second.head, 'question', { opens: { id: 'a', role: 'assistant' } }))
    await one.journal.close()
    const again = open()
    again.remote.set('down')
    // What was before the outage is in PostgreSQL alone.
    await expect(again.journal.path(key, { head: 'main' })).rejects.toThrow(unavailable)
    const third = await again.journal.append(say(key, 'a', 'third'))
    expect(third.outcome).toBe('ok')
    again.remote.set('up')
    expect(await textsOf(again.journal, key)).toEqual(['first', 'second', 'question', null, 'third'])
    await again.journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'second', 'question', null, 'third'])
    expect((await store.path(key, { turn: 'a' }, { last: 1 }))?.turns[0]?.state).toBe('aborted')
    expect(await headsOf(store)).toEqual(['main'])
  })

  it('finds by its turns what was written when its key has been forgotten', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('lost-after')
    const second = await journal.append(say(key, first, 'second'))
    await store.collect({ idempotencyMs: 0 })
    const forgotten = await store.append(say(key, second.head, 'later'))
    remote.set('up')
    await journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'second', 'later'])
    expect((await store.path(key, { head: 'main' }))?.end).toBe(forgotten.head)
    expect(await headsOf(store)).toEqual(['main'])
  })

  it('drops what was added to a conversation that was deleted', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('down')
    await journal.append(say(key, first, 'second'))
    await store.delete(key)
    remote.set('up')
    await journal.spool.carryOver()
    expect(await store.summary(key)).toBeUndefined()
    expect(journal.spool.stats()).toMatchObject({ appends: 0 })
  })

  it('lets nobody past what waits', async () => {
    const { journal, remote } = open()
    const first = await begin(journal)
    remote.set('down')
    const second = await journal.append(say(key, first, 'second'))
    remote.set('up')
    await expect(journal.delete(key)).rejects.toThrow(unavailable)
    await expect(journal.annotate(key, { title: 'x' })).rejects.toThrow(unavailable)
    await journal.append(say(key, second.head, 'third'))
    expect(await textsOf(store, key)).toEqual(['first'])
    await journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'second', 'third'])
    expect(await journal.annotate(key, { title: 'x' })).toMatchObject({ title: 'x' })
  })

  it('is no help, and no harm, where another daemon has the file', async () => {
    const one = open('shared')
    await begin(one.journal)
    const two = open('shared')
    expect((await two.journal.append(say(key, '*', 'second'))).outcome).toBe('ok')
    two.remote.set('down')
    await expect(two.journal.append(say(key, '*', 'third'))).rejects.toThrow(unavailable)
  })

  it('says that it is full, and goes on when there is room', async () => {
    const { journal, remote } = open('one', { maxBytes: 2000 })
    const first = await begin(journal)
    remote.set('down')
    const second = await journal.append(say(key, first, 'second'))
    await expect(journal.append(say(key, second.head, 'x'.repeat(2000)))).rejects.toThrow(unavailable)
    expect(await textsOf(journal, key)).toEqual(['first', 'second'])
    remote.set('up')
    await journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['first', 'second'])
  })

  it('keeps what it has encrypted where the contexts are', async () => {
    const vault = createVault([{ id: 'k1', key: new Uint8Array(32).fill(7) }])
    const { journal, remote } = open('one', { vault })
    remote.set('down')
    await journal.append(say(key, null, 'a secret that nobody reads'))
    await journal.close()
    const { readFile, readdir } = await import('node:fs/promises')
    for (const name of await readdir(directory))
      expect((await readFile(join(directory, name))).includes('nobody reads')).toBe(false)
    const again = open('one', { vault })
    await again.journal.spool.carryOver()
    expect(await textsOf(store, key)).toEqual(['a secret that nobody reads'])
  })
})

const closing = (content: string | null) => ({
  ...key,
  head: 'main',
  expected: '*',
  closes: 'a',
  turns: [{ role: 'assistant' as const, body: bodyOf({ role: 'assistant', content }) }],
})
