import { createClient } from '@redis/client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf } from '../../src/core/canonical-json.ts'
import type { ContextKey, NewTurn } from '../../src/core/context.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../src/daemon/contexts/journal/memory.ts'
import { type ContextStore, createContextStore } from '../../src/daemon/contexts/store.ts'
import { connected, type TestCopies, testCopies } from '../harness/hot-copies.ts'
import { redisMissing, type RedisServer, startRedis } from '../harness/redis.ts'
import { sharing } from '../unit/daemon/contexts/a-shared-journal.ts'

const missing = redisMissing()

const heads = ['main', 'side'] as const
const store = fc.constantFrom(0, 1)
const head = fc.constantFrom(...heads)
/** Long texts make copies ripe for folding. */
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('x', 'y').map((letter) => letter.repeat(9000)),
)

type Step =
  | {
      readonly do: 'append' | 'answer'
      readonly store: number
      readonly head: string
      readonly texts: readonly string[]
    }
  | { readonly do: 'fork' | 'rewind' | 'pin' | 'delete'; readonly store: number; readonly pick: number }
  /** What somebody else does to Redis. */
  | { readonly do: 'spoil'; readonly how: keyof typeof spoilers }

const spoilers = {
  flush: () => [['FLUSHALL']],
  'drop the numbers': ({ meta }: Keys) => [['DEL', meta]],
  'drop the turns': ({ log }: Keys) => [['DEL', log]],
  'take a turn away': ({ log }: Keys) => [['RPOP', log]],
  'write over a turn': ({ log }: Keys) => [['LSET', log, '-1', 'x']],
  'keep it': ({ meta, log }: Keys) => [
    ['COPY', meta, `${meta}2`, 'REPLACE'],
    ['COPY', log, `${log}2`, 'REPLACE'],
  ],
  'bring back what was kept': ({ meta, log }: Keys) => [
    ['COPY', `${meta}2`, meta, 'REPLACE'],
    ['COPY', `${log}2`, log, 'REPLACE'],
  ],
  'mix what was kept with what is': ({ log }: Keys) => [['COPY', `${log}2`, log, 'REPLACE']],
} as const

interface Keys {
  readonly meta: string
  readonly log: string
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('append' as const, 'answer' as const),
      store,
      head,
      texts: fc.array(text, { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('fork' as const, 'rewind' as const, 'pin' as const),
      store,
      pick: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), store, pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('spoil' as const),
      how: fc.constantFrom(...(Object.keys(spoilers) as (keyof typeof spoilers)[])),
    }),
  },
)

const say = (content: string): NewTurn => ({ role: 'user', body: bodyOf({ role: 'user', content }) })

describe.skipIf(missing !== undefined)(`hot copies${missing === undefined ? '' : ` (${missing})`}`, () => {
  let redis: RedisServer
  let client: ReturnType<typeof createClient>
  let hot: readonly TestCopies[]
  const journal = sharing(createMemoryJournal({ now: Date.now, newId }))
  let stores: readonly ContextStore[]

  beforeAll(async () => {
    redis = await startRedis()
    client = createClient({ url: redis.url })
    await client.connect()
    hot = Array.from({ length: 3 }, () => testCopies(redis.url))
    await Promise.all(hot.map(connected))
    // The last one remembers nothing, so that all it reads comes from Redis or the journal.
    stores = hot.map(({ copies }, at) =>
      createContextStore({ journal, copies, ...(at === 2 && { hotMaxBytes: 0 }) }),
    )
  })
  afterAll(async () => {
    await Promise.all(hot.map(({ copies }) => copies.close()))
    client.destroy()
    await redis.close()
  })

  const spoil = async (key: ContextKey, how: keyof typeof spoilers): Promise<void> => {
    const name = `mcpd:hot1:{${key.tenant}.${key.context}}`
    for (const command of spoilers[how]({ meta: `${name}:meta`, log: `${name}:log` }))
      // There may be nothing to spoil.
      await client.sendCommand([...command]).catch(() => undefined)
  }
  const perform = async (key: ContextKey, each: Step): Promise<void> => {
    if (each.do === 'spoil') return spoil(key, each.how)
    const by = stores[each.store]!
    const { heads: known } = await by.summary(key)
    if (each.do === 'append') {
      if (each.head in known)
        await by.append({ ...key, head: each.head, expected: '*', turns: each.texts.map(say) })
    } else if (each.do === 'answer') {
      if (!(each.head in known)) return
      const id = newId()
      await by.append({
        ...key,
        head: each.head,
        expected: '*',
        turns: [say('?')],
        opens: { id, role: 'assistant' },
      })
      await reads(key)
      await by.append({ ...key, head: each.head, expected: '*', closes: id, turns: each.texts.map(say) })
    } else if (each.do === 'delete') {
      await by.delete(key)
      await by.create({ ...key, turns: [say('anew')] })
    } else if ('pick' in each) {
      const turns = (await journal.turns(key)) ?? []
      const turn = turns[each.pick % turns.length]
      if (!turn || turn.state === 'streaming') return
      if (each.do === 'pin') await by.annotate(key, { pins: { [turn.id]: !turn.pinned } })
      else if (each.do === 'rewind') await by.rewind({ ...key, to: turn.id })
      else if (!('side' in known)) await by.fork({ ...key, from: { turn: turn.id }, name: 'side' })
    }
  }
  const reads = async (key: ContextKey): Promise<void> => {
    for (const name of heads) {
      const truth = await journal.path(key, { head: name })
      if (!truth) continue
      const seen = await Promise.all([...stores, ...stores].map((each) => each.path(key, { head: name })))
      for (const path of seen) expect(path).toEqual(truth)
      const [first] = truth.turns
      if (first) expect((await stores[2]?.path(key, { turn: first.id }))?.turns).toEqual([first])
    }
  }

  it('show what the journal has after anything that daemons write and others spoil', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const key = { tenant: 'default', context: newId() }
        await stores[0]?.create({ ...key, turns: [say('first')] })
        for (const each of steps) {
          await perform(key, each)
          await reads(key)
        }
      }),
      { numRuns: 60 },
    )
    const { reads: outcomes } = hot[2]!.copies.counts
    for (const outcome of ['hit', 'miss', 'stale', 'broken'] as const)
      expect(outcomes[outcome]).toBeGreaterThan(0)
  })
})
