import { describe, expect, it } from 'vitest'
import { contextIdPattern, mainHead, turnStates } from '../../../src/core/context.ts'

describe('contextIdPattern', () => {
  it.each(['a', 'A-b_9', 'x'.repeat(64), mainHead])('takes %s', (id) => expect(id).toMatch(contextIdPattern))

  it.each(['', 'x'.repeat(65), 'a b', 'a:b', '{a}', 'a\n', 'ü', '*', '../a', 'a\0'])('refuses %j', (id) =>
    expect(id).not.toMatch(contextIdPattern),
  )
})

describe('turnStates', () => {
  // A store has their numbers.
  it('keep their places', () => expect(turnStates).toEqual(['streaming', 'complete', 'aborted']))
})
