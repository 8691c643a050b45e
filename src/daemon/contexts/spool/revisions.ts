import type { ContextKey } from '../../../core/context.ts'
import { nameOf } from '../ids.ts'
import { connectDatabase } from '../journal/postgres/database.ts'
import { revisionOf, type RevisionRow } from '../journal/postgres/position.ts'

export interface Revisions {
  /** By `nameOf`; of contexts that are not there nothing. Throws STORE_UNAVAILABLE. */
  of(keys: readonly ContextKey[]): Promise<ReadonlyMap<string, string>>
  close(): Promise<void>
}

/** At which revision contexts are, over a connection of its own: it must not wait where everybody else does. */
export const readRevisions = (url: string): Revisions => {
  let connecting: ReturnType<typeof connectDatabase> | undefined
  const database = () => (connecting ??= connectDatabase(url))
  return {
    of: async (keys) => {
      const rows = await (
        await database()
      ).all<RevisionRow & ContextKey>(
        `SELECT c.tenant, c.context, c.k, c.rev, c.updated_at FROM unnest($1::text[], $2::text[]) AS asked (tenant, context)
         JOIN mcpd.contexts AS c ON c.tenant = asked.tenant AND c.context = asked.context`,
        [keys.map(({ tenant }) => tenant), keys.map(({ context }) => context)],
        'revisions',
      )
      return new Map(rows.map((row) => [nameOf(row), revisionOf(row)]))
    },
    close: async () => (await connecting)?.close(),
  }
}
