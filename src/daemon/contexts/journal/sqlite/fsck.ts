import type { ContextKey, StoredTurn } from '../../../../core/context.ts'
import type { Problem } from '../../../../core/journal.ts'
import { missingKeyOf, openedTurn, unreadable } from '../../encryption/unreadable.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { faultOf } from '../verify.ts'
import { createBodyReader } from './bodies.ts'
import { turnColumns, turnOf, type TurnRow, turnTables } from './rows.ts'
import type { Sql } from './statements.ts'

/** Problems that one look names at most. */
const problemsMax = 1000

/** What concerns no single context: the file itself, and who refers to what. */
export const checkStore = (sql: Sql): readonly Problem[] => [
  ...sql
    .all<Record<string, string>>(`PRAGMA quick_check(${problemsMax})`)
    .map((row) => Object.values(row)[0] ?? '')
    .filter((line) => line !== 'ok')
    .map((detail): Problem => ({ kind: 'store-damaged', detail })),
  ...(['bodies', 'segments'] as const).flatMap((table) => wrongReferences(sql, table)),
]

const wrongReferences = (sql: Sql, table: 'bodies' | 'segments'): readonly Problem[] => {
  const column = table === 'bodies' ? 'b' : 's'
  return sql
    .all<{ number: number; refs: number; found: number }>(
      `SELECT ${table}.${column} AS number, refs, count(turns.t) AS found FROM ${table}
       LEFT JOIN turns ON turns.${column} = ${table}.${column}
       GROUP BY ${table}.${column} HAVING refs <> found LIMIT ${problemsMax}`,
    )
    .map(({ number, refs, found }) => ({
      kind: 'references-wrong',
      detail: `${table} ${number}: ${found} turns refer to it, and it counts ${refs}`,
    }))
}

/** Everything about the context after the row `after`: each body, each hash, each parent, each head. */
export const checkContext = (
  sql: Sql,
  vault: Vault,
  after: number,
): { readonly problems: readonly Problem[]; readonly next?: number } => {
  const context = sql.get<ContextKey & { readonly k: number }>(
    "SELECT k, tenant, context FROM contexts WHERE k > ? AND tenant <> '' ORDER BY k LIMIT 1",
    after,
  )
  if (!context) return { problems: [] }
  const { k, ...key } = context
  return { problems: [...turnProblems(sql, k, vault.of(key)), ...headProblems(sql, k, key)], next: k }
}

const turnProblems = (sql: Sql, k: number, cipher: Cipher): readonly Problem[] => {
  const { key } = cipher
  const rows = sql.all<TurnRow>(
    `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.k = ? ORDER BY turns.seq`,
    k,
  )
  const read = createBodyReader(sql)
  const byNumber = new Map(rows.map((row) => [row.t, openedTurn(() => turnOf(cipher, row))]))
  const missingKey = missingKeyOf(byNumber.values())
  if (missingKey !== undefined) return [{ kind: 'key-missing', ...key, detail: missingKey }]
  return rows
    .flatMap((row): readonly Problem[] => {
      const at = { ...key, turn: row.id }
      const parent = row.parent === null ? null : byNumber.get(row.parent)
      const missing: readonly Problem[] =
        row.parent !== null && !parent
          ? [{ kind: 'parent-missing', ...at, detail: `the turn before ${row.id} is missing` }]
          : []
      const opened = openedTurn(() => turnOf(cipher, row))
      if ('error' in opened) return [...missing, { ...unreadable(row.id, opened.error), ...at }]
      const body = bodyOf(row, () => read(cipher, row, opened.turn))
      if ('kind' in body) return [...missing, { ...body, ...at }]
      const turn: StoredTurn = { ...opened.turn, body: body.body }
      // A parent that cannot be read is named by itself.
      const fault = faultOf(turn, parent && ('turn' in parent ? parent.turn : undefined))
      return fault ? [...missing, { ...fault, ...at }] : missing
    })
    .slice(0, problemsMax)
}

const bodyOf = (
  row: TurnRow,
  read: () => Buffer | undefined,
): { readonly body: Buffer } | Pick<Problem, 'kind' | 'detail'> => {
  const place = row.s === null ? 'body' : 'segment'
  const name =
    row.s === null ? `the body of the turn ${row.id}` : `the segment ${row.s} of the turn ${row.id}`
  try {
    const body = read()
    return body ? { body } : { kind: `${place}-missing`, detail: `${name} is missing` }
  } catch (error) {
    return { kind: `${place}-changed`, detail: `${name} cannot be read: ${String(error)}` }
  }
}

const headProblems = (sql: Sql, k: number, key: ContextKey): readonly Problem[] =>
  sql
    .all<{ name: string }>(
      `SELECT name FROM heads LEFT JOIN turns ON turns.t = heads.t AND turns.k = heads.k
       WHERE heads.k = ? AND heads.t IS NOT NULL AND turns.t IS NULL LIMIT ${problemsMax}`,
      k,
    )
    .map(({ name }) => ({
      kind: 'head-dangling',
      ...key,
      detail: `the head ${name} leads to a missing turn`,
    }))
