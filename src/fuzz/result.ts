import type { Phase } from './call.ts'
import type { Coverage } from './coverage.ts'
import type { Finding } from './finding.ts'

/** How a run ended: with all it wanted to do, at its time limit, by the user, or because the target went away. */
export type Ending = 'finished' | 'time' | 'interrupted' | 'unreachable'

/** Everything a run has to say; reports are made from it and nothing else. */
export interface FuzzResult {
  readonly spec: {
    readonly name: string
    readonly title: string
    readonly version: string
    readonly sha256: string
  }
  /** Base URL of the target. */
  readonly url: string
  readonly seed: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly elapsedMs: number
  readonly requests: number
  readonly phases: readonly { readonly phase: Phase; readonly requests: number; readonly elapsedMs: number }[]
  readonly ending: Ending
  /** Most severe first. Those that the baseline knows are not among them. */
  readonly findings: readonly Finding[]
  /** Findings that the baseline knows. */
  readonly known: readonly Finding[]
  /** Seen, but not again: never reported as faults. */
  readonly unverified: number
  readonly coverage: Coverage
  /** What makes the result worth less than it looks: `GET /x: every answer was 401; give --auth`. */
  readonly warnings: readonly string[]
  /** Operations that were not sent at all, and why. */
  readonly leftOut: readonly { readonly operation: string; readonly reason: string }[]
}

/** A look at a run while it goes on. */
export interface FuzzProgress {
  readonly phase: Phase
  readonly elapsedMs: number
  /** Undefined without a limit. */
  readonly limitMs?: number
  readonly requests: number
  readonly requestsPerSecond: number
  readonly findings: readonly Pick<Finding, 'check' | 'operation' | 'status' | 'message' | 'severity'>[]
  /** Answers by class: `2xx`, `4xx`, and `0` for none. */
  readonly statuses: Readonly<Record<string, number>>
  /** One cell per operation of the document. */
  readonly operations: readonly {
    readonly operation: string
    readonly state: 'waiting' | 'attempted' | 'succeeded' | 'found' | 'left-out'
  }[]
}
