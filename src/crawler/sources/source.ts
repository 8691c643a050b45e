import type { Commit, Memory } from '../snapshots/version.ts'

/** Somewhere a document comes from. Opened for one look; nothing of it stays open afterwards. */
export interface Source {
  /** For people and for the version list: without credentials. */
  readonly location: string
  /** Throws SOURCE_FAILED, SOURCE_REFUSED, or the signal's reason. `known` is what the last look left. */
  fetch(known: Memory | undefined, signal: AbortSignal): Promise<Fetched>
  /** Every version there was, oldest first; only where the source remembers. */
  history?(signal: AbortSignal): AsyncIterable<Found & { readonly commit: Commit }>
}

export type Fetched = Unchanged | Found | Nothing

/** The source says itself that nothing is new. */
export interface Unchanged {
  readonly kind: 'unchanged'
}

/** A server that serves no document at any of the places where one might be. */
export interface Nothing {
  readonly kind: 'nothing'
  readonly tried: readonly string[]
}

export interface Found {
  readonly kind: 'found'
  readonly raw: Buffer
  /** Where exactly. */
  readonly location: string
  /** As the server said; absent where nobody says. */
  readonly mediaType?: string
  /** For the next look, to be kept once the document has been stored. */
  readonly memory?: Memory
  readonly commit?: Commit
}
