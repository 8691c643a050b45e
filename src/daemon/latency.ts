/** How fast a backend answers, as an exponentially weighted mean that jumps up at once and comes down slowly. */
export interface Latency {
  /** Expected milliseconds to the first output, as seen now; 0 until something was seen. */
  readonly valueMs: number
  observe(milliseconds: number): void
  /** Forgets everything. */
  reset(): void
}

/** After this long without news an old observation has lost two thirds of its weight. */
const decayMs = 5000

/**
 * Peak EWMA, as Finagle's load balancer has it: a slow answer counts in full from the moment it is seen, so that a
 * backend that starts to stall is avoided at once, while good answers have to earn trust back over time.
 */
export const createLatency = (now: () => number): Latency => {
  let value = 0
  let seenMs = now()
  return {
    get valueMs() {
      return value * Math.exp(-(now() - seenMs) / decayMs)
    },
    observe(milliseconds) {
      const at = now()
      const weight = Math.exp(-(at - seenMs) / decayMs)
      value = milliseconds > value ? milliseconds : value * weight + milliseconds * (1 - weight)
      seenMs = at
    },
    reset() {
      value = 0
    },
  }
}
