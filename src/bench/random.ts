/** Uniform in [0, 1). */
export type Random = () => number

/** A generator (sfc32) that gives the same numbers for the same seeds on every machine. Not for secrets. */
export const createRandom = (...seeds: readonly number[]): Random => {
  let state = 0x9e3779b9
  for (const seed of seeds) state = scramble(state ^ scramble(Math.trunc(seed) + 0x6d2b79f5))
  let a = scramble(state + 1)
  let b = scramble(state + 2)
  let c = scramble(state + 3)
  let counter = 1
  return () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
}

const scramble = (value: number): number => {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}

/** Exponential with mean 1. */
export const exponential = (random: Random): number => -Math.log(1 - random())

/** Standard normal, by Box and Muller; the second value is thrown away so that a seed's sequence stays simple. */
export const normal = (random: Random): number =>
  Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random())

/** Gamma with the given shape and mean 1, by Marsaglia and Tsang. */
export const gamma = (random: Random, shape: number): number => {
  if (shape < 1) return (gamma(random, shape + 1) * (shape + 1) * (1 - random()) ** (1 / shape)) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return (d * v) / shape
  }
}
