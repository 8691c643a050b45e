import assert from 'node:assert/strict'
import { type JournalCheck, refusal, say, textOf, turnOf } from './journal-session.ts'

/** Reading, naming and finding. */
export const readChecks: readonly JournalCheck[] = [
  {
    name: 'a range of a path is that part of it',
    body: async ({ begin, texts, journal, key }) => {
      const { head } = await begin(['1', '2', '3', '4', '5', '6'])
      const main = { head: 'main' }
      assert.deepEqual(await texts(main, { last: 2 }), ['5', '6'])
      assert.deepEqual(await texts(main, { from: 3 }), ['3', '4', '5', '6'])
      assert.deepEqual(await texts(main, { from: 2, to: 4 }), ['2', '3', '4'])
      assert.deepEqual(await texts(main, { to: 4, last: 2 }), ['3', '4'])
      assert.deepEqual(await texts(main, { from: 7 }), [])
      assert.deepEqual(await texts(main, { last: 0 }), [])
      const path = await journal.path(key, main, { last: 1 })
      assert.deepEqual([path?.end, path?.length], [head, 6])
    },
  },
  {
    name: 'bodies come back as they were, whatever is in them',
    body: async ({ write, journal, key }) => {
      const texts = ['\0', '\ud800', '"\\\n\u2028', 'ключ 鍵 🗝️', '', 'x'.repeat(1_000_000), '{}']
      const turns = [
        ...texts.map((text) => say(text)),
        turnOf({
          role: 'assistant',
          content: null,
          toolCalls: [{ id: 'c', name: 'f', argumentsText: '{"a' }],
        }),
        turnOf({ role: 'tool', content: 'done', toolCallId: 'c' }),
      ]
      await write({ expected: null, turns })
      const path = await journal.path(key, { head: 'main' })
      assert.ok(path?.turns.every(({ body }, index) => turns[index]?.body.equals(body)))
    },
  },
  {
    name: 'equal histories have equal chain hashes, others have not',
    body: async ({ begin, write, journal, key }) => {
      const { turns, ids } = await begin(['one', 'two'])
      const copy = await write({ context: 'copy', expected: null, turns: [say('one'), say('two')] })
      assert.deepEqual(
        copy.turns.map(({ chainHash }) => chainHash),
        turns.map(({ chainHash }) => chainHash),
      )
      const fork = await write({ head: 'fork', expected: null, base: ids[0] ?? null, turns: [say('three')] })
      assert.notEqual(fork.turns[0]?.chainHash, turns[1]?.chainHash)
      const swapped = await write({ context: 'swapped', expected: null, turns: [say('two'), say('one')] })
      assert.notEqual(swapped.turns[1]?.chainHash, turns[1]?.chainHash)
      assert.equal(swapped.turns[0]?.bodyHash, turns[1]?.bodyHash)
      assert.equal((await journal.findTurn(key.tenant, ids[1] ?? ''))?.turn.chainHash, turns[1]?.chainHash)
    },
  },
  {
    name: 'a turn is found by its id, with the heads that are at it',
    body: async ({ begin, write, journal, key }) => {
      const { ids } = await begin(['one', 'two'])
      await write({ head: 'fork', expected: null, base: ids[1] ?? null })
      await write({ context: 'other', expected: null, turns: [say('one')] })
      const found = await journal.findTurn(key.tenant, ids[1] ?? '')
      assert.deepEqual([found?.context, found?.turn.seq, found?.heads], [key.context, 2, ['fork', 'main']])
      assert.deepEqual((await journal.findTurn(key.tenant, ids[0] ?? ''))?.heads, [])
      assert.equal(await journal.findTurn(key.tenant, 'none'), undefined)
    },
  },
  {
    name: 'contexts are listed page by page, each once, by tag and by tenant',
    body: async ({ write, journal }) => {
      for (let number = 0; number < 7; number += 1)
        await write({
          context: `c${number}`,
          expected: null,
          about: { tags: number % 2 ? ['odd'] : ['even', 'x'] },
        })
      await write({ tenant: 'other', context: 'foreign', expected: null })
      const seen: string[] = []
      let pages = 0
      for (let cursor: string | undefined; ;) {
        const page = await journal.list({
          tenant: 'default',
          limit: 3,
          ...(cursor !== undefined && { cursor }),
        })
        seen.push(...page.contexts.map(({ context }) => context))
        pages += 1
        cursor = page.next
        if (cursor === undefined) break
      }
      assert.equal(pages, 3)
      assert.deepEqual(seen.toSorted(), ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'])
      const odd = await journal.list({ tenant: 'default', tag: 'odd', limit: 10 })
      assert.deepEqual(odd.contexts.map(({ context }) => context).toSorted(), ['c1', 'c3', 'c5'])
      await refusal(journal.list({ tenant: 'default', cursor: '%%%', limit: 3 }), 'BAD_REQUEST')
    },
  },
  {
    name: 'what is said about a context changes, what it says does not',
    body: async ({ begin, journal, key }) => {
      const { ids } = await begin(['one', 'two'])
      const before = await journal.path(key, { head: 'main' })
      await journal.annotate(key, { title: 'T', tags: ['a'], metadata: { deep: [1] }, pinned: true })
      await journal.annotate(key, { title: null, pins: { [ids[0] ?? '']: true } })
      const summary = await journal.summary(key)
      assert.deepEqual(
        [summary?.title, summary?.tags, summary?.metadata, summary?.pinned],
        [undefined, ['a'], { deep: [1] }, true],
      )
      const after = await journal.path(key, { head: 'main' })
      assert.deepEqual(
        after?.turns.map(({ pinned, chainHash }) => ({ pinned, chainHash })),
        before?.turns.map(({ chainHash }, index) => ({ pinned: index === 0, chainHash })),
      )
      await refusal(journal.annotate(key, { title: 'no', pins: { none: true } }), 'CONTEXT_NOT_FOUND')
      assert.equal((await journal.summary(key))?.title, undefined)
    },
  },
  {
    name: 'words are found in their tenant, and nothing in a query is syntax',
    body: async ({ begin, write, journal, key }) => {
      const { ids } = await begin([
        'The valve opens at seven bar.',
        'Über die Brücke',
        '漢字を読む',
        'Seven valves',
      ])
      await write({
        tenant: 'other',
        context: 'foreign',
        expected: null,
        turns: [say('The valve is theirs.')],
      })
      await write({ context: 'second', expected: null, turns: [say('Another valve.')] })
      const find = async (text: string, context?: string) =>
        (await journal.search({ tenant: 'default', text, limit: 10, ...(context && { context }) })).map(
          ({ turn }) => turn.id,
        )
      assert.equal((await find('valve')).length, 2)
      assert.deepEqual(await find('VALVE', key.context), [ids[0]])
      assert.deepEqual(await find('valve seven'), [ids[0]])
      assert.deepEqual(await find('brucke'), [ids[1]])
      assert.deepEqual(await find('漢字'), [ids[2]])
      assert.deepEqual(await find('字漢'), [])
      assert.deepEqual(await find(''), [])
      for (const odd of [
        '"',
        'valve*',
        '(valve',
        'NOT valve',
        '^valve',
        'text:valve',
        "'; DROP",
        '\0',
        '\ud800',
      ])
        assert.ok(Array.isArray(await find(odd)))
      const [hit] = await journal.search({ tenant: 'default', text: 'opens', limit: 10 })
      assert.match(hit?.excerpt ?? '', /valve opens at seven/)
      await journal.delete({ ...key, context: 'second' })
      assert.deepEqual(await find('valve'), [ids[0]])
    },
  },
  {
    name: 'a long conversation reads back whole',
    body: async ({ begin, texts, journal, key }) => {
      const words = Array.from({ length: 10_000 }, (_, index) => `turn ${index}`)
      await begin(words)
      assert.deepEqual(await texts(), words)
      const last = await journal.path(key, { head: 'main' }, { last: 2 })
      assert.deepEqual(
        last?.turns.map(({ body }) => textOf(body)),
        words.slice(-2),
      )
    },
  },
]
