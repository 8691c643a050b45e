import type { ContextAbout, ContextKey } from '../../../../core/context.ts'
import type { Annotation } from '../../../../core/journal.ts'
import { annotated } from '../annotation.ts'
import { noTurn } from '../refusals.ts'
import type { Sql } from './statements.ts'

/** Changes what is said about a context. False where there is none. In a transaction. */
export const annotate = (sql: Sql, key: ContextKey, change: Annotation): boolean => {
  const known = sql.get<{ k: number; about: string }>(
    'SELECT k, about FROM contexts WHERE tenant = ? AND context = ?',
    key.tenant,
    key.context,
  )
  if (!known) return false
  for (const [id, pinned] of Object.entries(change.pins ?? {}))
    if (
      sql.run('UPDATE turns SET pinned = ? WHERE id = ? AND k = ?', pinned ? 1 : 0, id, known.k).changes === 0
    )
      throw noTurn(key, id)
  const about = annotated(JSON.parse(known.about) as ContextAbout, change)
  sql.run(
    'UPDATE contexts SET about = ?, pinned = ? WHERE k = ?',
    JSON.stringify(about),
    about.pinned ? 1 : 0,
    known.k,
  )
  return true
}
