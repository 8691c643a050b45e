import type { StoredTurn } from '../../../../core/context.ts'
import { dropBody } from './bodies.ts'
import type { Cipher } from '../../encryption/vault.ts'
import { factColumns, roleNumber, stateNumber, type TurnRow } from './rows.ts'
import type { Sql } from './statements.ts'

/** What a turn gets by where it is put. */
export interface Placed {
  readonly k: number
  readonly b: number
  readonly parent: number | null
  readonly tail_turns: number
  readonly tail_bytes: number
}

/** Returns the new row. */
export const insertTurn = (sql: Sql, cipher: Cipher, turn: StoredTurn, row: Placed): number => {
  const { origin, bodyHash, chainHash, facts } = factColumns(cipher, turn)
  return sql.run(
    `INSERT INTO turns (k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes,
       b, tail_turns, tail_bytes, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.k,
    turn.id,
    row.parent,
    turn.seq,
    roleNumber(turn.role),
    turn.at,
    stateNumber(turn.state),
    turn.pinned ? 1 : 0,
    origin,
    bodyHash,
    chainHash,
    turn.bodyBytes,
    row.b,
    row.tail_turns,
    row.tail_bytes,
    facts,
  ).row
}

/** Puts the answer where its open turn is. Returns the row. */
export const closeTurn = (sql: Sql, cipher: Cipher, open: TurnRow, turn: StoredTurn, row: Placed): number => {
  const { origin, bodyHash, chainHash, facts } = factColumns(cipher, turn)
  sql.run(
    `UPDATE turns SET at = ?, state = ?, pinned = ?, origin = ?, body_hash = ?, chain_hash = ?, body_bytes = ?,
       b = ?, tail_turns = ?, tail_bytes = ?, facts = ? WHERE t = ?`,
    turn.at,
    stateNumber(turn.state),
    turn.pinned ? 1 : 0,
    origin,
    bodyHash,
    chainHash,
    turn.bodyBytes,
    row.b,
    row.tail_turns,
    row.tail_bytes,
    facts,
    open.t,
  )
  if (open.b !== null) dropBody(sql, open.b)
  sql.run('DELETE FROM open_turns WHERE t = ?', open.t)
  return open.t
}
