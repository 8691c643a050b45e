import type { Check } from '../check.ts'

/** What a judge holds against an answer: a finding before it was seen again. */
export interface Suspicion {
  readonly check: Check
  /** `GET /pets/{petId}`: the operation at fault. */
  readonly operation: string
  /** Index of the step whose answer shows it. */
  readonly step: number
  readonly message: string
  /** Tells faults of one check and operation apart: neither ids nor times nor numbers of the answer. */
  readonly traits: string
  /**
   * Further marks. Two suspicions of the same check, operation and traits are one fault if they share a mark; without
   * marks they are one fault in any case.
   */
  readonly marks?: readonly string[]
}
