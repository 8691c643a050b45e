import assert from 'node:assert/strict'
import type { Check } from '../../src/conformance/check.ts'
import { refusal, say, textOf } from '../../src/conformance/journal-session.ts'
import type { ContextKey, NewTurn } from '../../src/core/context.ts'
import type { PathEnd } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import type { ContextStore } from '../../src/daemon/contexts/store.ts'

/** Two stores over one journal, as two daemons have them; or one store twice where a journal is not shared. */
export type StoreSubject = readonly [ContextStore, ContextStore]

interface StoreSession {
  /** Writes by turns: no store knows all of it by itself. */
  readonly writer: () => ContextStore
  readonly key: ContextKey
  /** What every store reads, which must be the same. Read twice: the second time it may come from somewhere else. */
  readonly texts: (end?: PathEnd) => Promise<readonly string[]>
  readonly stores: readonly ContextStore[]
}

interface StoreCheck {
  readonly name: string
  readonly body: (session: StoreSession) => Promise<void>
}

const sessionOf = (stores: StoreSubject, context: string): StoreSession => {
  const key = { tenant: 'default', context }
  let count = 0
  return {
    stores,
    key,
    writer: () => {
      count += 1
      return stores[count % 2 === 0 ? 0 : 1]
    },
    texts: async (end) => {
      const seen: (readonly string[])[] = []
      for (const store of [...stores, ...stores]) {
        const { turns, length } = await store.path(key, end)
        assert.equal(turns.length, length)
        seen.push(turns.map(({ body }) => textOf(body)))
      }
      for (const each of seen) assert.deepEqual(each, seen[0])
      return seen[0] ?? []
    },
  }
}

const answer = (text: string): NewTurn => say(text, 'assistant')

/** What a store does, whatever it is over, and however many daemons have it open. */
const checks: readonly StoreCheck[] = [
  {
    name: 'what one has written all read',
    body: async ({ writer, key, texts }) => {
      await writer().create({ ...key, turns: [say('0')] })
      const said = ['0']
      for (let count = 1; count <= 40; count += 1) {
        const more = [`${count}`, 'x'.repeat(count * 40)]
        await writer().append({ ...key, expected: '*', turns: more.map((text) => say(text)) })
        said.push(...more)
        if (count % 7 === 0) assert.deepEqual(await texts(), said)
      }
      assert.deepEqual(await texts(), said)
    },
  },
  {
    name: 'forks, edits and rewinds are seen at once',
    body: async ({ writer, key, texts }) => {
      const { turns } = await writer().create({ ...key, turns: ['1', '2', '3'].map((text) => say(text)) })
      const [first = '', second = ''] = turns.map(({ id }) => id)
      assert.deepEqual(await texts(), ['1', '2', '3'])
      await writer().fork({ ...key, from: { turn: second }, name: 'side' })
      assert.deepEqual(await texts({ head: 'side' }), ['1', '2'])
      await writer().append({ ...key, head: 'side', expected: second, turns: [say('aside')] })
      assert.deepEqual(await texts({ head: 'side' }), ['1', '2', 'aside'])
      await writer().edit({ ...key, turn: first, turns: [say('eins')], name: 'edited' })
      assert.deepEqual(await texts({ head: 'edited' }), ['eins'])
      await writer().rewind({ ...key, to: first })
      assert.deepEqual(await texts(), ['1'])
      assert.deepEqual(await texts({ turn: second }), ['1', '2'])
      await writer().rewind({ ...key, to: null })
      assert.deepEqual(await texts(), [])
    },
  },
  {
    name: 'an answer is open until it is closed, for all',
    body: async ({ writer, key, stores, texts }) => {
      await writer().create({ ...key, turns: [say('why?')] })
      for (const [number, state] of (['complete', 'aborted'] as const).entries()) {
        const id = `answer-${number}`
        await writer().append({ ...key, expected: '*', turns: [], opens: { id, role: 'assistant' } })
        await texts()
        for (const store of stores) assert.equal((await store.path(key)).turns.at(-1)?.state, 'streaming')
        const closed = { ...answer(`so ${number}`), state }
        await writer().append({ ...key, expected: '*', closes: id, turns: [closed] })
        assert.equal((await texts()).at(-1), `so ${number}`)
        for (const store of stores) assert.equal((await store.path(key)).turns.at(-1)?.state, state)
      }
    },
  },
  {
    name: 'pins, titles and deletions are seen at once',
    body: async ({ writer, key, stores, texts }) => {
      const { head } = await writer().create({ ...key, turns: [say('1')] })
      await texts()
      for (const pinned of [true, false]) {
        await writer().annotate(key, { title: `pinned ${pinned}`, pins: { [head ?? '']: pinned } })
        for (const store of stores) {
          assert.equal((await store.path(key)).turns[0]?.pinned, pinned)
          assert.equal((await store.summary(key)).title, `pinned ${pinned}`)
        }
      }
      await writer().delete(key)
      for (const store of stores) {
        await refusal(store.path(key), 'CONTEXT_NOT_FOUND')
        await refusal(store.path(key, { turn: head ?? '' }), 'CONTEXT_NOT_FOUND')
      }
      await writer().create({ ...key, turns: [say('anew')] })
      assert.deepEqual(await texts(), ['anew'])
    },
  },
  {
    name: 'of two that expect the same head one wins, and a key is used once',
    body: async ({ stores, key, texts }) => {
      const [first, second] = stores
      assert.ok(first && second)
      const { head } = await first.create({ ...key, turns: [say('1')] })
      const race = await Promise.allSettled(
        stores.map((store, at) => store.append({ ...key, expected: head, turns: [say(`writer ${at}`)] })),
      )
      const won = race.findIndex(({ status }) => status === 'fulfilled')
      assert.deepEqual(await texts(), ['1', `writer ${won}`])
      assert.equal(race.filter(({ status }) => status === 'fulfilled').length, 1)
      const once = { ...key, expected: '*', turns: [say('once')], idempotencyKey: 'k' }
      assert.equal((await first.append(once)).outcome, 'ok')
      assert.equal((await second.append(once)).outcome, 'duplicate')
      assert.deepEqual(await texts(), ['1', `writer ${won}`, 'once'])
    },
  },
  {
    name: 'parts of a path are those parts',
    body: async ({ writer, key, stores, texts }) => {
      await writer().create({ ...key, turns: ['1', '2', '3', '4', '5'].map((text) => say(text)) })
      for (const isKnown of [false, true]) {
        if (isKnown) await texts()
        for (const store of stores) {
          const part = await store.path(key, { head: 'main' }, { from: 2, last: 3 })
          assert.deepEqual([part.length, part.turns.map(({ seq }) => seq)], [5, [3, 4, 5]])
        }
      }
    },
  },
  {
    name: 'what is another tenant’s, or cannot be an id, is not found',
    body: async ({ writer, key, stores, texts }) => {
      await writer().create({ ...key, turns: [say('mine')] })
      await writer().create({ ...key, tenant: 'other', turns: [say('theirs')] })
      assert.deepEqual(await texts(), ['mine'])
      for (const store of stores) {
        await refusal(store.path({ ...key, tenant: 'third' }), 'CONTEXT_NOT_FOUND')
        for (const context of ['{talk}', 'a}b{c', 'default.talk', 'talk:meta', '*', 'a b'])
          await refusal(store.path({ ...key, context }), 'BAD_REQUEST')
      }
    },
  },
  {
    name: 'a context from an export is read whole by all',
    body: async ({ writer, key, texts }) => {
      const turns = ['1', '2', '3'].map((text) => say(text))
      await writer().restore([{ ...key, head: 'main', expected: null, turns }])
      assert.deepEqual(await texts(), ['1', '2', '3'])
      await writer().append({ ...key, expected: '*', turns: [say('4')] })
      assert.deepEqual(await texts(), ['1', '2', '3', '4'])
    },
  },
]

/** `open` is asked for each check, and may give the same stores: each check has contexts of its own. */
export const storeSuite = (open: () => Promise<StoreSubject>, skipped?: string): readonly Check[] =>
  checks.map(({ name, body }) => ({
    name,
    ...(skipped !== undefined && { skipped }),
    run: async () => {
      const stores = await open()
      await body(sessionOf(stores, newId()))
      assert.deepEqual(await Array.fromAsync(stores[0].journal.fsck()), [], 'fsck finds something wrong')
    },
  }))
