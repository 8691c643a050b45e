/** Bounds retries to a share of the requests, so that a failing fleet is not asked twice as much. */
export interface RetryBudget {
  /** Each request adds its share. */
  deposit(): void
  /** Takes one retry out; false when none is left. */
  take(): boolean
}

/** Retries that may be saved up, and that a quiet daemon starts with. */
const savedMax = 10

export const createRetryBudget = (ratio: () => number): RetryBudget => {
  let saved = ratio() > 0 ? savedMax : 0
  return {
    deposit: () => {
      saved = Math.min(savedMax, saved + ratio())
    },
    take: () => {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
