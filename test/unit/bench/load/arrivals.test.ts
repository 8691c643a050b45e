import { describe, expect, it } from 'vitest'
import { type Arrivals, arrivalTimes } from '../../../../src/bench/load/arrivals.ts'
import { mean, sorted, standardDeviation } from '../../../../src/bench/percentile.ts'

const take = (arrivals: Arrivals, count: number): number[] => arrivalTimes(arrivals).take(count).toArray()
const gapsOf = (times: readonly number[]): number[] => times.map((time, at) => time - (times[at - 1] ?? 0))

/** The largest distance between the gaps' distribution and an exponential one of the same mean. */
const kolmogorov = (gaps: readonly number[]): number => {
  const values = sorted(gaps)
  const center = mean(values)
  return values.reduce((most, value, at) => {
    const expected = 1 - Math.exp(-value / center)
    return Math.max(
      most,
      Math.abs(expected - at / values.length),
      Math.abs(expected - (at + 1) / values.length),
    )
  }, 0)
}

describe('arrivals', () => {
  it('of a constant rate come at equal gaps, however many they are', () => {
    const times = take({ kind: 'constant', rate: 300, seed: 1 }, 100_000)
    expect(times[0]).toBeCloseTo(1000 / 300, 9)
    expect(times.at(-1)).toBeCloseTo((100_000 * 1000) / 300, 4)
  })

  it.each([1, 2, 3, 4, 5])('of a Poisson process have exponential gaps (seed %i)', (seed) => {
    const gaps = gapsOf(take({ kind: 'poisson', rate: 50, seed }, 5000))
    // The 1 % critical value: five seeds are tried, and they are always the same.
    expect(kolmogorov(gaps)).toBeLessThan(1.63 / Math.sqrt(gaps.length))
  })

  it.each([0.5, 2])('of gamma have the burstiness that was asked for (%f)', (burstiness) => {
    const gaps = gapsOf(take({ kind: 'gamma', rate: 50, burstiness, seed: 7 }, 50_000))
    expect(standardDeviation(gaps) / mean(gaps)).toBeCloseTo(burstiness, 1)
  })

  it.each(['poisson', 'gamma'] as const)('of %s reach the rate in the number that will be used', (kind) => {
    const times = take({ kind, rate: 20, seed: 3, count: 200 }, 200)
    expect(times.at(-1)).toBeCloseTo(10_000, 6)
  })

  it('are the same for the same seed, and others for another', () => {
    const first = take({ kind: 'poisson', rate: 5, seed: 1 }, 10)
    expect(take({ kind: 'poisson', rate: 5, seed: 1 }, 10)).toEqual(first)
    expect(take({ kind: 'poisson', rate: 5, seed: 2 }, 10)).not.toEqual(first)
  })
})
