import type { ContextKey } from '../../../core/context.ts'

/** What a context has in the spool. */
export interface Spooled extends ContextKey {
  readonly entries: number
  readonly bytes: number
  /** Unix milliseconds, of the oldest. */
  readonly at: number
}

/** Entries of a context, in order: their numbers and lengths; the bytes travel beside. */
export interface SpooledPage {
  readonly rows: readonly { readonly n: number; readonly length: number }[]
  /** Ids that clients were told, and those that the turns have in PostgreSQL. */
  readonly renamed: readonly (readonly [told: string, stored: string])[]
}
