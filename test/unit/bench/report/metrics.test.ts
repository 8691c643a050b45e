import { describe, expect, it } from 'vitest'
import type { RequestRecord } from '../../../../src/bench/measure/record.ts'
import { tpot, ttfo, ttft, ttst, e2e } from '../../../../src/bench/measure/record.ts'
import { countErrors } from '../../../../src/bench/report/errors.ts'
import { measureRecords } from '../../../../src/bench/report/metrics.ts'
import { isGood, parseSlo } from '../../../../src/bench/report/slo.ts'
import { countTokens } from '../../../../src/bench/report/tokens.ts'
import { newRecord } from '../new-record.ts'

const metricsOf = (records: readonly RequestRecord[], fromMs = 0, toMs = 1000, slo = {}) =>
  measureRecords(records, { fromMs, toMs }, slo)

describe('the times of a request', () => {
  const record = newRecord({
    scheduledMs: 90,
    issuedMs: 100,
    stamps: [150, 170, 200, 230],
    firstOutputMs: 170,
    outputTokens: 4,
    endedMs: 240,
  })

  it('begin at its issue and end at its tokens', () => {
    expect([ttft(record), ttfo(record), ttst(record), e2e(record)]).toEqual([50, 70, 20, 130])
  })

  it('per token leave the first one out', () => {
    expect(tpot(record)).toBeCloseTo(80 / 3)
    expect(tpot(newRecord({ stamps: [150], outputTokens: 1 }))).toBeUndefined()
    expect(tpot(newRecord({ stamps: [], outputTokens: 9 }))).toBeUndefined()
  })

  it('per token count tokens, not events', () => {
    expect(tpot({ ...record, outputTokens: 13, firstEventTokens: 4 })).toBeCloseTo(80 / 9)
  })

  it('of an answer that came whole end with its bytes', () => {
    const whole = newRecord({ issuedMs: 100, endedMs: 400 })
    expect([ttft(whole), e2e(whole)]).toEqual([undefined, 300])
  })
})

describe('metrics', () => {
  it('pool the gaps between all events', () => {
    const records = [newRecord({ stamps: [10, 20, 40] }), newRecord({ stamps: [15, 45] })]
    expect(metricsOf(records).iclMs).toMatchObject({ n: 3, mean: 20, p50: 20, max: 30 })
  })

  it('count tokens by the time of their event, so that an edge cuts an answer', () => {
    const record = newRecord({ issuedMs: 0, stamps: [100, 200, 300, 400], outputTokens: 4, endedMs: 400 })
    const metrics = metricsOf([record], 150, 350)
    expect(metrics.outputTokensPerSecond).toBeCloseTo(2 / 0.2)
    expect(metrics.requestsPerSecond).toBe(0)
    expect(metrics.wholeRun.outputTokensPerSecond).toBeCloseTo(4 / 0.4)
  })

  it('spread bundled tokens over their events', () => {
    const record = newRecord({ stamps: [100, 200, 300], outputTokens: 11, firstEventTokens: 1, endedMs: 300 })
    expect(metricsOf([record], 0, 250).outputTokensPerSecond).toBeCloseTo((1 + 5) / 0.25)
  })

  it('take latencies of successes only, and failures as infinitely slow beside', () => {
    const records = [
      newRecord({ stamps: [10] }),
      newRecord({ stamps: [30] }),
      newRecord({ stamps: [1], outcome: 'truncated' }),
      newRecord({ outcome: 'connect' }),
      newRecord({ stamps: [1], outcome: 'cancelled' }),
    ]
    const metrics = metricsOf(records)
    expect(metrics.ttftMs).toMatchObject({ n: 2, mean: 20 })
    expect(metrics.failureAware.ttftMs).toEqual({ p50: 'inf', p90: 'inf', p99: null })
    expect(countErrors(records)).toMatchObject({ total: 2, rate: 0.5, byClass: { connect: 1, truncated: 1 } })
  })

  it('say nothing of nothing', () => {
    const metrics = metricsOf([newRecord({ outcome: 'connect' })])
    expect(metrics.ttftMs).toEqual({ n: 0, mean: null, p50: null, p90: null, p99: null, max: null })
    expect(JSON.stringify(metrics)).not.toMatch(/NaN|Infinity/)
    expect(JSON.stringify(measureRecords([], { fromMs: 0, toMs: 0 }, undefined))).not.toMatch(/NaN|Infinity/)
  })

  it('see from the schedule what waiting in the client hides', () => {
    const records = Array.from({ length: 10 }, (_, index) =>
      newRecord({ scheduledMs: 0, issuedMs: index * 100, stamps: [index * 100 + 5] }),
    )
    const metrics = metricsOf(records)
    expect(metrics.ttftMs.max).toBe(5)
    expect(metrics.fromSchedule.ttftMs.max).toBe(905)
    expect(metrics.queueMs.max).toBe(900)
  })
})

describe('goodput', () => {
  it('asks a request to meet every objective', () => {
    const slo = parseSlo(['ttft=100ms,tpot=20ms'])
    expect(slo).toEqual({ ttft: 100, tpot: 20 })
    const good = newRecord({ stamps: [90, 110], outputTokens: 2 })
    expect(isGood(good, slo)).toBe(true)
    expect(isGood({ ...good, stamps: Float64Array.of(90, 115) }, slo)).toBe(false)
    expect(isGood(newRecord({ stamps: [101] }), slo)).toBe(false)
    expect(isGood(newRecord({ stamps: [1], outcome: 'truncated' }), slo)).toBe(false)
    expect(metricsOf([good, newRecord({ outcome: 'timeout' })], 0, 500, slo).goodput).toEqual({
      requestsPerSecond: 2,
      share: 0.5,
    })
  })

  it.each(['ttft', 'ttft=', 'ttft=5', 'speed=5s', 'ttft=-5ms', 'ttft=0ms', 'ttft=5parsecs'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseSlo([text])).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )
})

describe('tokens', () => {
  it('name their source', () => {
    const counted = newRecord({ stamps: [1, 2], outputTokens: 6, inputTokens: 3 })
    const bare = newRecord({ stamps: [1, 2] })
    expect(countTokens([counted])).toMatchObject({ input: 3, output: 6, source: 'usage', tokensPerEvent: 3 })
    expect(countTokens([bare])).toMatchObject({ output: 2, source: 'events', tokensPerEvent: null })
    expect(countTokens([counted, bare])).toMatchObject({ output: 8, source: 'mixed' })
    expect(countTokens([newRecord({ outcome: 'empty' })])).toMatchObject({ output: 0, source: 'none' })
  })
})
