import assert from 'node:assert/strict'
import type { Append } from '../core/context.ts'
import type { Position, SharedJournal } from '../core/journal.ts'
import { type JournalCheck, type JournalSession, say } from './journal-session.ts'

const main = { head: 'main' }

const sharedOf = ({ journal }: JournalSession): SharedJournal => {
  assert.ok(journal.shared, 'the journal does not say that it is shared')
  return journal
}

/** What only a journal has to say that others write to: whether what was read is still the truth. */
export const positionChecks = (isShared: boolean): readonly JournalCheck[] =>
  checks.map((check) => ({ ...check, ...(!isShared && { skipped: 'nobody else writes to it' }) }))

const checks: readonly JournalCheck[] = [
  {
    name: 'the position of an end is where its path ends',
    body: async (session) => {
      const { begin, write, key } = session
      const journal = sharedOf(session)
      assert.equal(await journal.position(key, main), undefined)
      const { ids } = await begin(['one', 'two', 'three'])
      await write({ head: 'fork', expected: null, base: ids[0] ?? null, turns: [say('zwei')] })
      await write({ head: 'empty', expected: null, base: null })
      for (const end of [main, { head: 'fork' }, { turn: ids[1] ?? '' }, { head: 'empty' }]) {
        const [position, path] = [await journal.position(key, end), await journal.path(key, end)]
        assert.deepEqual(
          [position?.end, position?.length, position?.chainHash],
          [path?.end, path?.length, path?.turns.at(-1)?.chainHash ?? null],
        )
      }
      const positions = await Promise.all(
        [main, { head: 'fork' }, { turn: ids[0] ?? '' }].map((end) => journal.position(key, end)),
      )
      assert.equal(new Set(positions.map((position) => position?.revision)).size, 1)
      for (const end of [{ head: 'none' }, { turn: 'none' }])
        assert.equal(await journal.position(key, end), undefined)
      assert.equal(await journal.position({ ...key, tenant: 'other' }, main), undefined)
    },
  },
  {
    name: 'every change of a context is another revision, and nothing else is',
    body: async (session) => {
      const { begin, append, write, key } = session
      const journal = sharedOf(session)
      const at = async (): Promise<Position | undefined> => journal.position(key, main)
      const made = await begin(['one', 'two'])
      assert.equal(made.revisions?.from, null)
      const seen: (string | undefined)[] = [made.revisions?.to]
      const moved = async (what: string): Promise<void> => {
        const revision = (await at())?.revision
        assert.ok(!seen.includes(revision), `${what} is no other revision`)
        seen.push(revision)
      }
      assert.equal((await at())?.revision, made.revisions?.to)
      const request = { turns: [say('three')], idempotencyKey: 'k' }
      const changes: readonly Partial<Append>[] = [
        request,
        { opens: { id: 'answer', role: 'assistant' } },
        { closes: 'answer', turns: [say('four', 'assistant')] },
        { head: 'fork', expected: null },
        { base: made.ids[0] ?? null },
      ]
      for (const change of changes) {
        const before = (await at())?.revision
        const { revisions } = await write(change)
        await moved(JSON.stringify(Object.keys(change)))
        assert.deepEqual(revisions, { from: before, to: (await at())?.revision })
      }
      await journal.annotate(key, { title: 'T' })
      await moved('a title')
      await journal.annotate(key, { pins: { [made.ids[0] ?? '']: true } })
      await moved('a pin')
      const before = await at()
      assert.equal((await append({ expected: 'elsewhere', turns: [say('x')] })).outcome, 'conflict')
      const repeated = await append(request)
      assert.deepEqual([repeated.outcome, 'revisions' in repeated], ['duplicate', false])
      await write({ context: 'other', expected: null })
      await journal.seal()
      assert.deepEqual(await at(), before)
      await journal.delete(key)
      assert.equal(await at(), undefined)
      await begin(['one', 'two'])
      await moved('a context of the same name')
    },
  },
]
