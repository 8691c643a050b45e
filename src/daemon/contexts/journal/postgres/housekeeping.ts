import type { ContextKey } from '../../../../core/context.ts'
import type { Annotation, Collected, CollectPolicy } from '../../../../core/journal.ts'
import { readAbout } from '../../encryption/about.ts'
import type { Vault } from '../../encryption/vault.ts'
import { annotated } from '../annotation.ts'
import { expiryOf, keysBefore } from '../policy.ts'
import { noTurn } from '../refusals.ts'
import { aboutColumns } from './columns.ts'
import type { Archive } from './archive.ts'
import type { Database, Sql } from './database.ts'
import { trimOutbox } from './outbox.ts'
import { serverNow } from './schema.ts'

/** Contexts that are deleted for their age in one step. */
const expiredMax = 500

/** Changes what is said about a context. False where there is none. */
export const annotate = (
  database: Database,
  vault: Vault,
  key: ContextKey,
  change: Annotation,
): Promise<boolean> =>
  database.transaction(async (sql) => {
    const known = await sql.get<{ k: number; about: string; sealed: Buffer | null }>(
      'SELECT k, about, sealed FROM mcpd.contexts WHERE tenant = $1 AND context = $2 FOR UPDATE',
      [key.tenant, key.context],
    )
    if (!known) return false
    for (const [id, pinned] of Object.entries(change.pins ?? {})) {
      const changed = await sql.get(
        'UPDATE mcpd.turns SET pinned = $3 WHERE k = $1 AND id = $2 RETURNING id',
        [known.k, id, pinned ? 1 : 0],
      )
      if (!changed) throw noTurn(key, id)
    }
    const cipher = vault.of({ tenant: key.tenant, context: key.context })
    const about = annotated(readAbout(cipher, known), change)
    await sql.all(
      `UPDATE mcpd.contexts SET about = $2, sealed = $3, tags = $4::jsonb, pinned = $5, rev = rev + 1 WHERE k = $1`,
      [known.k, ...aboutColumns(vault, cipher, about)],
    )
    return true
  })

/** Takes contexts out of everybody's sight, by a condition, and says so in the outbox. Returns how many. */
const remove = async (sql: Sql, condition: string, values: readonly unknown[]): Promise<number> => {
  const row = await sql.get<{ count: number }>(
    `WITH gone AS (SELECT k, tenant, context FROM mcpd.contexts WHERE ${condition} FOR UPDATE),
     hidden AS (
       UPDATE mcpd.contexts AS c SET tenant = '', context = c.k::text, about = '{}', sealed = NULL, tags = '[]', rev = c.rev + 1
       FROM gone WHERE c.k = gone.k),
     told AS (
       INSERT INTO mcpd.outbox (event, tenant, context, turns)
       SELECT 'deleted', tenant, context, '{}' FROM gone WHERE EXISTS (SELECT 1 FROM mcpd.consumers))
     SELECT count(*) AS count FROM gone`,
    values,
  )
  return row?.count ?? 0
}

export const deleteContext = async (sql: Sql, { tenant, context }: ContextKey): Promise<boolean> =>
  (await remove(sql, 'tenant = $1 AND context = $2', [tenant, context])) > 0

/** Deletes one context that nobody sees any more. Undefined where there is none. */
const purge = (
  database: Database,
  drop: Archive['drop'],
): Promise<{ readonly bodies: number; readonly segments: number } | undefined> =>
  database.transaction(async (sql) => {
    const gone = await sql.get<{ k: number; file: string | null }>(
      `SELECT k, archived ->> 'file' AS file FROM mcpd.contexts WHERE tenant = '' AND ($1 OR archived IS NULL)
       LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [drop !== undefined],
    )
    if (!gone) return undefined
    // Should it come to nothing after this, the row is still there to say so.
    if (gone.file !== null) await drop?.(gone.file)
    const row = await sql.get<{ bodies: number; segments: number }>(
      `WITH heads AS (DELETE FROM mcpd.heads WHERE k = $1),
       keys AS (DELETE FROM mcpd.idempotency WHERE k = $1),
       turns AS (DELETE FROM mcpd.turns WHERE k = $1 RETURNING data IS NOT NULL AS has_body),
       segments AS (DELETE FROM mcpd.segments WHERE k = $1 RETURNING s),
       context AS (DELETE FROM mcpd.contexts WHERE k = $1)
       SELECT (SELECT count(*) FROM turns WHERE has_body) AS bodies, (SELECT count(*) FROM segments) AS segments`,
      [gone.k],
    )
    return row ?? { bodies: 0, segments: 0 }
  })

export const collect = async (
  database: Database,
  policy: CollectPolicy,
  drop: Archive['drop'],
  signal?: AbortSignal,
): Promise<Collected> => {
  const clock = await database.get<{ now: number }>(`SELECT ${serverNow} AS now`)
  const now = clock?.now ?? 0
  let contexts = 0
  const tenants = await database.all<{ tenant: string }>(
    "SELECT DISTINCT tenant FROM mcpd.contexts WHERE tenant <> ''",
  )
  for (const { tenant } of tenants) {
    const before = expiryOf(policy, tenant, now)
    if (before === undefined) continue
    for (let count = expiredMax; count === expiredMax; contexts += count) {
      signal?.throwIfAborted()
      count = await remove(
        database,
        // What was written to in this moment is looked at again when its lock is had.
        `tenant = $1 AND pinned = 0 AND updated_at < $2 AND k IN (
           SELECT k FROM mcpd.contexts WHERE tenant = $1 AND pinned = 0 AND updated_at < $2 LIMIT ${expiredMax})`,
        [tenant, before],
      )
    }
  }
  const keys = await database.get<{ count: number }>(
    'WITH gone AS (DELETE FROM mcpd.idempotency WHERE at < $1 RETURNING k) SELECT count(*) AS count FROM gone',
    [keysBefore(policy, now)],
  )
  await trimOutbox(database)
  let bodies = 0
  let segments = 0
  for (let gone = await purge(database, drop); gone; gone = await purge(database, drop)) {
    signal?.throwIfAborted()
    bodies += gone.bodies
    segments += gone.segments
  }
  return { contexts, bodies, segments, idempotencyKeys: keys?.count ?? 0 }
}
