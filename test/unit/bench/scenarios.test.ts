import { describe, expect, it } from 'vitest'
import { makePairedPlan, makePlan } from '../../../src/bench/make-plan.ts'
import { reportFaults } from '../../../src/bench/scenarios/fault-report.ts'
import { parseFaults } from '../../../src/bench/scenarios/faults.ts'
import type { Target } from '../../../src/bench/target.ts'
import { newRecord } from './new-record.ts'

const target: Target = {
  label: 't',
  url: 'http://test.invalid/v1',
  wire: 'openai-chat',
  model: 'm',
  stream: true,
  streamUsage: true,
  extra: {},
}
const parts = { targets: [target, { ...target, label: 'u' }], watched: [] }

describe('a plan', () => {
  it('never asks the same twice: each step begins where the one before ended', () => {
    const { phases } = makePlan({ concurrency: '1,2,4', requests: 10, warmup: 3 }, parts)
    expect(phases.map(({ isWarmUp, firstIndex, requests }) => [isWarmUp, firstIndex, requests])).toEqual([
      [true, 1, 3],
      [false, 0, 10],
      [false, 10, 10],
      [false, 20, 10],
    ])
  })

  it('of pairs lets each side go first as often as the other', () => {
    const { phases } = makePairedPlan({ concurrency: 2, requests: 5, warmup: 0 }, parts, 4)
    expect(phases.map(({ targets }) => targets[0])).toEqual([0, 1, 1, 0, 0, 1, 1, 0])
  })

  it.each([
    [{ concurrency: '1,2', repeats: 3 }, /Repeats/],
    [{ rate: 5, ramp: '5s' }, /ramp/],
    [{ rate: 5, arrivals: 'poisson', burstiness: 2 }, /gamma/],
    [{ concurrency: 1.5 }, /whole number/],
    [{ rate: 5, concurrency: '1,2' }, /one concurrency/],
    [{ burstiness: 2 }, /rate/],
  ] as const)('refuses %j', (settings, why) => {
    expect(() => makePlan(settings, parts)).toThrow(why)
  })
})

describe('faults', () => {
  it('are read, in the order of their times', () => {
    expect(parseFaults(['cut@5s+1s', 'freeze@500ms+2s'])).toEqual([
      { kind: 'freeze', fromMs: 500, toMs: 2500 },
      { kind: 'cut', fromMs: 5000, toMs: 6000 },
    ])
  })

  it.each([['sulk@1s+1s'], ['kill@1s'], ['kill@1+1'], ['kill'], ['kill@1s+9parsecs']])(
    'are refused: %s',
    (text) => {
      expect(() => parseFaults([text])).toThrow(/is no fault/)
    },
  )

  it('may not overlap', () => {
    expect(() => parseFaults(['kill@1s+3s', 'cut@2s+1s'])).toThrow(/overlap/)
  })

  it('are reported with what was lost and when it was over', () => {
    const records = [
      newRecord({ issuedMs: 0, stamps: [100] }),
      newRecord({ issuedMs: 900, outcome: 'reset-mid', endedMs: 1000 }),
      newRecord({ issuedMs: 1200, outcome: 'connect', endedMs: 1201 }),
      newRecord({ issuedMs: 1900, stamps: [2300] }),
      newRecord({ issuedMs: 2010, outcome: 'connect', endedMs: 2011 }),
      newRecord({ issuedMs: 2100, stamps: [2250] }),
    ]
    const [report] = reportFaults(records, [{ kind: 'kill', fromMs: 1000, toMs: 2000 }], 0)
    expect(report).toMatchObject({
      before: { requests: 2, failed: 1, ttftMs: { n: 1, p50: 100 } },
      during: { requests: 2, failed: 1 },
      after: { requests: 2, failed: 1 },
      recoveryMs: 250,
      lost: 1,
    })
  })
})
