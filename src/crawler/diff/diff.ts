import { isObject } from '../../openapi/json.ts'
import { loadDocument } from '../../openapi/load.ts'
import { versionOf } from '../../openapi/normalise/normalise.ts'
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
  if (Buffer.compare(base.raw, revision.raw) === 0) return identical(base, revision, spec)
  const before = openSpec(loadDocument(base.raw, base.label))
  const after = openSpec(loadDocument(revision.raw, revision.label))
  const judgements = judge(compare(before, after, { spelling: policy.profile === 'oasdiff' }), policy, now)
  return buildReport({
    base: before,
    revision: after,
    judgements,
    ...(witnesses && judgements.length > 0 && { findWitness: await createWitnesses() }),
    ...(spec !== undefined && { spec }),
  })
}

/** The same bytes: nothing differs, and what is wrong with them was so before. Only that they can be read is held. */
const identical = (base: DiffDocument, revision: DiffDocument, spec: string | undefined): Report => {
  const { value, sha256 } = loadDocument(base.raw, base.label)
  const openapi = versionOf(isObject(value) ? value : {})
  return {
    verdict: 'none',
    ...(spec !== undefined && { spec }),
    base: { name: base.label, openapi, sha256 },
    revision: { name: revision.label, openapi, sha256 },
    counts: { breaking: 0, risky: 0, safe: 0, acknowledged: 0 },
    changes: [],
    health: [],
  }
}
