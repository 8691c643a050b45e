import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf } from '../../src/core/canonical-json.ts'
import type { Append } from '../../src/core/context.ts'
import type { Journal } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../src/daemon/contexts/journal/memory.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { createContextStore } from '../../src/daemon/contexts/store.ts'

/** A conversation as plain lists: what each head reads, and what each key was used for. */
interface Model {
  readonly heads: Map<string, readonly string[]>
  readonly keys: Map<string, string>
  /** Every turn that was ever written, with the texts up to it. */
  readonly turns: Map<string, readonly string[]>
}

const heads = ['main', 'a', 'b'] as const
const head = fc.constantFrom(...heads)
/** Long texts make paths ripe for sealing. */
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('x', 'y', 'z').map((letter) => letter.repeat(12_000)),
)

type Step =
  | {
      readonly do: 'append'
      readonly head: string
      readonly texts: readonly string[]
      readonly isStale: boolean
      readonly key?: string
    }
  | {
      readonly do: 'fork' | 'edit' | 'rewind'
      readonly head: string
      readonly pick: number
      readonly text: string
    }
  | { readonly do: 'answer'; readonly head: string; readonly text: string; readonly isCut: boolean }
  | { readonly do: 'seal' | 'collect' | 'reopen' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        do: fc.constant('append' as const),
        head,
        texts: fc.array(text, { minLength: 1, maxLength: 12 }),
        isStale: fc.boolean(),
        key: fc.constantFrom('k1', 'k2', 'k3'),
      },
      { requiredKeys: ['do', 'head', 'texts', 'isStale'] },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('fork' as const, 'edit' as const, 'rewind' as const),
      head,
      pick: fc.nat(),
      text,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('answer' as const), head, text, isCut: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('seal' as const, 'collect' as const, 'reopen' as const) }),
  },
)

const say = (content: string) => ({ role: 'user' as const, body: bodyOf({ role: 'user', content }) })
const textOf = (body: Buffer) => (JSON.parse(body.toString()) as { content?: string }).content ?? ''

/** Does the steps on the journal and on the model, and holds one against the other after each. */
const walk = async (open: () => Promise<Journal>, context: string, steps: readonly Step[]): Promise<void> => {
  let journal = await open()
  let store = createContextStore({ journal })
  const key = { tenant: 'default', context }
  const model: Model = { heads: new Map([['main', []]]), keys: new Map(), turns: new Map() }
  const last = new Map<string, string | null>([['main', null]])
  await store.create(key)

  /** What the model says an append does. */
  const apply = async (request: Omit<Append, 'tenant' | 'context'>): Promise<void> => {
    const result = await journal.append({ ...key, ...request })
    const known = last.get(request.head)
    const fits =
      request.expected === null
        ? known === undefined || (known === null && request.turns.length > 0)
        : request.expected === '*' || request.expected === known
    expect(result.outcome).toBe(fits ? 'ok' : 'conflict')
    // The store is told of what went past it.
    store = createContextStore({ journal })
    if (result.outcome !== 'ok') return
    const base = request.base === undefined ? known : request.base
    let texts = base === null || base === undefined ? [] : (model.turns.get(base) ?? [])
    for (const [index, turn] of result.turns.entries()) {
      texts = [...texts, textOf(request.turns[index]?.body ?? Buffer.from('{}'))]
      model.turns.set(turn.id, texts)
    }
    model.heads.set(request.head, texts)
    last.set(request.head, result.head)
  }

  const perform = async (each: Step): Promise<void> => {
    if (each.do === 'seal') await journal.seal()
    else if (each.do === 'collect') await journal.collect({})
    else if (each.do === 'reopen') {
      journal = await open()
      store = createContextStore({ journal })
    } else if (each.do === 'append') {
      const { head, texts, isStale, key: idempotencyKey } = each
      if (!last.has(head)) return
      if (idempotencyKey !== undefined && model.keys.has(idempotencyKey)) {
        const again = journal.append({ ...key, head, expected: '*', turns: texts.map(say), idempotencyKey })
        if (model.keys.get(idempotencyKey) === JSON.stringify(texts))
          expect((await again).outcome).toBe('duplicate')
        else await expect(again).rejects.toMatchObject({ code: 'CONFLICT' })
        return
      }
      await apply({
        head,
        expected: isStale ? 'elsewhere' : (last.get(head) ?? '*'),
        turns: texts.map(say),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      })
      if (idempotencyKey !== undefined && !isStale) model.keys.set(idempotencyKey, JSON.stringify(texts))
    } else if (each.do === 'answer') {
      if (!last.has(each.head)) return
      const id = newId()
      await journal.append({
        ...key,
        head: each.head,
        expected: '*',
        turns: [],
        opens: { id, role: 'assistant' },
      })
      const before = model.heads.get(each.head) ?? []
      const state = each.isCut ? ('aborted' as const) : ('complete' as const)
      const closed = { ...say(each.text), role: 'assistant' as const, state }
      await journal.append({ ...key, head: each.head, expected: '*', turns: [closed], closes: id })
      store = createContextStore({ journal })
      model.turns.set(id, [...before, each.text])
      model.heads.set(each.head, [...before, each.text])
      last.set(each.head, id)
    } else if ('pick' in each) {
      const ids = [...model.turns.keys()]
      const base = ids[each.pick % (ids.length + 1)] ?? null
      const turns = each.do === 'edit' ? [say(each.text)] : []
      if (each.do === 'rewind' && !last.has(each.head)) return
      await apply({ head: each.head, expected: each.do === 'rewind' ? '*' : null, base, turns })
    }
  }

  for (const each of steps) {
    await perform(each)
    for (const [name, texts] of model.heads) {
      const path = await store.path(key, { head: name })
      expect(path.turns.map(({ body }) => textOf(body))).toEqual(texts)
    }
  }
  for (const [turn, texts] of model.turns)
    expect((await store.path(key, { turn })).turns.map(({ body }) => textOf(body))).toEqual(texts)
  expect((await journal.summary(key))?.turns).toBe(model.turns.size)
  expect(await Array.fromAsync(journal.fsck())).toEqual([])
}

const steps = fc.array(step, { minLength: 1, maxLength: 25 })

describe('any order of append, fork, edit, rewind, answer and seal reads as plain lists do', () => {
  let count = 0

  it('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const journal = createMemoryJournal({ now: Date.now, newId })
        await walk(async () => journal, 'c', steps)
      }),
      { numRuns: 150 },
    )
  })

  describe('in sqlite', () => {
    let directory: string
    let journal: Journal

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'mcpd-property-'))
      journal = await openSqliteJournal({ path: join(directory, 'contexts.db') })
    })
    afterAll(async () => {
      await journal.close()
      await rm(directory, { recursive: true })
    })

    it('on the disk, many contexts in one store', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (steps) => {
          count += 1
          await walk(async () => journal, `c${count}`, steps)
        }),
        { numRuns: 40 },
      )
    })

    it('and opened again in between', async () => {
      const reopen = async (): Promise<Journal> => {
        await journal.close()
        journal = await openSqliteJournal({ path: join(directory, 'contexts.db') })
        return journal
      }
      await fc.assert(
        fc.asyncProperty(steps, async (steps) => {
          count += 1
          await walk(reopen, `c${count}`, steps)
        }),
        { numRuns: 5 },
      )
    })
  })
})
