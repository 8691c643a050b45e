import { loadDocument } from '../../openapi/load.ts'
import { openSpec } from '../../openapi/spec.ts'
import { compare } from './compare/compare.ts'
import { judge } from './judge.ts'
import type { Policy } from './policy.ts'
import { buildReport } from './report/build.ts'
import type { Report } from './report/report.ts'
import { createWitnesses } from './witness.ts'

export interface DiffDocument {
  /** For messages and places: a path, a URL, `spec@version`. */
  readonly label: string
  readonly raw: Uint8Array
}

export interface DiffOptions {
  readonly policy: Policy
  /** Milliseconds since 1970; sunset dates and expiries are held against it. */
  readonly now: number
  /** The spec of the store that both are versions of. */
  readonly spec?: string
  /** Look for proofs. Default true. */
  readonly witnesses?: boolean
}

/** Compares two documents from bytes to report. Throws SPEC_INVALID for what cannot be read. */
export const diffDocuments = async (
  base: DiffDocument,
  revision: DiffDocument,
  { policy, now, spec, witnesses = true }: DiffOptions,
): Promise<Report> => {
  const [before, after] = [base, revision].map(({ raw, label }) => openSpec(loadDocument(raw, label)))
  if (!before || !after) throw new TypeError('two documents')
  const judgements = judge(compare(before, after, { spelling: policy.profile === 'oasdiff' }), policy, now)
  return buildReport({
    base: before,
    revision: after,
    judgements,
    ...(witnesses && judgements.length > 0 && { findWitness: await createWitnesses() }),
    ...(spec !== undefined && { spec }),
  })
}
