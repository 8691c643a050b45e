import type { SpecStore } from './store.ts'
import type { Acceptance, Pending, Version } from './version.ts'

/** A spec of the store in a line. */
export interface SpecSummary {
  readonly name: string
  /** How many there are. */
  readonly versions: number
  readonly newest: Version
  readonly accepted?: Acceptance
  /** When its source was last looked at with success; ISO 8601. */
  readonly seenAt?: string
  /** A document that was seen once and waits for a second sighting. */
  readonly pending?: Pending
}

/** Undefined for a spec without versions. */
export const summarise = async (store: SpecStore, name: string): Promise<SpecSummary | undefined> => {
  const records = store.spec(name)
  const [versions, accepted, seenMs, pending] = await Promise.all([
    records.versions(),
    records.accepted(),
    records.seenMs(),
    records.pending(),
  ])
  const newest = versions.at(-1)
  return (
    newest && {
      name,
      versions: versions.length,
      newest,
      ...(accepted && { accepted }),
      ...(seenMs !== undefined && { seenAt: new Date(seenMs).toISOString() }),
      ...(pending && { pending }),
    }
  )
}

/** All specs of a store, by name. */
export const summariseAll = async (store: SpecStore): Promise<readonly SpecSummary[]> => {
  const summaries: SpecSummary[] = []
  for (const name of await store.names()) {
    const summary = await summarise(store, name)
    if (summary) summaries.push(summary)
  }
  return summaries
}
