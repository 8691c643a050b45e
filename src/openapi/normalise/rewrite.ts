import type { Json } from '../json.ts'

/** One change that brought a document to canonical 3.1. */
export interface Rewrite {
  /** Where in the source document. */
  readonly pointer: string
  /** What was done, such as `nullable-to-type`. */
  readonly rule: string
  readonly from: Json
  readonly to: Json
  /** exact: says the same · lossy: says nearly the same · unsupported: cannot be said, and is left out. */
  readonly kind: 'exact' | 'lossy' | 'unsupported'
}

export type Log = (
  pointer: string,
  rule: string,
  from: Json | undefined,
  to: Json | undefined,
  kind?: Rewrite['kind'],
) => void

/** At most this many rewrites are kept in words; the rest are counted. */
export const rewritesMax = 100_000
