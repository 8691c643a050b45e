import { describe, expect, it } from 'vitest'
import type { PathTurn } from '../../../../src/daemon/contexts/path.ts'
import { type View, view, type ViewOptions } from '../../../../src/daemon/contexts/view.ts'
import { callOf, pathOf, resultOf } from './a-path.ts'

const look = (path: readonly PathTurn[], over: Partial<ViewOptions> = {}): View =>
  view(path, { budgetTokens: 1000, tokensOf: () => 10, exact: true, ...over })

const kept = (made: View): string => made.kept.map(({ turn }) => turn.id).join(' ')
const dropped = (made: View): string => made.dropped.map(({ id, reason }) => `${id}:${reason}`).join(' ')

describe('what no view has', () => {
  it('is an answer that was cut short', () => {
    const path = pathOf('u:one', { said: 'a:1', turn: { state: 'aborted' } }, 'u:two')
    expect(kept(look(path))).toBe('t1 t3')
    expect(look(path).dropped).toEqual([{ id: 't2', tokens: 10, reason: 'aborted' }])
    expect(look(path).mode).toBe('whole')
  })

  it('are instructions that others replaced; those that hold come first', () => {
    const path = pathOf(
      's:be kind',
      'd:in prose',
      'u:one',
      'a:1',
      { said: 's:be brief', turn: { pinned: true } },
      'u:two',
      's:it is late',
    )
    expect(kept(look(path))).toBe('t5 t3 t4 t6 t7')
    expect(dropped(look(path))).toBe('t1:superseded t2:superseded')
  })

  it('are calls without results and results without calls', () => {
    const path = pathOf('u:one', callOf('a'), 'u:two', resultOf('b'), callOf('c'), resultOf('c'))
    expect(kept(look(path))).toBe('t1 t3 t5 t6')
    expect(dropped(look(path))).toBe('t2:unpaired t4:unpaired')
  })

  it('is what a summary stands for, with the summary in its place', () => {
    const path = pathOf(
      's:be kind',
      'u:1',
      'a:1',
      'u:2',
      'a:2',
      'u:3',
      'a:3',
      'u:4',
      'a:4',
      { said: 'u:so far', turn: { pinned: true, origin: { model: 'm' } } },
      'u:5',
    )
    expect(kept(look(path))).toBe('t1 t10 t6 t7 t8 t9 t11')
    expect(dropped(look(path))).toBe('t2:summarised t3:summarised t4:summarised t5:summarised')
  })
})

describe('calls that wait for their results', () => {
  it('stay at the end', () => {
    expect(kept(look(pathOf('u:one', callOf('a'))))).toBe('t1 t2')
    expect(kept(look(pathOf('u:one', callOf('a'), resultOf('a'))))).toBe('t1 t2 t3')
  })
})

describe('a view under a budget', () => {
  const long = pathOf(
    's:be kind',
    'u:my harbour is called Brixen',
    'a:fine',
    ...Array.from({ length: 40 }, (_, at) => `${at % 2 === 0 ? 'u' : 'a'}:words number ${at}`),
    'u:how was the harbour called',
  )

  it('fetches back what the question is about, with the reason for all else', () => {
    const made = look(long, { budgetTokens: 120 })
    expect(kept(made).startsWith('t1 t2 ')).toBe(true)
    expect(made.mode).toBe('lexical')
    expect(made.tokens).toBeLessThanOrEqual(120)
    expect(new Set(made.dropped.map(({ reason }) => reason))).toEqual(new Set(['budget']))
  })

  it('goes by recency where the question says nothing', () => {
    const vague = pathOf(...long.slice(0, -1).map(({ message }) => message), 'u:and then?')
    const made = look(vague, { budgetTokens: 120 })
    expect(made.mode).toBe('recent')
    expect(kept(made)).not.toContain('t2 ')
  })

  it('keeps what was fetched back for the questions that follow', () => {
    const more = pathOf(...long.map(({ message }) => message), 'a:Brixen', 'u:and then?')
    expect(kept(look(more, { budgetTokens: 120 })).startsWith('t1 t2 ')).toBe(true)
  })

  it('keeps pinned turns at any age', () => {
    const path = long.map((each, at) => (at === 2 ? { ...each, turn: { ...each.turn, pinned: true } } : each))
    expect(kept(look(path, { budgetTokens: 100 })).startsWith('t1 t2 t3 ')).toBe(true)
  })

  it('leaves room for what it is told of and for errors of estimates', () => {
    expect(look(long, { budgetTokens: 200, fixedTokens: 80 }).tokens).toBeLessThanOrEqual(200)
    expect(look(long, { budgetTokens: 200, exact: false }).kept.length * 11).toBeLessThanOrEqual(200)
  })

  it('says how many tokens are needed when the least does not fit', () => {
    expect(() => look(long, { budgetTokens: 19 })).toThrow(
      'The instructions, the pinned turns and the newest message need 20 tokens, and the budget is 19.',
    )
    expect(look(long, { budgetTokens: 20 }).kept).toHaveLength(2)
    expect(() => look(long, { budgetTokens: 20, exact: false })).toThrow('need 22 tokens')
  })

  it('keeps an opening by the assistant only while nothing has to go', () => {
    const path = pathOf('a:welcome', ...long.slice(1).map(({ message }) => message))
    expect(kept(look(path)).startsWith('t1 ')).toBe(true)
    expect(look(path, { budgetTokens: 100 }).kept[0]!.message.role).toBe('user')
  })
})

describe('a semantic view', () => {
  /** Two directions: what the vector says decides where no word does. */
  const vectorsOf = ({ message }: PathTurn): readonly Float32Array[] => {
    const text = message.content as string
    return [Float32Array.from(/sea|boat/.test(text) ? [1, 0] : [0, 1])]
  }

  it('finds by meaning, and says so', () => {
    const path = pathOf(
      'u:we sail the sea',
      ...Array.from({ length: 40 }, (_, at) => `${at % 2 === 0 ? 'a' : 'u'}:words number ${at}`),
      'u:boat?',
    )
    const made = look(path, { budgetTokens: 120, vectorsOf })
    expect(made.mode).toBe('semantic')
    expect(kept(made).startsWith('t1 ')).toBe(true)
    expect(kept(look(path, { budgetTokens: 120 })).startsWith('t1 ')).toBe(false)
  })

  it('is lexical and says so where the question has no vector', () => {
    const path = pathOf(...Array.from({ length: 40 }, (_, at) => `u:words number ${at}`), 'u:words')
    expect(look(path, { budgetTokens: 120, vectorsOf: () => [] }).mode).toBe('lexical')
  })
})
