import type { Scenario, Phase } from './call.ts'
import type { Check, Severity } from './check.ts'
import type { Exchange } from './exchange.ts'

/** A fault that was seen, seen again, and made as small as it goes. */
export interface Finding {
  readonly check: Check
  readonly severity: Severity
  /** `GET /pets/{petId}`. */
  readonly operation: string
  /** Of the failing answer; 0 where there was none. */
  readonly status: number
  readonly message: string
  /** The same for the same fault in every run: ids, times and numbers of the answer do not count. */
  readonly fingerprint: string
  /** The failing request as one command line, credentials as `$NAME`. */
  readonly curl: string
  /** `x-request-id` of the failing answer, then of the earlier steps; those that had none are left out. */
  readonly requestIds: readonly string[]
  readonly phase: Phase
  /** How often it was seen; further sightings of one fingerprint are counted and not kept. */
  readonly count: number
  /** Since the run began. */
  readonly foundMs: number
  /** What was wrong with the request, where it was: `maximum + 1 in query limit`. */
  readonly what: string
  /** The failing exchange of the smallest reproduction. */
  readonly exchange: Exchange
  /** The exchanges before and after it, in order, the failing one left out. */
  readonly steps: readonly Exchange[]
  /** Run it again with `reproduce`. */
  readonly scenario: Scenario
}

/** What names a finding in a baseline: operation × check × fingerprint. */
export const findingKey = ({
  operation,
  check,
  fingerprint,
}: Pick<Finding, 'operation' | 'check' | 'fingerprint'>): string => `${operation} ${check} ${fingerprint}`
