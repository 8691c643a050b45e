import assert from 'node:assert/strict'
import { type JournalCheck, refusal, say } from './journal-session.ts'

/** The one verb, case by case. */
export const appendChecks: readonly JournalCheck[] = [
  {
    name: 'a context is its first append and reads back byte for byte',
    body: async ({ journal, key, write }) => {
      const turns = [say('Be brief.', 'system'), say('Hello.'), say('Hi.', 'assistant')]
      const { head, ids } = await write({ expected: null, turns, about: { title: 'A talk', tags: ['a'] } })
      assert.equal(head, ids[2])
      const path = await journal.path(key, { head: 'main' })
      assert.deepEqual(
        path?.turns.map(({ body }) => body),
        turns.map(({ body }) => body),
      )
      assert.deepEqual(
        path?.turns.map(({ id, parent, seq, role, state }) => ({ id, parent, seq, role, state })),
        ['system', 'user', 'assistant'].map((role, index) => ({
          id: ids[index],
          parent: ids[index - 1] ?? null,
          seq: index + 1,
          role,
          state: 'complete',
        })),
      )
      const summary = await journal.summary(key)
      assert.deepEqual([summary?.title, summary?.tags, summary?.turns], ['A talk', ['a'], 3])
      assert.deepEqual(summary?.heads, { main: head })
    },
  },
  {
    name: 'a context may begin without turns, once',
    body: async ({ append, write, texts }) => {
      assert.equal((await write({ expected: null })).head, null)
      assert.deepEqual(await texts(), [])
      assert.deepEqual(await append({ expected: null }), { outcome: 'conflict', head: null })
      await write({ expected: null, turns: [say('one')] })
      assert.equal((await append({ expected: null, turns: [say('again')] })).outcome, 'conflict')
      assert.deepEqual(await texts(), ['one'])
    },
  },
  {
    name: 'an append behind another head than expected is a conflict that says where it is, and writes nothing',
    body: async ({ append, begin, write, texts }) => {
      const { ids, head } = await begin(['one', 'two'])
      const refused = await append({ expected: ids[0] ?? '', turns: [say('lost')] })
      assert.deepEqual(refused, { outcome: 'conflict', head })
      await write({ expected: head, turns: [say('three')] })
      await write({ expected: '*', turns: [say('four')] })
      assert.deepEqual(await texts(), ['one', 'two', 'three', 'four'])
    },
  },
  {
    name: 'forks go on by themselves and share what was before',
    body: async ({ append, begin, write, texts, journal, key }) => {
      const { ids } = await begin(['one', 'two', 'three'])
      await write({ head: 'fork', expected: null, base: ids[1] ?? null })
      assert.equal((await append({ head: 'fork', expected: null, base: ids[0] ?? null })).outcome, 'conflict')
      await write({ head: 'fork', turns: [say('else')] })
      await write({ turns: [say('four')] })
      assert.deepEqual(await texts(), ['one', 'two', 'three', 'four'])
      assert.deepEqual(await texts({ head: 'fork' }), ['one', 'two', 'else'])
      assert.equal((await journal.summary(key))?.turns, 5)
    },
  },
  {
    name: 'an edit is a fork with other words, of the first turn too',
    body: async ({ begin, write, texts }) => {
      const { ids } = await begin(['one', 'two', 'three'])
      await write({ head: 'edited', expected: null, base: ids[0] ?? null, turns: [say('zwei')] })
      await write({ head: 'first', expected: null, base: null, turns: [say('eins')] })
      assert.deepEqual(await texts({ head: 'edited' }), ['one', 'zwei'])
      assert.deepEqual(await texts({ head: 'first' }), ['eins'])
      assert.deepEqual(await texts(), ['one', 'two', 'three'])
    },
  },
  {
    name: 'a rewind moves the head and loses nothing',
    body: async ({ begin, write, texts }) => {
      const { ids } = await begin(['one', 'two', 'three'])
      await write({ base: ids[0] ?? null })
      assert.deepEqual(await texts(), ['one'])
      await write({ turns: [say('deux')] })
      assert.deepEqual(await texts(), ['one', 'deux'])
      assert.deepEqual(await texts({ turn: ids[2] ?? '' }), ['one', 'two', 'three'])
      await write({ base: null })
      assert.deepEqual(await texts(), [])
    },
  },
  {
    name: 'an idempotency key writes once, and refuses other content',
    body: async ({ append, begin, write, texts, journal, key }) => {
      const { head } = await begin(['one'])
      const request = { expected: head, turns: [say('two')], idempotencyKey: 'a key' }
      const first = await write(request)
      await write({ turns: [say('three')] })
      const again = await append(request)
      assert.deepEqual(again, { outcome: 'duplicate', head: first.head, turns: first.turns })
      await refusal(append({ ...request, turns: [say('zwei')] }), 'CONFLICT')
      assert.deepEqual(await texts(), ['one', 'two', 'three'])
      // A key belongs to its context, and one that was refused is not used up.
      const other = { ...key, context: 'other' }
      await write({ ...other, expected: null, turns: [say('two')], idempotencyKey: 'a key' })
      const refused = { expected: head, turns: [say('four')], idempotencyKey: 'a second key' }
      assert.equal((await append(refused)).outcome, 'conflict')
      assert.equal((await append({ ...refused, expected: '*' })).outcome, 'ok')
      assert.equal((await journal.summary(other))?.turns, 1)
    },
  },
  {
    name: 'ids that are taken are refused, and nothing of the append is written',
    body: async ({ append, begin, texts, journal, key }) => {
      const { ids } = await begin(['one'])
      const [id = ''] = ids
      await refusal(append({ turns: [say('two'), { ...say('three'), id }] }), 'CONFLICT')
      const twice = { ...say('two'), id: 'mine' }
      await refusal(append({ turns: [twice, twice] }), 'CONFLICT')
      assert.deepEqual(await texts(), ['one'])
      assert.equal((await journal.summary(key))?.turns, 1)
    },
  },
  {
    name: 'what is not there is CONTEXT_NOT_FOUND, for a foreign tenant in the same words',
    body: async ({ append, begin, journal, key }) => {
      const { ids } = await begin(['one'])
      const missing = await refusal(append({ context: 'none', turns: [say('x')] }), 'CONTEXT_NOT_FOUND')
      const foreign = await refusal(append({ tenant: 'other', turns: [say('x')] }), 'CONTEXT_NOT_FOUND')
      assert.equal(foreign.message.replace(key.context, ''), missing.message.replace('none', ''))
      await refusal(append({ head: 'none', turns: [say('x')] }), 'CONTEXT_NOT_FOUND')
      await refusal(append({ base: 'none', turns: [say('x')] }), 'CONTEXT_NOT_FOUND')
      const stranger = { ...key, tenant: 'other' }
      assert.equal(await journal.path(stranger, { head: 'main' }), undefined)
      assert.equal(await journal.summary(stranger), undefined)
      assert.equal(await journal.turns(stranger), undefined)
      assert.equal(await journal.annotate(stranger, { title: 'x' }), undefined)
      assert.equal(await journal.delete(stranger), false)
      assert.equal(await journal.findTurn('other', ids[0] ?? ''), undefined)
      assert.equal(await journal.path(key, { head: 'none' }), undefined)
      assert.equal(await journal.path(key, { turn: 'none' }), undefined)
    },
  },
  {
    name: 'an open turn is shown, holds its place, and is closed once',
    body: async ({ append, begin, write, texts, journal, key }) => {
      await begin(['one'])
      const opens = { id: 'answer', role: 'assistant' as const, origin: { model: 'a-model' } }
      const opened = await write({ turns: [say('two')], opens })
      assert.equal(opened.head, 'answer')
      const open = (await journal.path(key, { head: 'main' }))?.turns.at(-1)
      assert.deepEqual(
        [open?.id, open?.state, open?.body.toString()],
        ['answer', 'streaming', '{"role":"assistant"}'],
      )
      assert.deepEqual(await append({ turns: [say('early')] }), { outcome: 'conflict', head: 'answer' })
      assert.equal((await append({ head: 'fork', expected: null, base: 'answer' })).outcome, 'conflict')
      const origin = { model: 'a-model', finishReason: 'stop' }
      const closed = await write({ closes: 'answer', turns: [{ ...say('three', 'assistant'), origin }] })
      assert.deepEqual(
        [closed.ids, closed.turns[0]?.state, closed.turns[0]?.origin],
        [['answer'], 'complete', origin],
      )
      assert.deepEqual(await append({ closes: 'answer', turns: [say('again', 'assistant')] }), {
        outcome: 'conflict',
        head: 'answer',
      })
      assert.deepEqual(await texts(), ['one', 'two', 'three'])
      assert.equal((await journal.summary(key))?.turns, 3)
      assert.equal((await journal.stats()).streaming, 0)
    },
  },
  {
    name: 'an answer that was cut short stays as aborted, where the head has left it too',
    body: async ({ begin, write, texts, journal, key }) => {
      const { head } = await begin(['one'])
      await write({ opens: { id: 'answer', role: 'assistant' } })
      await write({ base: head })
      const cut = { ...say('Half an ans', 'assistant'), state: 'aborted' as const }
      assert.equal((await write({ closes: 'answer', turns: [cut] })).head, head)
      assert.deepEqual(await texts(), ['one'])
      const path = await journal.path(key, { turn: 'answer' })
      assert.deepEqual(
        path?.turns.map(({ state }) => state),
        ['complete', 'aborted'],
      )
    },
  },
  {
    name: 'of 64 writers at once each is acknowledged or told of the conflict, and all acknowledged is there once',
    body: async ({ append, begin, texts }) => {
      await begin(['begin'])
      const acknowledged: string[] = []
      const write = async (text: string, expected: string): Promise<void> => {
        const result = await append({ expected, turns: [say(text)], idempotencyKey: text })
        if (result.outcome !== 'conflict') acknowledged.push(text)
        else await write(text, result.head ?? '')
      }
      await Promise.all(Array.from({ length: 64 }, (_, index) => write(`writer-${index}`, 'nowhere')))
      assert.equal(acknowledged.length, 64)
      // Each was written behind what it had seen: the order of the acknowledgements is the order of the path.
      assert.deepEqual(await texts(), ['begin', ...acknowledged])
    },
  },
]
