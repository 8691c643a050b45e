import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf } from '../../src/core/canonical-json.ts'
import type { Append, Appended, ContextKey, StoredTurn } from '../../src/core/context.ts'
import { isMcpdError } from '../../src/core/errors.ts'
import type { SpoolJournal } from '../../src/daemon/contexts/spool/spool-journal.ts'
import {
  createSharedStore,
  openSpool,
  type Remote,
  say,
  textsOf,
  type Weather,
} from '../unit/daemon/contexts/spool/a-remote.ts'

const contexts = ['a', 'b'] as const
const weathers: readonly Weather[] = ['up', 'up', 'down', 'down', 'lost-before', 'lost-after']

type Step =
  | { readonly do: 'weather'; readonly by: number; readonly weather: Weather }
  | { readonly do: 'round'; readonly by: number }
  | { readonly do: 'restart'; readonly by: number }
  | {
      readonly do: 'say' | 'chat'
      readonly by: number
      readonly context: (typeof contexts)[number]
      /** What was refused as not available is asked again under its key, or else something new is said. */
      readonly isStubborn: boolean
      /** Read before, as a client does that goes on with a conversation. */
      readonly reads: boolean
      readonly isWherever: boolean
    }

const stepsOf = (daemons: number): fc.Arbitrary<readonly Step[]> => {
  const by = fc.nat({ max: daemons - 1 })
  const talk = fc.record({
    do: fc.constantFrom('say' as const, 'say' as const, 'chat' as const),
    by,
    context: fc.constantFrom(...contexts),
    isStubborn: fc.boolean(),
    reads: fc.boolean(),
    isWherever: fc.boolean(),
  })
  return fc.array(
    fc.oneof(
      { weight: 8, arbitrary: talk },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('weather' as const),
          by,
          weather: fc.constantFrom(...weathers),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('round' as const), by }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), by }) },
    ),
    { minLength: 5, maxLength: 40 },
  )
}

let directory: string
let runs = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-spool-'))
})
afterAll(() => rm(directory, { recursive: true }))

interface Ack {
  readonly context: string
  readonly text: string
  /** Of everything up to it, as it was told. */
  readonly chainHash: string
}

const textOf = ({ body }: StoredTurn): string | null =>
  (JSON.parse(body.toString()) as { content?: string }).content ?? null

const orUnavailable = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (isMcpdError(error) && error.code === 'STORE_UNAVAILABLE') return undefined
    throw error
  }
}

/** Daemons do the steps; returns what was acknowledged, and what is stored when all lines are up again. */
const walk = async (daemons: number, steps: readonly Step[]) => {
  runs += 1
  const { store, connect } = createSharedStore()
  const acks: Ack[] = []
  const remotes: Remote[] = []
  const journals: SpoolJournal[] = []
  /** By daemon and context: a request whose outcome is not known. */
  const refused = new Map<string, Append>()
  let said = 0

  const start = (by: number): void => {
    remotes[by] = connect()
    journals[by] = openSpool(remotes[by], directory, `${runs}-${by}`, { hotMaxBytes: 12_000 })
  }
  const settle = async (
    { by, context }: { readonly by: number; readonly context: string },
    request: Append,
  ): Promise<Extract<Appended, { readonly outcome: 'ok' | 'duplicate' }> | undefined> => {
    const result = await orUnavailable(journals[by]!.append(request)).catch(ignoreMissing)
    if (!result) refused.set(`${by}${context}`, request)
    else refused.delete(`${by}${context}`)
    if (!result || result.outcome === 'conflict') return undefined
    const [body] = request.turns.map((turn) => textOf(turn as StoredTurn))
    const [turn] = result.turns
    if (turn && body !== undefined && body !== null) {
      // Told a second time it is the same.
      if (!acks.some(({ text }) => text === body))
        acks.push({ context, text: body, chainHash: turn.chainHash })
    }
    return result
  }
  const talk = async (step: Extract<Step, { readonly do: 'say' | 'chat' }>): Promise<void> => {
    const { by, context } = step
    const key: ContextKey = { tenant: 'default', context }
    const journal = journals[by]!
    const again = refused.get(`${by}${context}`)
    if (again && step.isStubborn) return void (await settle(step, again))
    const summary = step.reads ? await orUnavailable(journal.summary(key)) : undefined
    const path = step.reads ? await orUnavailable(journal.path(key, { head: 'main' })) : undefined
    said += 1
    const text = `${said}`
    // Made twice, by someone who does not know better, it would rightly be a fork.
    const isThere = acks.some((ack) => ack.context === context)
    const expected = summary ? (path?.end ?? '*') : step.isWherever || isThere ? '*' : null
    const more = { idempotencyKey: `key ${said}` }
    if (step.do === 'say') return void (await settle(step, say(key, expected, text, more)))
    const id = `answer-${said}`
    const asked = await settle(step, say(key, expected, text, { ...more, opens: { id, role: 'assistant' } }))
    if (!asked) return
    const body = bodyOf({ role: 'assistant', content: `to ${text}` })
    await settle(step, {
      ...key,
      head: 'main',
      expected: '*',
      closes: asked.turns.at(-1)?.id ?? id,
      turns: [{ role: 'assistant', body }],
    })
  }

  for (let by = 0; by < daemons; by += 1) start(by)
  for (const step of steps) {
    const { by } = step
    if (step.do === 'weather') remotes[by]!.set(step.weather)
    else if (step.do === 'round') await journals[by]!.spool.carryOver()
    else if (step.do === 'restart') {
      await journals[by]!.close()
      start(by)
    } else if (step.do === 'say' || step.do === 'chat') await talk(step)
  }
  for (const remote of remotes) remote.set('up')
  for (const journal of journals) await journal.spool.carryOver()
  const waiting = journals.map((journal) => journal.spool.stats().appends)
  await Promise.all(journals.map((journal) => journal.close()))
  return { store, acks, waiting }
}

const ignoreMissing = (error: unknown): undefined => {
  if (isMcpdError(error) && error.code === 'CONTEXT_NOT_FOUND') return undefined
  throw error
}

const allTurns = async (store: Awaited<ReturnType<typeof walk>>['store'], context: string) =>
  (await store.turns({ tenant: 'default', context })) ?? []

describe('whatever happens to the line to PostgreSQL', () => {
  it('one daemon finds what it has acknowledged, once and in order', () =>
    fc.assert(
      fc.asyncProperty(stepsOf(1), async (steps) => {
        const { store, acks, waiting } = await walk(1, steps)
        expect(waiting).toEqual([0])
        for (const context of contexts) {
          const key = { tenant: 'default', context }
          const acked = acks.filter((ack) => ack.context === context).map(({ text }) => text)
          const stored = (await textsOf(store, key)) ?? []
          expect(stored.filter((text) => text !== null && acked.includes(text))).toEqual(acked)
          const summary = await store.summary(key)
          expect(Object.keys(summary?.heads ?? { main: null })).toEqual(['main'])
        }
      }),
      { numRuns: 15 },
    ))

  it('two daemons find what each has acknowledged, once and with the history that it was told', () =>
    fc.assert(
      fc.asyncProperty(stepsOf(2), async (steps) => {
        const { store, acks, waiting } = await walk(2, steps)
        expect(waiting).toEqual([0, 0])
        for (const context of contexts) {
          const turns = await allTurns(store, context)
          for (const { text, chainHash } of acks.filter((ack) => ack.context === context))
            expect(turns.flatMap((turn) => (textOf(turn) === text ? [turn.chainHash] : []))).toEqual([
              chainHash,
            ])
          const problems = []
          for await (const problem of store.fsck()) problems.push(problem)
          expect(problems).toEqual([])
        }
      }),
      { numRuns: 15 },
    ))
})
