import { describe, expect, it } from 'vitest'
import { compareDefaults, compareRuns } from '../../src/bench/compare/compare.ts'
import { createRandom, normal, type Random } from '../../src/bench/random.ts'

/** How much the values of one and the same server differ from run to run, and how much weather a pair shares. */
const noise = 0.01
const weather = 0.05
const pairs = 10
const gates = 10_000

const values = (random: Random, center: number, shift: number, slow: number) => {
  const draw = (base: number, by = noise): number => base * center * Math.exp(by * normal(random))
  return {
    ttftP50Ms: draw(100) * (1 + shift),
    ttftP99Ms: draw(180, 2 * noise),
    tpotP50Ms: draw(20),
    e2eP50Ms: draw(1400),
    outputTokensPerSecond: draw(4000) / (center * center) / slow,
  }
}

/** The part of simulated gates that fall, when the candidate's TTFT is longer by `shift`. */
const fallen = (shift: number, margin: number, seed: number): number => {
  let count = 0
  for (let gate = 0; gate < gates; gate += 1) {
    const random = createRandom(seed, gate)
    let center = 1
    const baseline = []
    const candidate = []
    for (let pair = 0; pair < pairs; pair += 1) {
      center *= Math.exp(weather * normal(random))
      baseline.push(values(random, center, 0, 1))
      candidate.push(values(random, center, shift, 1))
    }
    const rows = compareRuns(baseline, candidate, {
      ...compareDefaults,
      paired: true,
      margin,
      resamples: 300,
      seed: gate,
    })
    if (rows.some(({ verdict }) => verdict === 'worse')) count += 1
  }
  return count / gates
}

describe('10,000 gates of ten pairs', () => {
  it('fall at most twice in a hundred when nothing has changed', () => {
    expect(fallen(0, compareDefaults.margin, 1)).toBeLessThanOrEqual(0.02)
  })

  it('fall at most twice in a hundred when nothing has changed and no margin is allowed but chance', () => {
    // Without a margin it is the statistics alone that hold: five metrics at 5 % in all.
    expect(fallen(0, 0, 4)).toBeLessThanOrEqual(0.07)
  })

  it('fall at least 95 times in a hundred at a TTFT that is 5 % longer', () => {
    expect(fallen(0.05, compareDefaults.margin, 2)).toBeGreaterThanOrEqual(0.95)
  })

  it('do not fall at 1 % where 3 % are allowed', () => {
    expect(fallen(0.01, 0.03, 3)).toBeLessThanOrEqual(0.02)
  })
})
