import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Turn } from '../../src/core/context.ts'
import type { Message } from '../../src/core/inference.ts'
import { isInstruction, isSummary, type PathTurn } from '../../src/daemon/contexts/path.ts'
import { createRelevance } from '../../src/daemon/contexts/relevance.ts'
import { type View, view } from '../../src/daemon/contexts/view.ts'
import { callOf, pathOf, resultOf } from '../unit/daemon/contexts/a-path.ts'

const words = fc
  .array(fc.constantFrom('lisbon', 'x-17', 'budget', 'red', 'harbour', 'and', 'the', '漢字', 'Ärger'), {
    minLength: 1,
    maxLength: 30,
  })
  .map((list) => list.join(' '))

const plain = fc
  .tuple(
    fc.constantFrom<Message['role']>('user', 'assistant', 'user', 'assistant', 'system', 'developer'),
    words,
  )
  .map(([role, content]): Message[] => [{ role, content }])

/** Calls with their results, some of them missing, doubled or of no call at all. */
const calls = fc.tuple(fc.nat(3), fc.nat(3), words).map(([asked, answered, text]): Message[] => [
  {
    role: 'assistant',
    content: null,
    toolCalls: Array.from({ length: asked }, (_, at) => callOf(`c${at}`).toolCalls![0]!),
  },
  ...Array.from({ length: answered }, (_, at) => resultOf(`c${at}`, text)),
])

const turn: fc.Arbitrary<Partial<Turn>> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ pinned: true }) },
  { weight: 1, arbitrary: fc.constant({ state: 'aborted' as const }) },
  { weight: 1, arbitrary: fc.constant({ pinned: true, origin: { model: 'm' } }) },
)

const path: fc.Arbitrary<PathTurn[]> = fc
  .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: calls }), turn), {
    minLength: 1,
    maxLength: 40,
  })
  .map((pieces) =>
    pathOf(...pieces.flatMap(([said, turn]) => said.map((message) => ({ said: message, turn })))),
  )

const tokensOf = ({ turn }: PathTurn): number => 3 + Math.ceil(turn.bodyBytes / 4)

/** undefined: even what must be there does not fit. */
const tryView = (path: readonly PathTurn[], budgetTokens: number, exact = true): View | undefined => {
  try {
    return view(path, { budgetTokens, tokensOf, exact })
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_REQUEST' })
    return undefined
  }
}

const budget = fc.integer({ min: 20, max: 1200 })
const ids = (turns: readonly PathTurn[]): string[] => turns.map(({ turn }) => turn.id)

describe('a view', () => {
  it('is never above its budget', () => {
    fc.assert(
      fc.property(path, budget, fc.boolean(), (path, budgetTokens, exact) => {
        const made = tryView(path, budgetTokens, exact)
        if (!made) return
        const sum = made.kept.reduce((total, each) => total + tokensOf(each), 0)
        expect(made.tokens).toBe(Math.ceil(sum * (exact ? 1 : 1.1)))
        expect(made.tokens).toBeLessThanOrEqual(budgetTokens)
      }),
    )
  })

  it('lists every turn once, as kept or as dropped', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made) return
        const dropped = made.dropped.map(({ id }) => id)
        expect([...ids(made.kept), ...dropped].sort()).toEqual(ids(path).sort())
        expect(made.dropped.every(({ reason }) => reason.length > 0)).toBe(true)
        expect(made.mode === 'whole').toBe(
          !made.dropped.some(({ reason }) => reason === 'budget' || reason === 'order'),
        )
      }),
    )
  })

  it('keeps the order of the path behind instructions and summary', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made) return
        const rest = made.kept.filter(
          ({ turn }, at) =>
            !(isSummary(turn) || made.kept.slice(0, at + 1).every((each) => isInstruction(each.turn))),
        )
        const seqs = rest.map(({ turn }) => turn.seq)
        expect(seqs).toEqual(seqs.toSorted((left, right) => left - right))
      }),
    )
  })

  it('has every result right behind its call, and every call answered unless the path ends there', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made) return
        let open: string[] = []
        for (const { message } of made.kept) {
          if (message.role === 'tool') {
            expect(open).toContain(message.toolCallId)
            open.splice(open.indexOf(message.toolCallId!), 1)
          } else {
            expect(open).toEqual([])
            open = (message.toolCalls ?? []).map(({ id }) => id)
          }
        }
        if (open.length > 0) expect(made.kept.at(-1)!.turn.seq).toBe(lastSpoken(path)!.turn.seq)
      }),
    )
  })

  it('begins with a question when anything had to go', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made || made.mode === 'whole') return
        const first = made.kept.find(({ turn }) => !isInstruction(turn))
        const before = path.slice(0, path.indexOf(first!))
        if (before.some(({ turn }) => turn.role === 'user' && turn.state === 'complete'))
          expect(first!.message.role).toBe('user')
      }),
    )
  })

  it('keeps the newest question, pinned turns and the instructions that hold', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made) return
        const dropped = new Map(made.dropped.map(({ id, reason }) => [id, reason]))
        const newest = path.findLast(
          ({ turn }) => turn.role === 'user' && turn.state === 'complete' && !isSummary(turn),
        )
        if (newest) expect(dropped.get(newest.turn.id)).toBeUndefined()
        for (const { turn } of path)
          if (turn.pinned && turn.state === 'complete')
            expect([undefined, 'superseded', 'unpaired']).toContain(dropped.get(turn.id))
      }),
    )
  })

  it('leaves out what was cut short, and only says so', () => {
    fc.assert(
      fc.property(path, budget, (path, budgetTokens) => {
        const made = tryView(path, budgetTokens)
        if (!made) return
        for (const { turn } of path)
          expect(made.dropped.some(({ id, reason }) => id === turn.id && reason === 'aborted')).toBe(
            turn.state === 'aborted',
          )
      }),
    )
  })

  it('is the same for the same, also with what was kept from a shorter or another path', () => {
    fc.assert(
      fc.property(path, path, budget, fc.nat(), (path, other, budgetTokens, cut) => {
        const relevance = createRelevance()
        const options = { budgetTokens, tokensOf, exact: true }
        const outcome = (path: readonly PathTurn[], kept?: typeof relevance): unknown => {
          try {
            return view(path, { ...options, ...(kept && { relevance: kept }) })
          } catch (error) {
            return (error as Error).message
          }
        }
        outcome(path.slice(0, cut % (path.length + 1)), relevance)
        outcome(
          other.map((each) => ({ ...each, turn: { ...each.turn, chainHash: `o${each.turn.seq}` } })),
          relevance,
        )
        outcome(path.slice(0, cut % (path.length + 1)), relevance)
        const fresh = outcome(path)
        expect(outcome(path, relevance)).toEqual(fresh)
        expect(outcome(structuredClone(path), relevance)).toEqual(fresh)
      }),
    )
  })
})

const lastSpoken = (path: readonly PathTurn[]): PathTurn | undefined =>
  path.findLast(
    ({ turn }) => turn.state === 'complete' && !isSummary(turn) && !(isInstruction(turn) && turn.pinned),
  )

it('only grows between cuts, and cuts seldom', () => {
  // Questions that share no word, so that nothing old is asked for.
  const lengths = fc.array(fc.integer({ min: 5, max: 60 }), { minLength: 40, maxLength: 120 })
  fc.assert(
    fc.property(lengths, (lengths) => {
      const path = pathOf(
        's:instructions',
        ...lengths.map((length, at) => `${at % 2 === 0 ? 'u' : 'a'}:${'word'.repeat(length)}${at}`),
      )
      const budgetTokens = 700
      const total = path.reduce((sum, each) => sum + tokensOf(each), 0)
      let breaks = 0
      let before: string[] = []
      for (let end = 2; end <= path.length; end += 1) {
        const kept = ids(view(path.slice(0, end), { budgetTokens, tokensOf, exact: true }).kept)
        if (before.some((id, at) => kept[at] !== id)) breaks += 1
        before = kept
      }
      expect(breaks).toBeLessThanOrEqual(Math.ceil(total / (0.3 * (budgetTokens - tokensOf(path[0]!)))))
    }),
    { numRuns: 20 },
  )
})
