/** Numbers in ascending order. */
export type Sorted = Float64Array

export const sorted = (values: Iterable<number>): Sorted => Float64Array.from(values).sort()

/** The `share`th quantile (0 to 1) with linear interpolation, as numpy does it. NaN of nothing. */
export const quantile = (values: Sorted, share: number): number => {
  const position = (values.length - 1) * share
  const below = Math.floor(position)
  const low = values[below]
  if (low === undefined) return Number.NaN
  const high = values[below + 1]
  return high === undefined || position === below ? low : low + (high - low) * (position - below)
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let at = 0; at < values.length; at += 1) sum += values[at]!
  return sum / values.length
}

/** Of a sample; NaN of fewer than two. */
export const standardDeviation = (values: ArrayLike<number>): number => {
  const center = mean(values)
  let sum = 0
  for (let at = 0; at < values.length; at += 1) sum += (values[at]! - center) ** 2
  return values.length < 2 ? Number.NaN : Math.sqrt(sum / (values.length - 1))
}

/** A 99th percentile of fewer values than this is one of the largest few by luck, and is not shown. */
export const p99CountMin = 100

export interface Summary {
  readonly n: number
  readonly mean: number | null
  readonly p50: number | null
  readonly p90: number | null
  /** Null for fewer than 100 values. */
  readonly p99: number | null
  readonly max: number | null
}

export const summarise = (values: Sorted): Summary => {
  const n = values.length
  if (n === 0) return { n, mean: null, p50: null, p90: null, p99: null, max: null }
  return {
    n,
    mean: mean(values),
    p50: quantile(values, 0.5),
    p90: quantile(values, 0.9),
    p99: n < p99CountMin ? null : quantile(values, 0.99),
    max: values[n - 1]!,
  }
}
