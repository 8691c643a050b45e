import { mean } from '../percentile.ts'
import { createRandom } from '../random.ts'
import type { RunValues } from '../report/report.ts'
import { chanceAbove, estimate, holm, interval, runsMin } from './bootstrap.ts'
import { type ComparedMetric, comparedMetrics } from './values.ts'

export interface CompareOptions {
  /** Whether the n-th run of the one was made beside the n-th of the other. */
  readonly paired: boolean
  /** A change up to this part is allowed: 0.02 is 2 %. */
  readonly margin: number
  /** How often at most a gate may fall by chance, over all metrics together. */
  readonly alpha: number
  readonly resamples: number
  readonly seed: number
}

export const compareDefaults: Omit<CompareOptions, 'paired'> = {
  margin: 0.02,
  alpha: 0.05,
  resamples: 5000,
  seed: 1,
}

/** One metric of two sets of runs. */
export interface ComparedRow {
  readonly metric: string
  readonly label: string
  /** Geometric means of the runs. */
  readonly baseline: number
  readonly candidate: number
  /** Candidate by baseline, with a 95 % interval; the interval is null for fewer than three runs each. */
  readonly ratio: number
  readonly interval: { readonly low: number; readonly high: number } | null
  readonly verdict: 'worse' | 'better' | 'same' | 'unknown'
  /** How likely a change this far over the margin is by chance; null where nothing can be said. */
  readonly chance: number | null
  /** The smallest change for the worse, as a part, that this many runs of this noise catch 19 times in 20. */
  readonly detectable: number | null
}

/** Values of the standard normal that leave this much above; close enough, as the power line is an estimate itself. */
const normalQuantile = (tail: number): number => {
  // Abramowitz and Stegun 26.2.23.
  const t = Math.sqrt(-2 * Math.log(tail))
  return (
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  )
}

/** A t distribution has longer tails than the normal one, by about this much for few degrees of freedom. */
const tQuantile = (tail: number, freedom: number): number => {
  const z = normalQuantile(tail)
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2)
}

interface Sides {
  readonly metric: ComparedMetric
  readonly baseline: readonly number[]
  readonly candidate: readonly number[]
}

/**
 * Holds candidate runs against baseline runs. A metric is worse only when its change is beyond the margin by more than
 * chance explains, with Holm's correction over all metrics; `better` is the same the other way round.
 */
export const compareRuns = (
  baseline: readonly RunValues[],
  candidate: readonly RunValues[],
  options: CompareOptions,
): readonly ComparedRow[] => {
  const sides = comparedMetrics
    .map((metric) => sidesOf(metric, baseline, candidate, options.paired))
    .filter((each) => each.baseline.length > 0 && each.candidate.length > 0)
  const estimates = sides.map((each) => {
    const groups = logsOf(each, options.paired)
    if (groups.some(({ length }) => length < runsMin)) return undefined
    return estimate(groups, options.resamples, createRandom(options.seed, each.metric.name.length))
  })
  const limit = Math.log(1 + options.margin)
  const worseChances = estimates.map((each) => (each ? chanceAbove(each, limit) : 1))
  const betterChances = estimates.map((each) => (each ? chanceAbove(mirror(each), limit) : 1))
  const isWorse = holm(worseChances, options.alpha)
  const isBetter = holm(betterChances, options.alpha)

  return sides.map(({ metric, baseline: before, candidate: after }, index): ComparedRow => {
    const found = estimates[index]
    const shown = {
      metric: metric.name,
      label: metric.label,
      baseline: geometric(before),
      candidate: geometric(after),
    }
    const ratio = shown.candidate / shown.baseline
    if (!found) return { ...shown, ratio, interval: null, verdict: 'unknown', chance: null, detectable: null }
    const bounds = interval(found, 0.95)
    const sign = metric.worse === 'more' ? 1 : -1
    const [low, high] = [Math.exp(sign * bounds.low), Math.exp(sign * bounds.high)].sort((a, b) => a - b) as [
      number,
      number,
    ]
    const freedom = Math.max(2, Math.min(before.length, after.length) - 1)
    const reach = tQuantile(options.alpha / sides.length, freedom) + tQuantile(0.05, freedom)
    return {
      ...shown,
      ratio,
      interval: { low, high },
      verdict: isWorse[index] ? 'worse' : isBetter[index] ? 'better' : 'same',
      chance: worseChances[index]!,
      detectable: Math.exp(limit + reach * found.standardError) - 1,
    }
  })
}

const mirror = ({ center, standardError, spread }: ReturnType<typeof estimate>) => ({
  center: -center,
  standardError,
  spread: spread.map((value) => -value).sort(),
})

const sidesOf = (
  metric: ComparedMetric,
  baseline: readonly RunValues[],
  candidate: readonly RunValues[],
  paired: boolean,
): Sides => {
  const all = (runs: readonly RunValues[]): (number | undefined)[] => runs.map((run) => run[metric.name])
  const [before, after] = [all(baseline), all(candidate)]
  const isThere = (value: number | undefined): value is number => value !== undefined && value > 0
  if (!paired) return { metric, baseline: before.filter(isThere), candidate: after.filter(isThere) }
  const pairs = before
    .map((value, index) => [value, after[index]] as const)
    .filter((pair) => pair.every(isThere))
  return { metric, baseline: pairs.map(([value]) => value!), candidate: pairs.map(([, value]) => value!) }
}

/** Logarithms, turned so that more is worse: ratios are what changes are said in. */
const logsOf = ({ metric, baseline, candidate }: Sides, paired: boolean): (readonly number[])[] => {
  const sign = metric.worse === 'more' ? 1 : -1
  const [before, after] = [baseline, candidate].map((values) => values.map((value) => sign * Math.log(value)))
  return paired ? [after!.map((value, index) => value - before![index]!)] : [after!, before!]
}

const geometric = (values: readonly number[]): number => Math.exp(mean(values.map(Math.log)))
