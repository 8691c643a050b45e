import type { ContextKey } from '../../../../core/context.ts'
import type { JournalStats, Problem } from '../../../../core/journal.ts'
import { missingKeyOf, openedTurn, unreadable } from '../../encryption/unreadable.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { faultOf } from '../verify.ts'
import type { Archive } from './archive.ts'
import type { Sql } from './database.ts'
import { bodyColumns, type BodyReader, type BodyRow, readSegments, turnOf } from './rows.ts'

/** Problems that one look names at most. */
const problemsMax = 1000

/** Does what `Journal.fsck` says, one context after the other. */
export async function* checkAll(
  sql: Sql,
  vault: Vault,
  archive: Pick<Archive, 'check'>,
  signal?: AbortSignal,
): AsyncGenerator<Problem, void, undefined> {
  for (let after: number | undefined = 0; after !== undefined;) {
    signal?.throwIfAborted()
    const { problems, next }: Checked = await checkContext(sql, vault, archive, after)
    yield* problems
    after = next
  }
}

interface Checked {
  readonly problems: readonly Problem[]
  readonly next?: number
}

/** Everything about the context after the row `after`: each body, each hash, each parent, each head. */
const checkContext = async (
  sql: Sql,
  vault: Vault,
  archive: Pick<Archive, 'check'>,
  after: number,
): Promise<Checked> => {
  const context = await sql.get<ContextKey & { readonly k: number; readonly turns: number }>(
    "SELECT k, tenant, context, turns FROM mcpd.contexts WHERE k > $1 AND tenant <> '' ORDER BY k LIMIT 1",
    [after],
  )
  if (!context) return { problems: [] }
  const { k, turns, ...key } = context
  const rows = await sql.all<BodyRow>(
    `SELECT ${bodyColumns} FROM mcpd.turns WHERE turns.k = $1 ORDER BY turns.seq`,
    [k],
  )
  const problems = [
    ...turnProblems(vault.of(key), rows, await readSegments(sql, rows)),
    ...(await headProblems(sql, k, key)),
    ...(await archive.check(key)),
  ]
  // Fewer turns than were counted: some are gone that nothing leads to.
  if (rows.length < turns)
    problems.push({
      kind: 'store-damaged',
      ...key,
      detail: `${turns} turns were stored, and ${rows.length} are there`,
    })
  return { problems, next: k }
}

const turnProblems = (cipher: Cipher, rows: readonly BodyRow[], read: BodyReader): Problem[] => {
  const { key } = cipher
  const byId = new Map(rows.map((row) => [row.id, openedTurn(() => turnOf(cipher, row))]))
  const missingKey = missingKeyOf(byId.values())
  if (missingKey !== undefined) return [{ kind: 'key-missing', ...key, detail: missingKey }]
  return rows
    .flatMap((row): readonly Problem[] => {
      const at = { ...key, turn: row.id }
      const parent = row.parent === null ? null : byId.get(row.parent)
      const missing: readonly Problem[] =
        parent === undefined
          ? [{ kind: 'parent-missing', ...at, detail: `the turn before ${row.id} is missing` }]
          : []
      const opened = openedTurn(() => turnOf(cipher, row))
      if ('error' in opened) return [...missing, { ...unreadable(row.id, opened.error), ...at }]
      const body = bodyOf(row, () => read(cipher, row, opened.turn))
      if ('kind' in body) return [...missing, { ...body, ...at }]
      // A parent that cannot be read is named by itself.
      const before = parent && ('turn' in parent ? parent.turn : undefined)
      const fault = faultOf({ ...opened.turn, body: body.body }, before)
      return fault ? [...missing, { ...fault, ...at }] : missing
    })
    .slice(0, problemsMax)
}

const bodyOf = (
  row: BodyRow,
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

const headProblems = async (sql: Sql, k: number, key: ContextKey): Promise<readonly Problem[]> => {
  const rows = await sql.all<{ name: string }>(
    `SELECT h.name FROM mcpd.heads AS h LEFT JOIN mcpd.turns AS t ON t.k = h.k AND t.id = h.turn
     WHERE h.k = $1 AND h.turn IS NOT NULL AND t.id IS NULL LIMIT ${problemsMax}`,
    [k],
  )
  return rows.map(({ name }) => ({
    kind: 'head-dangling',
    ...key,
    detail: `the head ${name} leads to a missing turn`,
  }))
}

/** Counts rows: it reads all of them. What was deleted and is not purged yet counts in the bytes alone. */
export const readStats = async (sql: Sql): Promise<JournalStats> => {
  const live = "k IN (SELECT k FROM mcpd.contexts WHERE tenant <> '')"
  const row = await sql.get<Record<string, number>>(
    `SELECT (SELECT count(*) FROM mcpd.contexts WHERE tenant <> '') AS contexts,
       (SELECT count(*) FROM mcpd.contexts WHERE tenant <> '' AND archived IS NOT NULL) AS archived,
       (SELECT count(*) FROM mcpd.heads WHERE ${live}) AS heads,
       (SELECT count(*) FROM mcpd.turns WHERE ${live}) AS turns,
       (SELECT count(*) FROM mcpd.turns WHERE owner IS NOT NULL AND ${live}) AS streaming,
       (SELECT count(*) FROM mcpd.turns WHERE data IS NOT NULL) AS bodies,
       (SELECT count(*) FROM mcpd.segments) AS segments,
       (SELECT count(*) FROM mcpd.outbox) AS outbox,
       (SELECT coalesce(sum(body_bytes), 0)::bigint FROM mcpd.turns WHERE ${live}) AS content_bytes,
       (SELECT coalesce(sum(length(data)), 0)::bigint FROM mcpd.turns) AS body_bytes,
       (SELECT coalesce(sum(length(data)), 0)::bigint FROM mcpd.segments) AS segment_bytes,
       (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'mcpd'::regnamespace) AS stored_bytes`,
  )
  const of = (name: string): number => row?.[name] ?? 0
  return {
    contexts: of('contexts'),
    archived: of('archived'),
    heads: of('heads'),
    turns: of('turns'),
    streaming: of('streaming'),
    bodies: of('bodies'),
    segments: of('segments'),
    outbox: of('outbox'),
    bytes: {
      content: of('content_bytes'),
      bodies: of('body_bytes'),
      segments: of('segment_bytes'),
      stored: of('stored_bytes'),
    },
  }
}
