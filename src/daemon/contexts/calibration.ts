import type { Estimate } from './estimate.ts'

/** What a model makes of estimated tokens, learned from the counts that its backend states. */
export interface Calibration {
  /** By which the parts of an estimate are multiplied. They change in steps, so that equal texts mostly count equally. */
  factors(): Estimate
  /** The share by which a count may be too low: twice the error of late, a fifth while nothing is known, at least a tenth. */
  marginRatio(): number
  /** Tells that a prompt of that estimate had so many tokens. */
  observe(estimate: Estimate, tokens: number): void
}

/** How much of an error one observation corrects. */
const rate = 0.3
const factorMin = 0.25
const factorMax = 5
/** A factor is shown anew when it is off by so much: more would risk windows, and less would move cuts all the time. */
const stepUp = 0.02
const stepDown = 0.06
export const estimateMarginRatio = 0.1
const marginMax = 0.5
const errorsInMargin = 2
const unknownError = 0.1
/** An error is believed at once and forgotten slowly: a run of equal prompts says nothing about the next one. */
const forgetRate = 0.02
/** Prompts of less say more of a template than of texts. */
const observedMinTokens = 32

/**
 * A normalised least mean square filter: each observation pulls the factors of what the prompt consists of towards
 * what would have been right. For prompts of one kind that is a moving average of the ratio.
 */
export const createCalibration = (): Calibration => {
  const learned: [number, number, number, number, number] = [1, 1, 1, 1, 1]
  let shown: Estimate = [1, 1, 1, 1, 1]
  let error = unknownError

  const observe = (estimate: Estimate, tokens: number): void => {
    const power = estimate.reduce((sum, part) => sum + part * part, 0)
    if (!(tokens >= observedMinTokens) || power === 0) return
    const missing = tokens - applyFactors(estimate, learned)
    const now = Math.abs(missing) / tokens
    error += (now > error ? rate : forgetRate) * (now - error)
    for (const [at, part] of estimate.entries()) {
      const next = learned[at]! + (rate * missing * part) / power
      learned[at] = Math.min(factorMax, Math.max(factorMin, next))
    }
    if (
      learned.some((factor, at) => factor > shown[at]! * (1 + stepUp) || factor < shown[at]! * (1 - stepDown))
    )
      shown = [...learned]
  }

  return {
    factors: () => shown,
    // In steps of 5 %, for the same reason.
    marginRatio: () =>
      Math.min(marginMax, Math.max(estimateMarginRatio, Math.ceil(error * errorsInMargin * 20) / 20)),
    observe,
  }
}

export const applyFactors = (estimate: Estimate, factors: Estimate): number =>
  estimate[0] * factors[0] +
  estimate[1] * factors[1] +
  estimate[2] * factors[2] +
  estimate[3] * factors[3] +
  estimate[4] * factors[4]
