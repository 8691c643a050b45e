import assert from 'node:assert/strict'
import type { Append } from '../core/context.ts'
import { type JournalCheck, refusal, say, suiteConsumer, textOf } from './journal-session.ts'

/** What a journal does with what it has: sealing, deleting, moving, going on. */
export const keepingChecks: readonly JournalCheck[] = [
  {
    name: 'sealing changes nothing that can be read',
    body: async ({ begin, write, texts, journal, key }) => {
      const words = Array.from({ length: 150 }, (_, index) => `turn ${index} ${'x'.repeat(index * 20)}`)
      const { ids } = await begin(words)
      await write({ head: 'fork', expected: null, base: ids[40] ?? null, turns: [say('else')] })
      const before = await journal.turns(key)
      await journal.seal()
      assert.deepEqual(await journal.turns(key), before)
      const more = Array.from({ length: 50 }, (_, index) => `more ${index}`)
      await write({ head: 'fork', turns: more.map((text) => say(text)) })
      await journal.seal()
      assert.deepEqual(await texts(), words)
      assert.deepEqual(await texts({ head: 'fork' }), [...words.slice(0, 41), 'else', ...more])
      assert.deepEqual(await texts({ turn: ids[70] ?? '' }), words.slice(0, 71))
    },
  },
  {
    name: 'an open turn is not sealed before it is closed',
    body: async ({ begin, write, texts, journal }) => {
      await begin(Array.from({ length: 40 }, (_, index) => `turn ${index}`))
      await write({ opens: { id: 'answer', role: 'assistant' } })
      await journal.seal()
      await write({ closes: 'answer', turns: [say('late', 'assistant')] })
      await journal.seal()
      assert.equal((await texts())?.at(-1), 'late')
    },
  },
  {
    name: 'what is deleted is gone, and only that',
    body: async ({ begin, write, texts, journal, key }) => {
      const words = Array.from({ length: 80 }, (_, index) => `shared ${index}`)
      await begin(words)
      const twin = { ...key, context: 'twin' }
      await write({ ...twin, expected: null, turns: words.map((text) => say(text)) })
      await journal.seal()
      assert.equal(await journal.delete(key), true)
      assert.equal(await journal.delete(key), false)
      assert.equal(await journal.path(key, { head: 'main' }), undefined)
      await journal.collect({})
      assert.equal((await journal.path(twin, { head: 'main' }))?.turns.length, 80)
      await begin(['anew'])
      assert.deepEqual(await texts(), ['anew'])
      for (const context of [key, twin]) await journal.delete(context)
      await journal.collect({})
      const { contexts, turns, bodies, segments, heads, bytes } = await journal.stats()
      assert.deepEqual([contexts, turns, bodies, segments, heads, bytes.content], [0, 0, 0, 0, 0, 0])
    },
  },
  {
    name: 'contexts go when they are too old for their tenant, unless they are pinned',
    body: async ({ write, journal }) => {
      const inFuture = -60_000
      await write({ context: 'old', expected: null, turns: [say('x')] })
      await write({ context: 'pinned', expected: null, turns: [say('x')], about: { pinned: true } })
      await write({ tenant: 'keeps', context: 'kept', expected: null, turns: [say('x')] })
      assert.equal((await journal.collect({})).contexts, 0)
      assert.equal((await journal.collect({ retentionMs: 60_000 })).contexts, 0)
      const policy = { retentionMs: inFuture, tenantRetentionMs: { keeps: Infinity } }
      assert.equal((await journal.collect(policy)).contexts, 1)
      assert.equal(await journal.summary({ tenant: 'default', context: 'old' }), undefined)
      assert.ok(await journal.summary({ tenant: 'default', context: 'pinned' }))
      assert.ok(await journal.summary({ tenant: 'keeps', context: 'kept' }))
    },
  },
  {
    name: 'an idempotency key is kept for a day, whatever the policy says',
    body: async ({ begin, append, journal }) => {
      await begin(['one'])
      const request = { turns: [say('two')], idempotencyKey: 'k' }
      await append(request)
      assert.equal((await journal.collect({ idempotencyMs: 0 })).idempotencyKeys, 0)
      assert.equal((await append(request)).outcome, 'duplicate')
    },
  },
  {
    name: 'the outbox tells of every change in order, until it is settled',
    body: async ({ begin, write, journal, key }) => {
      const { ids } = await begin(['one', 'two'])
      await write({ opens: { id: 'answer', role: 'assistant' } })
      await write({ closes: 'answer', turns: [say('three', 'assistant')] })
      await journal.delete(key)
      const entries = await journal.outbox(suiteConsumer, 10)
      assert.deepEqual(
        entries.map(({ event, context }) => [event, context]),
        [
          ['appended', key.context],
          ['appended', key.context],
          ['deleted', key.context],
        ],
      )
      assert.ok(entries[0]?.turns.every((id) => ids.includes(id)))
      const [first, second] = await journal.outbox(suiteConsumer, 2)
      await journal.settle(suiteConsumer, first?.number ?? 0)
      assert.deepEqual((await journal.outbox(suiteConsumer, 1))[0]?.number, second?.number)
      await journal.settle(suiteConsumer, entries.at(-1)?.number ?? 0)
      assert.deepEqual(await journal.outbox(suiteConsumer, 10), [])
      await refusal(journal.outbox('nobody', 1), 'INTERNAL')
    },
  },
  {
    name: 'a context is restored whole or not at all, with the same hashes',
    body: async ({ begin, write, journal, key }) => {
      const { ids } = await begin(['one', 'two', 'three'])
      await write({ head: 'fork', expected: null, base: ids[0] ?? null, turns: [say('zwei')] })
      const turns = (await journal.turns(key)) ?? []
      const copy = { ...key, context: 'copy' }
      const appends: readonly Append[] = turns.map((turn, index) => ({
        ...copy,
        head: 'main',
        expected: index === 0 ? null : '*',
        base: turn.parent,
        turns: [{ id: turn.id, role: turn.role, body: turn.body, at: turn.at }],
      }))
      const wrong: Append = { ...copy, head: 'main', expected: '*', base: 'none', turns: [say('x')] }
      await refusal(journal.restore([...appends, wrong]), 'CONTEXT_NOT_FOUND')
      assert.equal(await journal.summary(copy), undefined)
      await refusal(
        journal.restore([...appends, { ...wrong, base: null, expected: 'nowhere' }]),
        'BAD_REQUEST',
      )
      assert.equal(await journal.summary(copy), undefined)
      await journal.restore(appends)
      assert.deepEqual(await journal.turns(copy), turns)
      await refusal(journal.restore(appends), 'CONFLICT')
    },
  },
  {
    name: 'its own open turns are not recovered',
    body: async ({ begin, write, journal, key }) => {
      await begin(['one'])
      await write({ opens: { id: 'answer', role: 'assistant' } })
      assert.equal(await journal.recover(), 0)
      assert.equal((await journal.path(key, { head: 'main' }))?.turns.at(-1)?.state, 'streaming')
    },
  },
  {
    name: 'close() may be called twice, and everything is refused afterwards',
    body: async ({ begin, append, journal, key }) => {
      await begin(['one'])
      await journal.close()
      await journal.close()
      await refusal(append({ turns: [say('late')] }), 'STORE_UNAVAILABLE')
      await refusal(journal.path(key, { head: 'main' }), 'STORE_UNAVAILABLE')
    },
  },
]

/** What only a journal can show that keeps contexts beyond its run. */
export const reopeningChecks = (reopens: boolean): readonly JournalCheck[] => [
  {
    name: 'everything is there when the store is opened again, and open turns are aborted',
    ...(!reopens && { skipped: 'it keeps nothing beyond its run' }),
    body: async ({ begin, write, append, reopen, journal, key, texts }) => {
      const words = Array.from({ length: 70 }, (_, index) => `turn ${index}`)
      await begin(words)
      await journal.seal()
      const request = { turns: [say('last')], idempotencyKey: 'k' }
      await write({ ...request, opens: { id: 'answer', role: 'assistant' } })
      await journal.annotate(key, { title: 'T' })
      const next = await reopen?.()
      assert.ok(next)
      assert.equal((await next.summary(key))?.title, 'T')
      assert.equal((await next.path(key, { head: 'main' }))?.turns.at(-1)?.state, 'streaming')
      assert.equal(await next.recover(), 1)
      assert.equal(await next.recover(), 0)
      const turns = (await next.path(key, { head: 'main' }))?.turns ?? []
      assert.deepEqual(
        turns.map(({ body }) => textOf(body)),
        [...words, 'last', ''],
      )
      assert.equal(turns.at(-1)?.state, 'aborted')
      assert.equal((await append({ ...request, opens: { id: 'b', role: 'assistant' } })).outcome, 'duplicate')
      await write({ turns: [say('on')] })
      assert.equal((await texts())?.at(-1), 'on')
      assert.equal((await next.search({ tenant: key.tenant, text: 'last', limit: 5 })).length, 1)
    },
  },
]
