import type { ContextKey } from '../../../../core/context.ts'
import type { Annotation } from '../../../../core/journal.ts'
import { readAbout } from '../../encryption/about.ts'
import type { Vault } from '../../encryption/vault.ts'
import { annotated } from '../annotation.ts'
import { noTurn } from '../refusals.ts'
import { aboutColumns } from './append.ts'
import type { Sql } from './statements.ts'

/** Changes what is said about a context. False where there is none. In a transaction. */
export const annotate = (sql: Sql, vault: Vault, key: ContextKey, change: Annotation): boolean => {
  const known = sql.get<{ k: number; about: string; sealed: Uint8Array | null }>(
    'SELECT k, about, sealed FROM contexts WHERE tenant = ? AND context = ?',
    key.tenant,
    key.context,
  )
  if (!known) return false
  for (const [id, pinned] of Object.entries(change.pins ?? {}))
    if (
      sql.run('UPDATE turns SET pinned = ? WHERE id = ? AND k = ?', pinned ? 1 : 0, id, known.k).changes === 0
    )
      throw noTurn(key, id)
  const about = annotated(readAbout(vault.of(key), known), change)
  sql.run(
    'UPDATE contexts SET about = ?, sealed = ?, tags = ?, pinned = ? WHERE k = ?',
    ...aboutColumns(vault, key, about),
    known.k,
  )
  return true
}
