import { describe, expect, it } from 'vitest'
import { quantile, sorted, summarise } from '../../../src/bench/percentile.ts'

describe('percentiles', () => {
  it('are interpolated between neighbours', () => {
    const values = sorted([4, 1, 3, 2])
    expect(quantile(values, 0)).toBe(1)
    expect(quantile(values, 0.5)).toBe(2.5)
    expect(quantile(values, 0.9)).toBeCloseTo(3.7)
    expect(quantile(values, 1)).toBe(4)
    expect(quantile(sorted([]), 0.5)).toBeNaN()
  })

  it('leave the 99th of few values out, and everything of none', () => {
    expect(summarise(sorted(Array.from({ length: 99 }, (_, at) => at)))).toMatchObject({
      n: 99,
      p90: 88.2,
      p99: null,
    })
    expect(summarise(sorted(Array.from({ length: 101 }, (_, at) => at)))).toMatchObject({
      n: 101,
      p99: 99,
      max: 100,
    })
    expect(summarise(sorted([]))).toEqual({ n: 0, mean: null, p50: null, p90: null, p99: null, max: null })
  })
})
