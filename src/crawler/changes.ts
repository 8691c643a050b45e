import { loadDocument } from '../openapi/load.ts'
import { openSpec } from '../openapi/spec.ts'
import { compare } from './diff/compare/compare.ts'
import { judge } from './diff/judge.ts'
import { defaultPolicy } from './diff/policy.ts'
import type { Severity } from './diff/severity.ts'
import type { SpecRecords } from './snapshots/store.ts'
import type { Version } from './snapshots/version.ts'
import { type AdapterUses, type Touched, touchedUses } from './uses.ts'

/** What lies between two versions, and what mcpd's adapters have to do with it. */
export interface Changes {
  readonly base: number
  readonly revision: number
  readonly verdict: Severity | 'none'
  /** The most severe first. */
  readonly changes: readonly Change[]
  /** Per severity, which adapters rely on operations that changed so; safe ones are left out. */
  readonly touched: readonly (Touched & { readonly severity: 'breaking' | 'risky' })[]
}

export interface Change {
  readonly id: string
  readonly severity: Severity
  readonly message: string
  readonly operations: readonly string[]
  readonly fingerprint: string
}

/** By the default policy. Takes as long as the documents are large, on this thread. */
export const changesBetween = async (
  records: SpecRecords,
  [base, revision]: readonly [Version, Version],
  adapters: readonly AdapterUses[],
  nowMs: number,
): Promise<Changes> => {
  const open = async (version: Version) =>
    openSpec(loadDocument(await records.raw(version), `${records.name}@${version.number}`))
  const facts = compare(await open(base), await open(revision))
  const changes = judge(facts, defaultPolicy, nowMs).map(
    ({ fact, rule, severity, message, fingerprint }) => ({
      id: rule.id,
      severity,
      message,
      operations: fact.operations,
      fingerprint,
    }),
  )
  const touched = (['breaking', 'risky'] as const).flatMap((severity) => {
    const operations = changes
      .filter((change) => change.severity === severity)
      .flatMap((each) => each.operations)
    return touchedUses(operations, adapters).map((each) => ({ ...each, severity }))
  })
  return {
    base: base.number,
    revision: revision.number,
    verdict: changes[0]?.severity ?? 'none',
    changes,
    touched,
  }
}
