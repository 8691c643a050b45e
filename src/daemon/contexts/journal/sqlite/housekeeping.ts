import { emptyBody } from '../../../../core/canonical-json.ts'
import type { Append, ContextKey } from '../../../../core/context.ts'
import type { CollectPolicy } from '../../../../core/journal.ts'
import { expiryOf, keysBefore } from '../policy.ts'
import { dropBody, dropSegment } from './bodies.ts'
import { roleOf } from './rows.ts'
import type { Sql } from './statements.ts'

/** Turns that are deleted in one transaction, so that appends need not wait long. */
const purgeTurns = 200

/**
 * Takes a context out of everybody's sight. Its rows go by `purge`. In a transaction. False where there is none.
 */
export const deleteContext = (sql: Sql, { tenant, context }: ContextKey): boolean => {
  const known = sql.get<{ k: number }>(
    'SELECT k FROM contexts WHERE tenant = ? AND context = ?',
    tenant,
    context,
  )
  if (known)
    sql.run(
      "UPDATE contexts SET tenant = '', context = ?, about = '{}', sealed = NULL, tags = NULL WHERE k = ?",
      String(known.k),
      known.k,
    )
  return known !== undefined
}

export interface Purged {
  readonly bodies: number
  readonly segments: number
  /** Whether there is more to purge. */
  readonly more: boolean
}

/** Deletes some rows of deleted contexts with the bodies and segments that nothing else has. In a transaction. */
export const purge = (sql: Sql): Purged => {
  const gone = sql.get<{ k: number }>("SELECT k FROM contexts WHERE tenant = '' LIMIT 1")
  if (!gone) return { bodies: 0, segments: 0, more: false }
  const { k } = gone
  let bodies = 0
  let segments = 0
  sql.run('DELETE FROM heads WHERE k = ?', k)
  sql.run('DELETE FROM idempotency WHERE k = ?', k)
  const rows = sql.all<{ t: number; b: number | null; s: number | null }>(
    'SELECT t, b, s FROM turns WHERE k = ? LIMIT ?',
    k,
    purgeTurns,
  )
  for (const { t, b, s } of rows) {
    sql.run('DELETE FROM turns WHERE t = ?', t)
    sql.run('DELETE FROM open_turns WHERE t = ?', t)
    if (b !== null) bodies += dropBody(sql, b)
    if (s !== null) segments += dropSegment(sql, s)
  }
  if (rows.length < purgeTurns) sql.run('DELETE FROM contexts WHERE k = ?', k)
  return { bodies, segments, more: true }
}

/** Contexts that are too old, by the policy. */
export const findExpired = (sql: Sql, policy: CollectPolicy, now: number): readonly ContextKey[] =>
  sql
    .all<{ tenant: string }>("SELECT DISTINCT tenant FROM contexts WHERE tenant <> ''")
    .flatMap(({ tenant }) => {
      const before = expiryOf(policy, tenant, now)
      if (before === undefined) return []
      return sql
        .all<{ context: string }>(
          'SELECT context FROM contexts WHERE tenant = ? AND pinned = 0 AND updated_at < ?',
          tenant,
          before,
        )
        .map(({ context }) => ({ tenant, context }))
    })

export const forgetKeys = (sql: Sql, policy: CollectPolicy, now: number): number =>
  sql.run('DELETE FROM idempotency WHERE at < ?', keysBefore(policy, now)).changes

/** The appends that abort the open turns of other runs of the daemon, a few at a time. */
export const findAbandoned = (sql: Sql, owner: string): readonly Append[] =>
  sql
    .all<{ tenant: string; context: string; id: string; role: number; head: string }>(
      `SELECT tenant, context, turns.id, turns.role, coalesce(
         (SELECT name FROM heads WHERE heads.k = turns.k AND heads.t = turns.t),
         (SELECT min(name) FROM heads WHERE heads.k = turns.k)) AS head
       FROM open_turns JOIN turns USING (t) JOIN contexts USING (k) WHERE owner <> ? AND tenant <> '' LIMIT 100`,
      owner,
    )
    .map(({ tenant, context, id, role, head }) => ({
      tenant,
      context,
      head,
      expected: '*',
      closes: id,
      turns: [{ role: roleOf(role), body: emptyBody(roleOf(role)), state: 'aborted' }],
    }))
