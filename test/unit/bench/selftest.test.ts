import { describe, expect, it } from 'vitest'
import { measureAccuracy } from '../../../src/bench/selftest/accuracy.ts'
import type { Truth } from '../../../src/bench/simulator/answer.ts'
import { newRecord } from './new-record.ts'

const truth = (id: string, given: Partial<Truth> = {}): Truth => ({
  id,
  receivedMs: 2,
  outcome: 'ok',
  tokens: 3,
  sentMs: [10, 20, 30],
  lateMs: [0, 0.1, 0],
  hadBackPressure: false,
  isCut: false,
  ...given,
})

describe('accuracy', () => {
  it('is the distance of stamps from the sends they belong to', () => {
    const record = newRecord({ requestId: 'a', issuedMs: 1, stamps: [10.5, 20.25, 31], outputTokens: 3 })
    const accuracy = measureAccuracy([record], [truth('a')])
    expect(accuracy).toMatchObject({
      matched: 1,
      ttftMs: { n: 1, p50: 0.5 },
      gapMs: { n: 2, max: 0.75 },
      sendLagMs: { p50: 1 },
      wrongTokens: 0,
      wrongOutcomes: [],
    })
    expect(accuracy.tpotShare).toBeCloseTo(0.025)
  })

  it('names what was called something else', () => {
    const records = [
      newRecord({ requestId: 'a', outcome: 'truncated', stamps: [10] }),
      newRecord({ requestId: 'b', outputTokens: 2, stamps: [10, 20, 30] }),
      newRecord({ outcome: 'connect' }),
    ]
    const truths = [truth('a'), truth('b'), truth('c', { outcome: 'reset-before', sentMs: [] })]
    const { wrongOutcomes, wrongTokens } = measureAccuracy(records, truths)
    expect(wrongTokens).toBe(1)
    expect(wrongOutcomes).toEqual([
      { was: 'ok', called: 'truncated', count: 1 },
      { was: 'something else', called: 'connect', count: 1 },
      { was: 'reset-before', called: 'something else', count: 1 },
    ])
  })

  it('says when the sender was late or held up', () => {
    const late = measureAccuracy([], [truth('a', { lateMs: [5, 5], hadBackPressure: true })])
    expect(late).toMatchObject({ matched: 0, senderLateP99Ms: 5, senderWaited: 1 })
  })
})
