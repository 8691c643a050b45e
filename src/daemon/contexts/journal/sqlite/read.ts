import type { ContextKey, ContextSummary, StoredTurn } from '../../../../core/context.ts'
import type {
  ContextPath,
  FoundTurn,
  ListPage,
  ListQuery,
  PathEnd,
  PathRange,
} from '../../../../core/journal.ts'
import { readAbout } from '../../encryption/about.ts'
import type { Vault } from '../../encryption/vault.ts'
import { cursorOf, readCursor } from '../cursor.ts'
import { placesOf } from '../range.ts'
import { damaged, verifyPath } from '../verify.ts'
import { withBodies } from './bodies.ts'
import { turnColumns, turnOf, type TurnRow, turnTables } from './rows.ts'
import type { Sql } from './statements.ts'

interface ContextRow {
  readonly k: number
  readonly tenant: string
  readonly context: string
  readonly about: string
  readonly sealed: Uint8Array | null
  readonly turns: number
  readonly created_at: number
  readonly updated_at: number
}

const findContext = (sql: Sql, { tenant, context }: ContextKey): ContextRow | undefined =>
  sql.get<ContextRow>('SELECT * FROM contexts WHERE tenant = ? AND context = ?', tenant, context)

export const readPath = (
  sql: Sql,
  vault: Vault,
  key: ContextKey,
  end: PathEnd,
  range: PathRange = {},
): ContextPath | undefined => {
  const context = findContext(sql, key)
  const leaf = context && leafOf(sql, key, context.k, end)
  if (leaf === undefined) return undefined
  if (leaf === null) return { end: null, length: 0, turns: [] }
  const { from, to } = placesOf(range, leaf.seq)
  if (to < from) return { end: leaf.id, length: leaf.seq, turns: [] }
  const turns = withBodies(sql, vault.of(key), rowsOf(sql, leaf.t, from, to))
  if (turns.at(-1)?.seq !== to) throw damaged(key, `a turn before ${leaf.id} is missing`)
  verifyPath(key, turns, from)
  return { end: leaf.id, length: leaf.seq, turns }
}

const leafOf = (sql: Sql, key: ContextKey, k: number, end: PathEnd): TurnRow | null | undefined => {
  if ('turn' in end)
    return sql.get<TurnRow>(
      `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.id = ? AND turns.k = ?`,
      end.turn,
      k,
    )
  const head = sql.get<{ t: number | null }>('SELECT t FROM heads WHERE k = ? AND name = ?', k, end.head)
  if (!head || head.t === null) return head && null
  const row = sql.get<TurnRow>(`SELECT ${turnColumns} FROM ${turnTables} WHERE turns.t = ?`, head.t)
  if (!row) throw damaged(key, `the head ${end.head} leads to a turn that is missing`)
  return row
}

/** Up from the end by parents, so that nothing is read that is not on the path. */
const rowsOf = (sql: Sql, t: number, from: number, to: number): readonly TurnRow[] =>
  sql.all<TurnRow>(
    `WITH RECURSIVE path (t, parent, seq) AS (
       SELECT t, parent, seq FROM turns WHERE t = ?
       UNION ALL
       SELECT turns.t, turns.parent, turns.seq FROM path JOIN turns ON turns.t = path.parent WHERE path.seq > ?)
     SELECT ${turnColumns} FROM path JOIN turns ON turns.t = path.t LEFT JOIN turns AS above ON above.t = turns.parent
     WHERE path.seq <= ? ORDER BY path.seq`,
    t,
    from,
    to,
  )

const summaryOf = (sql: Sql, vault: Vault, row: ContextRow): ContextSummary => {
  const heads = sql.all<{ name: string; t: number | null; id: string | null }>(
    'SELECT name, heads.t, turns.id FROM heads LEFT JOIN turns ON turns.t = heads.t WHERE heads.k = ? ORDER BY name',
    row.k,
  )
  const dangling = heads.find(({ t, id }) => t !== null && id === null)
  if (dangling) throw damaged(row, `the head ${dangling.name} leads to a turn that is missing`)
  return {
    tenant: row.tenant,
    context: row.context,
    ...readAbout(vault.of({ tenant: row.tenant, context: row.context }), row),
    heads: Object.fromEntries(heads.map(({ name, id }) => [name, id])),
    turns: row.turns,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export const readSummary = (sql: Sql, vault: Vault, key: ContextKey): ContextSummary | undefined => {
  const row = findContext(sql, key)
  return row && summaryOf(sql, vault, row)
}

export const readList = (sql: Sql, vault: Vault, { tenant, tag, cursor, limit }: ListQuery): ListPage => {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const rows = sql.all<ContextRow>(
    `SELECT * FROM contexts WHERE tenant = ?1
     AND (?2 IS NULL OR EXISTS (
       SELECT 1 FROM json_each(coalesce(tags, about -> '$.tags')) WHERE value IN (SELECT value FROM json_each(?6))))
     AND (?3 IS NULL OR updated_at < ?3 OR (updated_at = ?3 AND context > ?4))
     ORDER BY updated_at DESC, context LIMIT ?5`,
    tenant,
    tag ?? null,
    after?.updatedAt ?? null,
    after?.context ?? null,
    limit + 1,
    tag === undefined ? '[]' : JSON.stringify([tag, ...vault.tagNames(tenant, tag)]),
  )
  const contexts = rows.slice(0, limit).map((row) => summaryOf(sql, vault, row))
  const last = contexts.at(-1)
  return { contexts, ...(last && rows.length > limit && { next: cursorOf(last) }) }
}

export const readTurns = (sql: Sql, vault: Vault, key: ContextKey): readonly StoredTurn[] | undefined => {
  const context = findContext(sql, key)
  return (
    context &&
    withBodies(
      sql,
      vault.of(key),
      sql.all<TurnRow>(
        `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.k = ? ORDER BY turns.t`,
        context.k,
      ),
    )
  )
}

export const findTurn = (sql: Sql, vault: Vault, tenant: string, id: string): FoundTurn | undefined => {
  const row = sql.get<TurnRow & { readonly context: string }>(
    `SELECT ${turnColumns}, contexts.context FROM ${turnTables} JOIN contexts ON contexts.k = turns.k
     WHERE turns.id = ? AND contexts.tenant = ? ORDER BY turns.k DESC LIMIT 1`,
    id,
    tenant,
  )
  if (!row) return undefined
  const heads = sql.all<{ name: string }>(
    'SELECT name FROM heads WHERE k = ? AND t = ? ORDER BY name',
    row.k,
    row.t,
  )
  const { context } = row
  const turn = turnOf(vault.of({ tenant, context }), row)
  return { tenant, context, turn, heads: heads.map(({ name }) => name) }
}
