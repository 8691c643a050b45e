import { describe, expect, it } from 'vitest'
import { chanceAbove, estimate, holm, interval } from '../../../../src/bench/compare/bootstrap.ts'
import { compareDefaults, compareRuns } from '../../../../src/bench/compare/compare.ts'
import { createRandom, normal } from '../../../../src/bench/random.ts'

const options = { ...compareDefaults, paired: true, resamples: 1000 }

const runs = (count: number, center: number, noise: number, seed: number) => {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => ({
    ttftP50Ms: center * Math.exp(noise * normal(random)),
    outputTokensPerSecond: (1000 / center) * Math.exp(noise * normal(random)),
  }))
}

describe('a comparison', () => {
  it('sees a change beyond the margin, and which way it is', () => {
    const rows = compareRuns(runs(10, 100, 0.01, 1), runs(10, 110, 0.01, 2), options)
    expect(rows.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ['ttftP50Ms', 'worse'],
      ['outputTokensPerSecond', 'worse'],
    ])
    expect(rows[0]!.ratio).toBeCloseTo(1.1, 1)
    expect(rows[0]!.interval!.low).toBeGreaterThan(1.02)
    expect(rows[1]!.interval!.high).toBeLessThan(0.98)
  })

  it('calls the reverse better', () => {
    const rows = compareRuns(runs(10, 110, 0.01, 1), runs(10, 100, 0.01, 2), options)
    expect(rows.map(({ verdict }) => verdict)).toEqual(['better', 'better'])
  })

  it('lets a change inside of the margin pass, however sure it is', () => {
    const rows = compareRuns(runs(10, 100, 0.0005, 1), runs(10, 101, 0.0005, 2), { ...options, margin: 0.03 })
    expect(rows.map(({ verdict }) => verdict)).toEqual(['same', 'same'])
    expect(rows[0]!.interval!.low).toBeGreaterThan(1)
  })

  it('says what it could have seen', () => {
    const [quiet] = compareRuns(runs(10, 100, 0.005, 1), runs(10, 100, 0.005, 2), options)
    const [noisy] = compareRuns(runs(10, 100, 0.1, 1), runs(10, 100, 0.1, 2), options)
    expect(quiet!.detectable).toBeGreaterThan(0.02)
    expect(quiet!.detectable).toBeLessThan(0.05)
    expect(noisy!.detectable).toBeGreaterThan(0.15)
    expect(noisy!.verdict).toBe('same')
  })

  it('of single runs is a ratio and no more', () => {
    const [row] = compareRuns(runs(1, 100, 0, 1), runs(1, 120, 0, 2), options)
    expect(row).toMatchObject({ verdict: 'unknown', interval: null, chance: null, detectable: null })
    expect(row!.ratio).toBeCloseTo(1.2)
  })

  it('leaves out what one side does not have', () => {
    expect(compareRuns([{ ttftP50Ms: 1 }], [{ tpotP50Ms: 1 }], options)).toEqual([])
  })

  it('pairs what was measured at the same time, so that common weather cancels out', () => {
    const weather = [1, 1.5, 2, 0.7, 1.2, 1.9, 0.8, 1.1]
    const before = weather.map((factor) => ({ ttftP50Ms: 100 * factor }))
    const after = weather.map((factor, at) => ({ ttftP50Ms: 106 * factor * (1 + (at % 3) / 1000) }))
    expect(compareRuns(before, after, options)[0]!.verdict).toBe('worse')
    expect(compareRuns(before, after, { ...options, paired: false })[0]!.verdict).toBe('same')
  })
})

describe('Holm', () => {
  it('steps down from the least likely', () => {
    expect(holm([0.01, 0.04, 0.03], 0.05)).toEqual([true, false, false])
    expect(holm([0.01, 0.02, 0.03], 0.05)).toEqual([true, true, true])
    expect(holm([0.5], 0.05)).toEqual([false])
    expect(holm([], 0.05)).toEqual([])
  })
})

describe('an interval over runs', () => {
  it('holds the truth about as often as it says', () => {
    let held = 0
    const rounds = 400
    for (let round = 0; round < rounds; round += 1) {
      const random = createRandom(round, 9)
      const { low, high } = interval(
        estimate([Array.from({ length: 10 }, () => normal(random))], 400, random),
        0.95,
      )
      if (low <= 0 && 0 <= high) held += 1
    }
    expect(held / rounds).toBeGreaterThan(0.92)
    expect(held / rounds).toBeLessThan(0.985)
  })

  it('of runs that do not differ is a point', () => {
    const same = estimate([[2, 2, 2]], 100, createRandom(1))
    expect(interval(same, 0.95)).toEqual({ low: 2, high: 2 })
    expect([chanceAbove(same, 1), chanceAbove(same, 3)]).toEqual([0, 1])
  })
})
