import { createRandom, exponential, gamma } from '../random.ts'

export const arrivalKinds = ['constant', 'poisson', 'gamma'] as const
export type ArrivalKind = (typeof arrivalKinds)[number]

export interface Arrivals {
  readonly kind: ArrivalKind
  /** Requests per second. */
  readonly rate: number
  /** Of gamma only: the coefficient of variation of the gaps; 1 is Poisson, more comes in bursts. */
  readonly burstiness?: number
  readonly seed: number
  /** How many will be used, where that is known. */
  readonly count?: number
}

/** Random gaps are drawn in blocks that together last exactly as long as the rate says. */
const blockMax = 1024

/**
 * The times of arrivals in milliseconds from the start, without end; the first comes one gap after it. An absolute
 * schedule: what comes late does not move what comes after it. Random gaps keep their distribution, yet a run of a
 * few hundred of them has the rate that was asked for and not one that luck made of it.
 */
export function* arrivalTimes({
  kind,
  rate,
  burstiness = 1,
  seed,
  count,
}: Arrivals): Generator<number, never> {
  const gapMs = 1000 / rate
  // By multiplication: adding a million gaps up would add their rounding up too.
  if (kind === 'constant') for (let index = 1; ; index += 1) yield index * gapMs
  const random = createRandom(seed, 3)
  const shape = 1 / burstiness ** 2
  const draw = (): number => (kind === 'poisson' ? exponential(random) : gamma(random, shape))
  for (let blockMs = 0, left = count ?? blockMax; ;) {
    const size = left > 0 ? Math.min(left, blockMax) : blockMax
    left -= size
    const gaps = Array.from({ length: size }, draw)
    const scale = (size * gapMs) / gaps.reduce((sum, gap) => sum + gap, 0)
    let atMs = blockMs
    for (const gap of gaps) yield (atMs += gap * scale)
    blockMs += size * gapMs
  }
}
