import type { Append, Appended, ContextAbout, ContextKey, StoredTurn } from '../../../../core/context.ts'
import { keepAbout, tagNamesOf } from '../../encryption/about.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { annotated } from '../annotation.ts'
import type { JournalOptions } from '../options.ts'
import { fingerprintOf, keyReused, planAppend, turnsOf, withoutBody, type WritePlan } from '../plan.ts'
import { outboxMax } from '../memory-outbox.ts'
import { contradicts, existsAlready } from '../refusals.ts'
import { damaged } from '../verify.ts'
import { putBody } from './bodies.ts'
import { bufferOf, hashBytes, hashText, turnColumns, turnOf, type TurnRow, turnTables } from './rows.ts'
import type { Sql } from './statements.ts'
import { closeTurn, insertTurn, type Placed } from './turn-rows.ts'

/** Paths that have become long enough to be sealed: the head that leads to each, and where it ends. */
export type RipePaths = Map<string, number>
export const ripeName = (k: number, head: string): string => `${k} ${head}`

/** A connection that writes, and what it needs to know. */
export interface Writer extends JournalOptions {
  readonly sql: Sql
  /** Names this daemon's run, so that the next one knows the turns it left open. */
  readonly owner: string
  readonly ripe: RipePaths
  readonly vault: Vault
}

/** A path whose unsealed end has so many turns or bytes is sealed. */
export const tailMaxTurns = 32
export const tailMaxBytes = 64 * 1024

type RowOf = (id: string) => TurnRow | undefined

/** Does what `Journal.append` says. In a transaction. */
export const append = (writer: Writer, request: Append): Appended => {
  const { sql, now, newId, vault } = writer
  const { tenant, context } = request
  const cipher = vault.of({ tenant, context })
  const known = sql.get<{ k: number }>(
    'SELECT k FROM contexts WHERE tenant = ? AND context = ?',
    tenant,
    context,
  )
  const repeated = known && findRepeated(sql, cipher, request, known.k)
  if (repeated) return repeated
  const rowOf = rowsOf(sql, known?.k)
  const plan = planAppend(
    request,
    {
      exists: known !== undefined,
      head: known && headOf(sql, known.k, request),
      turn: (id) => {
        const row = rowOf(id)
        return row && turnOf(cipher, row)
      },
    },
    { now: now(), newId },
  )
  if (plan.outcome === 'conflict') return plan
  return write(writer, request, plan, known?.k ?? create(writer, request), rowOf)
}

/** Does what `Journal.restore` says. In a transaction, which an error must undo. */
export const restore = (writer: Writer, appends: readonly Append[]): void => {
  const [first] = appends
  if (!first) return
  const { tenant, context } = first
  if (writer.sql.get('SELECT k FROM contexts WHERE tenant = ? AND context = ?', tenant, context))
    throw existsAlready(first)
  for (const request of appends) if (append(writer, request).outcome !== 'ok') throw contradicts(first)
}

/** Turns of a context by their ids, each read once. */
const rowsOf = (sql: Sql, k: number | undefined): RowOf => {
  const rows = new Map<string, TurnRow>()
  return (id) => {
    const known = rows.get(id)
    if (known || k === undefined) return known
    const row = sql.get<TurnRow>(
      `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.id = ? AND turns.k = ?`,
      id,
      k,
    )
    if (row) rows.set(id, row)
    return row
  }
}

const headOf = (sql: Sql, k: number, request: Append): string | null | undefined => {
  const row = sql.get<{ t: number | null; id: string | null }>(
    'SELECT heads.t, turns.id FROM heads LEFT JOIN turns ON turns.t = heads.t WHERE heads.k = ? AND name = ?',
    k,
    request.head,
  )
  if (row && row.t !== null && row.id === null)
    throw damaged(request, `the head ${request.head} leads to a turn that is missing`)
  return row && row.id
}

const findRepeated = (sql: Sql, cipher: Cipher, request: Append, k: number): Appended | undefined => {
  const { idempotencyKey: key } = request
  if (key === undefined) return undefined
  const used = sql.get<{ fingerprint: Uint8Array; head: number | null; turns: string }>(
    'SELECT fingerprint, head, turns FROM idempotency WHERE k = ? AND key = ?',
    k,
    key,
  )
  if (!used) return undefined
  const fingerprint = cipher.open(fingerprintPlace, bufferOf(used.fingerprint))
  if (hashText(fingerprint) !== fingerprintOf(request)) throw keyReused(request)
  const rows = sql.all<TurnRow>(
    `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.t IN (SELECT value FROM json_each(?)) ORDER BY turns.seq`,
    used.turns,
  )
  const head =
    used.head === null ? null : sql.get<{ id: string }>('SELECT id FROM turns WHERE t = ?', used.head)?.id
  return { outcome: 'duplicate', head: head ?? null, turns: rows.map((row) => turnOf(cipher, row)) }
}

const create = ({ sql, now, vault }: Writer, { tenant, context, about = {} }: Append): number => {
  const at = now()
  return sql.run(
    `INSERT INTO contexts (tenant, context, about, sealed, tags, pinned, turns, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    tenant,
    context,
    ...aboutColumns(vault, { tenant, context }, annotated({}, about)),
    at,
    at,
  ).row
}

/** `about`, `sealed`, `tags` and `pinned` of a context. */
export const aboutColumns = (
  vault: Vault,
  key: ContextKey,
  said: ContextAbout,
): readonly [string, Buffer | null, string | null, 0 | 1] => {
  const { about, sealed } = keepAbout(vault.of(key), said)
  const tags = sealed && JSON.stringify(tagNamesOf(vault, key.tenant, said))
  return [about, sealed, tags, said.pinned ? 1 : 0]
}

/** What the fingerprint of an idempotency key is sealed as: it would tell whether a guess is right. */
export const fingerprintPlace = 'fingerprint'

const write = (writer: Writer, request: Append, plan: WritePlan, k: number, rowOf: RowOf): Appended => {
  const { sql, now, owner, ripe, vault } = writer
  const { tenant, context, closes } = request
  const cipher = vault.of({ tenant, context })
  const turns = turnsOf(plan)
  const open = closes === undefined ? undefined : rowOf(closes)
  const [first] = turns
  let parent = first && first.parent !== null ? rowOf(first.parent) : undefined
  const numbers: number[] = []
  for (const [index, turn] of turns.entries()) {
    const row: Placed = {
      k,
      b: putBody(sql, cipher, turn.bodyHash, turn.body),
      parent: parent?.t ?? null,
      tail_turns: (parent && parent.s === null ? parent.tail_turns : 0) + 1,
      tail_bytes: (parent && parent.s === null ? parent.tail_bytes : 0) + turn.bodyBytes,
    }
    const t =
      open && index === 0 ? closeTurn(sql, cipher, open, turn, row) : insertTurn(sql, cipher, turn, row)
    numbers.push(t)
    parent = { ...asRow(turn), ...row, t }
  }
  if (plan.opened) sql.run('INSERT INTO open_turns (t, owner) VALUES (?, ?)', numbers.at(-1) ?? null, owner)
  const end = plan.head === null ? null : plan.head === parent?.id ? parent.t : (rowOf(plan.head)?.t ?? null)
  sql.run(
    'INSERT INTO heads (k, name, t) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET t = excluded.t',
    k,
    request.head,
    end,
  )
  sql.run(
    'UPDATE contexts SET turns = turns + ?, updated_at = ? WHERE k = ?',
    turns.length - (open ? 1 : 0),
    now(),
    k,
  )
  remember(writer, cipher, request, k, end, numbers)
  tell(sql, request, 'appended', numbers.slice(0, plan.turns.length))
  if (parent && (parent.tail_turns >= tailMaxTurns || parent.tail_bytes >= tailMaxBytes))
    ripe.set(ripeName(k, request.head), parent.t)
  return { outcome: 'ok', head: plan.head, turns: turns.map(withoutBody) }
}

const remember = (
  { sql, now }: Writer,
  cipher: Cipher,
  request: Append,
  k: number,
  head: number | null,
  turns: readonly number[],
): void => {
  if (request.idempotencyKey === undefined) return
  sql.run(
    'INSERT INTO idempotency (k, key, fingerprint, head, turns, at) VALUES (?, ?, ?, ?, ?, ?)',
    k,
    request.idempotencyKey,
    cipher.seal(fingerprintPlace, hashBytes(fingerprintOf(request))),
    head,
    JSON.stringify(turns),
    now(),
  )
}

/** Writes an entry of the outbox, with turns as their row numbers: their ids are read with it. */
export const tell = (
  sql: Sql,
  { tenant, context }: Pick<Append, 'tenant' | 'context'>,
  event: 'appended' | 'deleted',
  turns: readonly number[],
): void => {
  if (event === 'appended' && turns.length === 0) return
  const { row } = sql.run(
    'INSERT INTO outbox (event, tenant, context, turns) VALUES (?, ?, ?, ?)',
    event,
    tenant,
    context,
    JSON.stringify(turns),
  )
  sql.run('DELETE FROM outbox WHERE n <= ?', row - outboxMax)
}

/** Of a turn that was just written: what the next one has to know of its parent. */
const asRow = ({ id, seq }: StoredTurn): Omit<TurnRow, keyof Placed | 't'> => ({
  id,
  seq,
  s: null,
  offset: null,
  parent_id: null,
  role: 0,
  at: 0,
  state: 0,
  pinned: 0,
  origin: null,
  body_hash: new Uint8Array(),
  chain_hash: new Uint8Array(),
  facts: null,
  body_bytes: 0,
})
