/** Uniform in [0, 1). */
export type Random = () => number

/** A generator (mulberry32) that gives the same numbers for the same seed and name on every machine. */
export const createRandom = (seed: number, name = ''): Random => {
  let state = seed >>> 0
  for (let at = 0; at < name.length; at++)
    state = (Math.imul(state ^ name.charCodeAt(at), 0x01000193) + 0x9e3779b9) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from `least` to `most`, both included. */
export const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1))

/** One of a list; undefined of an empty one. */
export const oneOf = <Item>(random: Random, items: readonly Item[]): Item | undefined =>
  items[Math.floor(random() * items.length)]
