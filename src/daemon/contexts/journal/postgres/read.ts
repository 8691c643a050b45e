import type { ContextKey, ContextSummary, StoredTurn } from '../../../../core/context.ts'
import type {
  ContextPath,
  FoundTurn,
  ListPage,
  ListQuery,
  PathEnd,
  PathRange,
} from '../../../../core/journal.ts'
import type { Stub } from '../../archive/stub.ts'
import { readAbout } from '../../encryption/about.ts'
import type { Vault } from '../../encryption/vault.ts'
import { cursorOf, readCursor } from '../cursor.ts'
import { placesOf } from '../range.ts'
import { damaged, verifyPath } from '../verify.ts'
import type { Sql } from './database.ts'
import { bodyColumns, type BodyRow, turnColumns, turnOf, type TurnRow, withBodies } from './rows.ts'
import type { FetchSegments } from './segments.ts'
import { namesOfTag } from './tags.ts'

export const readPath = async (
  sql: Sql,
  vault: Vault,
  key: ContextKey,
  end: PathEnd,
  range: PathRange = {},
  fetch?: FetchSegments,
): Promise<ContextPath | undefined> => {
  const leaf = await leafOf(sql, key, end)
  if (!leaf) return undefined
  const { k, id, seq } = leaf
  if (id === null) return { end: null, length: 0, turns: [] }
  if (seq === null) throw damaged(key, `a head leads to the turn ${id}, which is missing`)
  const { from, to } = placesOf(range, seq)
  if (to < from) return { end: id, length: seq, turns: [] }
  const turns = await withBodies(sql, vault.of(key), await rowsOf(sql, k, id, from, to), fetch)
  if (turns.at(-1)?.seq !== to) throw damaged(key, `a turn before ${id} is missing`)
  verifyPath(key, turns, from)
  return { end: id, length: seq, turns }
}

interface Leaf {
  readonly k: number
  /** Null where a head has no turns. */
  readonly id: string | null
  /** Null where the turn is missing. */
  readonly seq: number | null
}

const leafOf = (sql: Sql, { tenant, context }: ContextKey, end: PathEnd): Promise<Leaf | undefined> =>
  'turn' in end
    ? sql.get(
        `SELECT k, id, seq FROM mcpd.contexts JOIN mcpd.turns USING (k)
         WHERE tenant = $1 AND context = $2 AND id = $3`,
        [tenant, context, end.turn],
        'leaf-turn',
      )
    : sql.get(
        `SELECT heads.k, heads.turn AS id, seq FROM mcpd.contexts JOIN mcpd.heads USING (k)
         LEFT JOIN mcpd.turns ON turns.k = heads.k AND turns.id = heads.turn
         WHERE tenant = $1 AND context = $2 AND name = $3`,
        [tenant, context, end.head],
        'leaf-head',
      )

/** Up from the end by parents, so that nothing is read that is not on the path. */
const rowsOf = (sql: Sql, k: number, id: string, from: number, to: number): Promise<readonly BodyRow[]> =>
  sql.all<BodyRow>(
    `WITH RECURSIVE path (id, parent, seq) AS (
       SELECT id, parent, seq FROM mcpd.turns WHERE k = $1 AND id = $2
       UNION ALL
       SELECT turns.id, turns.parent, turns.seq FROM path
       JOIN mcpd.turns ON turns.k = $1 AND turns.id = path.parent WHERE path.seq > $3)
     SELECT ${bodyColumns} FROM path JOIN mcpd.turns ON turns.k = $1 AND turns.id = path.id
     WHERE path.seq <= $4 ORDER BY path.seq`,
    [k, id, from, to],
    'path',
  )

interface ContextRow {
  readonly tenant: string
  readonly context: string
  readonly about: string
  readonly sealed: Buffer | null
  readonly archived: Omit<Stub, 'ids'> | null
  readonly turns: number
  readonly created_at: number
  readonly updated_at: number
  /** By name, as names, turns and whether these are there, each in the same order. */
  readonly names: readonly string[]
  readonly ends: readonly (string | null)[]
  readonly missing: readonly boolean[]
}

const contextColumns = `c.tenant, c.context, c.about, c.sealed, c.archived - 'ids' AS archived, c.turns, c.created_at, c.updated_at, heads.*`
const contextTables = `mcpd.contexts AS c CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(h.name::text ORDER BY h.name), '{}') AS names,
    coalesce(array_agg(h.turn::text ORDER BY h.name), '{}') AS ends,
    coalesce(array_agg(h.turn IS NOT NULL AND t.id IS NULL ORDER BY h.name), '{}') AS missing
  FROM mcpd.heads AS h LEFT JOIN mcpd.turns AS t ON t.k = h.k AND t.id = h.turn WHERE h.k = c.k) AS heads`

const summaryOf = (vault: Vault, row: ContextRow): ContextSummary => {
  const { archived } = row
  const dangling = row.names[row.missing.indexOf(true)]
  if (dangling !== undefined) throw damaged(row, `the head ${dangling} leads to a turn that is missing`)
  return {
    tenant: row.tenant,
    context: row.context,
    ...readAbout(vault.of({ tenant: row.tenant, context: row.context }), row),
    heads:
      archived?.heads ?? Object.fromEntries(row.names.map((name, index) => [name, row.ends[index] ?? null])),
    turns: archived?.turns ?? row.turns,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(archived && { archived: true }),
  }
}

export const readSummary = async (
  sql: Sql,
  vault: Vault,
  { tenant, context }: ContextKey,
): Promise<ContextSummary | undefined> => {
  const row = await sql.get<ContextRow>(
    `SELECT ${contextColumns} FROM ${contextTables} WHERE c.tenant = $1 AND c.context = $2`,
    [tenant, context],
    'summary',
  )
  return row && summaryOf(vault, row)
}

export const readList = async (
  sql: Sql,
  vault: Vault,
  { tenant, tag, cursor, limit }: ListQuery,
): Promise<ListPage> => {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const rows = await sql.all<ContextRow>(
    `SELECT ${contextColumns} FROM ${contextTables} WHERE c.tenant = $1
     AND ($2::text[] IS NULL OR c.tags ?| $2::text[])
     AND ($3::bigint IS NULL OR c.updated_at < $3 OR (c.updated_at = $3 AND c.context > $4))
     ORDER BY c.updated_at DESC, c.context LIMIT $5`,
    [
      tenant,
      tag === undefined ? null : namesOfTag(vault, tenant, tag),
      after?.updatedAt ?? null,
      after?.context ?? null,
      limit + 1,
    ],
  )
  const contexts = rows.slice(0, limit).map((row) => summaryOf(vault, row))
  const last = contexts.at(-1)
  return { contexts, ...(last && rows.length > limit && { next: cursorOf(last) }) }
}

export const readTurns = async (
  sql: Sql,
  vault: Vault,
  key: ContextKey,
): Promise<readonly StoredTurn[] | undefined> => {
  const context = await sql.get<{ k: number }>(
    'SELECT k FROM mcpd.contexts WHERE tenant = $1 AND context = $2',
    [key.tenant, key.context],
  )
  if (!context) return undefined
  const rows = await sql.all<BodyRow>(
    `SELECT ${bodyColumns} FROM mcpd.turns WHERE turns.k = $1 ORDER BY turns.t`,
    [context.k],
  )
  return withBodies(sql, vault.of(key), rows)
}

export const findTurn = async (
  sql: Sql,
  vault: Vault,
  tenant: string,
  id: string,
): Promise<FoundTurn | undefined> => {
  const row = await sql.get<TurnRow & { readonly context: string; readonly heads: readonly string[] }>(
    `SELECT ${turnColumns}, c.context, ARRAY(
       SELECT h.name::text FROM mcpd.heads AS h WHERE h.k = turns.k AND h.turn = turns.id ORDER BY h.name) AS heads
     FROM mcpd.turns JOIN mcpd.contexts AS c USING (k)
     WHERE turns.id = $1 AND c.tenant = $2 ORDER BY turns.k DESC LIMIT 1`,
    [id, tenant],
    'find-turn',
  )
  if (!row) return undefined
  const { context, heads } = row
  return { tenant, context, turn: turnOf(vault.of({ tenant, context }), row), heads }
}

/** The archived context that a turn belongs to; of several the newest. */
export const findArchived = (sql: Sql, tenant: string, id: string): Promise<ContextKey | undefined> =>
  sql.get<ContextKey>(
    `SELECT tenant, context FROM mcpd.contexts
     WHERE archived IS NOT NULL AND archived -> 'ids' ? $1 AND tenant = $2 ORDER BY k DESC LIMIT 1`,
    [id, tenant],
  )
