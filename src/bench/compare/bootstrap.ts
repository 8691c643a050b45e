import { mean, quantile, sorted, standardDeviation } from '../percentile.ts'
import type { Random } from '../random.ts'

/** A mean, and what could be said of it had other runs been drawn. */
export interface Estimate {
  readonly center: number
  readonly standardError: number
  /** Studentised means of resamples, in ascending order. */
  readonly spread: Float64Array
}

/** Fewer than this and there is no spread to resample. */
export const runsMin = 3

/**
 * Resamples runs, each as a whole: requests of one run have its weather in common and are no independent witnesses.
 * Studentised (bootstrap-t), since the plain percentile interval is too narrow for ten runs.
 * `groups` are resampled separately; the estimate is of the first group's mean minus that of the second, if there is one.
 */
export const estimate = (
  groups: readonly (readonly number[])[],
  resamples: number,
  random: Random,
): Estimate => {
  const center = contrast(groups)
  const standardError = errorOf(groups)
  const spread: number[] = []
  for (let left = resamples; left > 0; left -= 1) {
    const drawn = groups.map((group) => resample(group, random))
    const error = errorOf(drawn)
    // All the same run: it says nothing of how much runs differ.
    if (error > 0) spread.push((contrast(drawn) - center) / error)
  }
  return { center, standardError, spread: sorted(spread) }
}

const contrast = ([first = [], second]: readonly (readonly number[])[]): number =>
  mean(first) - (second ? mean(second) : 0)

const errorOf = (groups: readonly (readonly number[])[]): number =>
  Math.sqrt(groups.reduce((sum, group) => sum + standardDeviation(group) ** 2 / group.length, 0))

const resample = (group: readonly number[], random: Random): number[] =>
  group.map(() => group[Math.floor(random() * group.length)]!)

/** Two-sided interval that holds the true value with this confidence. */
export const interval = (
  { center, standardError, spread }: Estimate,
  confidence: number,
): { readonly low: number; readonly high: number } => {
  if (spread.length === 0) return { low: center, high: center }
  const tail = (1 - confidence) / 2
  return {
    low: center - quantile(spread, 1 - tail) * standardError,
    high: center - quantile(spread, tail) * standardError,
  }
}

/** How often an estimate this far over `limit` would come by chance if the truth were at the limit. */
export const chanceAbove = ({ center, standardError, spread }: Estimate, limit: number): number => {
  if (standardError === 0) return center > limit ? 0 : 1
  const observed = (center - limit) / standardError
  let extreme = 0
  for (const value of spread) if (value >= observed) extreme += 1
  return (extreme + 1) / (spread.length + 1)
}

/** Which of several hypotheses fall at `alpha` in all, by Holm's step-down. */
export const holm = (chances: readonly number[], alpha: number): boolean[] => {
  const order = chances.map((_, index) => index).sort((a, b) => chances[a]! - chances[b]!)
  const falls = chances.map(() => false)
  for (const [rank, index] of order.entries()) {
    if (chances[index]! > alpha / (chances.length - rank)) break
    falls[index] = true
  }
  return falls
}
