import type { SpecStore } from './snapshots/store.ts'
import type { Version } from './snapshots/version.ts'
import type { Source } from './sources/source.ts'

/** One spec to look at. */
export interface CrawlTask {
  readonly name: string
  /** Opened when its turn comes. Throws McpdError. */
  readonly open: () => Source
  readonly sizeMaxBytes: number
  /** Whether it is no failure when a server has no document at all. */
  readonly mayBeNothing?: boolean
}

export type OutcomeKind =
  /** Its first version was stored. */
  | 'first'
  | 'changed'
  | 'unchanged'
  /** Operations are gone; stored when it is seen so again. */
  | 'pending'
  /** What came is more likely a mishap than the document; not stored. */
  | 'suspect'
  | 'failed'
  /** The server has no document. */
  | 'nothing'

export interface CrawlOutcome {
  readonly name: string
  readonly outcome: OutcomeKind
  /** Where it came from, without credentials. */
  readonly source: string
  /** The newest version there is now. */
  readonly version?: Version
  /** How many versions were written. */
  readonly stored: number
  /** Versions of a history that are no OpenAPI documents. */
  readonly skipped: number
  readonly problem?: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
  }
  readonly tookMs: number
}

export interface CrawlOptions {
  readonly store: SpecStore
  readonly signal: AbortSignal
  /** Store every version that the source remembers. */
  readonly history?: boolean
  /** Store what is suspect for its size too. */
  readonly trust?: boolean
  /** How often a document that lacks operations must be seen before it counts. Default 1. */
  readonly sightings?: 1 | 2
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Whether a crawl with this outcome is one that failed. */
export const hasFailed = ({ outcome, problem }: CrawlOutcome): boolean =>
  outcome === 'failed' || outcome === 'suspect' || (outcome === 'nothing' && problem !== undefined)
