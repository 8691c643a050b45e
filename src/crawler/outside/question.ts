import type { Json } from '../../openapi/json.ts'

/** What the process for foreign code is asked. */
export type Question =
  | { readonly task: 'validate'; readonly document: Json }
  | { readonly task: 'diff'; readonly base: Json; readonly revision: Json }

export type Answer = Faults | Differences | Unable

/** What a validator found; empty where all is well. */
export interface Faults {
  readonly kind: 'faults'
  /** Pointers lead through references, as if what they name stood in their place. */
  readonly faults: readonly { readonly pointer: string; readonly message: string }[]
}

/** Places of breaking changes, as openapi-diff writes them: `paths./x.get.responses.200`. */
export interface Differences {
  readonly kind: 'differences'
  readonly breaking: readonly { readonly code: string; readonly location: string }[]
}

export interface Unable {
  readonly kind: 'unable'
  readonly why: string
}
