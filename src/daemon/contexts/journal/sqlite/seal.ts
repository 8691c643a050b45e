import type { ContextKey } from '../../../../core/context.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { packFrame } from '../../frame.ts'
import { sha256 } from '../hashes.ts'
import { damaged } from '../verify.ts'
import { ripeName, type RipePaths, tailMaxBytes, tailMaxTurns } from './append.ts'
import { createBodyReader, dropBody, segmentPlace } from './bodies.ts'
import { hashBytes, streamingState, turnOf, type TurnRow } from './rows.ts'
import type { Sql } from './statements.ts'

/** Ends of paths whose unsealed part is long enough, such as after a start. */
export const findRipe = (sql: Sql): RipePaths =>
  new Map(
    sql
      .all<{ k: number; name: string; t: number }>(
        `SELECT heads.k, name, heads.t FROM heads JOIN turns ON turns.t = heads.t
       WHERE turns.s IS NULL AND (tail_turns >= ? OR tail_bytes >= ?)`,
        tailMaxTurns,
        tailMaxBytes,
      )
      .map(({ k, name, t }) => [ripeName(k, name), t]),
  )

/** Turns whose bodies go into one segment, the oldest first, by their rows. */
export type Chunk = readonly number[]

/**
 * Parts the unsealed turns of the path that ends at `t` into segments to be made. What is left behind them is counted
 * as the short tail that it will be. In a transaction.
 */
export const planSegments = (sql: Sql, t: number): readonly Chunk[] => {
  let rest = tailOf(sql, t)
  const chunks: Chunk[] = []
  while (isRipe(rest)) {
    const chunk = firstChunk(rest)
    rest = rest.slice(chunk.length)
    chunks.push(chunk.map(({ t }) => t))
  }
  recount(sql, rest)
  return chunks
}

/**
 * Moves the bodies of a chunk into a segment and drops what they were in, in the transaction of the caller. False
 * where the turns are not there as planned any more: sealed with another head's, or deleted.
 */
export const makeSegment = (sql: Sql, vault: Vault, chunk: Chunk): boolean => {
  const rows = sql.all<TurnRow & ContextKey>(
    `SELECT turns.*, tenant, context FROM turns JOIN contexts USING (k)
     WHERE t IN (SELECT value FROM json_each(?)) AND s IS NULL AND tenant <> '' ORDER BY seq`,
    JSON.stringify(chunk),
  )
  const [first] = rows
  if (!first || rows.length !== chunk.length) return false
  const cipher = vault.of({ tenant: first.tenant, context: first.context })
  const { raw, offsets } = concatenate(sql, cipher, rows)
  const s = putSegment(sql, cipher, raw, rows.length)
  for (const [index, row] of rows.entries()) {
    sql.run('UPDATE turns SET s = ?, offset = ?, b = NULL WHERE t = ?', s, offsets[index] ?? 0, row.t)
    if (row.b !== null) dropBody(sql, row.b)
  }
  return true
}

type TailRow = Pick<TurnRow, 't' | 'state' | 'body_bytes' | 'tail_turns' | 'tail_bytes'>

/** The unsealed turns before and at `t`, the oldest first; an open one is left out, for it will change. */
const tailOf = (sql: Sql, t: number): readonly TailRow[] =>
  sql
    .all<TailRow>(
      `WITH RECURSIVE tail (t, parent) AS (
         SELECT t, parent FROM turns WHERE t = ? AND s IS NULL
         UNION ALL
         SELECT turns.t, turns.parent FROM tail JOIN turns ON turns.t = tail.parent AND turns.s IS NULL)
       SELECT t, state, body_bytes, tail_turns, tail_bytes FROM tail JOIN turns USING (t) ORDER BY seq`,
      t,
    )
    .filter(({ state }) => state !== streamingState)

const isRipe = (rows: readonly TailRow[]): boolean =>
  rows.length >= tailMaxTurns || bytesOf(rows) >= tailMaxBytes

const bytesOf = (rows: readonly TailRow[]): number => {
  let bytes = 0
  // Enough is enough: the rest of a long tail need not be added up.
  for (const { body_bytes } of rows) if ((bytes += body_bytes) >= tailMaxBytes) break
  return bytes
}

const firstChunk = (tail: readonly TailRow[]): readonly TailRow[] => {
  let bytes = 0
  const end = tail.findIndex((row) => (bytes += row.body_bytes) >= tailMaxBytes)
  return tail.slice(0, Math.min(end < 0 ? tail.length : end + 1, tailMaxTurns))
}

/** A body that comes twice is in it once. */
const concatenate = (
  sql: Sql,
  cipher: Cipher,
  rows: readonly TurnRow[],
): { readonly raw: Buffer; readonly offsets: readonly number[] } => {
  const read = createBodyReader(sql)
  const places = new Map<string, number>()
  const bodies: Buffer[] = []
  let length = 0
  const offsets = rows.map((row) => {
    const turn = turnOf(cipher, row)
    const hash = turn.bodyHash
    const known = places.get(hash)
    if (known !== undefined) return known
    const body = read(cipher, row, turn)
    // What is damaged must stay where it is, for fsck to name and a copy to mend.
    if (!body || sha256(body) !== hash)
      throw damaged(cipher.key, `the body of the turn ${row.id} cannot be sealed`)
    const offset = length
    places.set(hash, offset)
    bodies.push(body)
    length += body.length
    return offset
  })
  return { raw: Buffer.concat(bodies), offsets }
}

/** Two paths with the same bodies share their segment; of one context alone where it is encrypted. */
export const putSegment = (sql: Sql, cipher: Cipher, raw: Buffer, refs: number): number => {
  const { tenant } = cipher.key
  const hash = hashBytes(cipher.nameOf(sha256(raw)))
  const known = sql.get<{ s: number }>('SELECT s FROM segments WHERE hash = ? AND tenant = ?', hash, tenant)
  if (known) {
    sql.run('UPDATE segments SET refs = refs + ? WHERE s = ?', refs, known.s)
    return known.s
  }
  return sql.run(
    'INSERT INTO segments (tenant, hash, refs, raw_bytes, data) VALUES (?, ?, ?, ?, ?)',
    tenant,
    hash,
    refs,
    raw.length,
    cipher.seal(segmentPlace(hash), packFrame(raw)),
  ).row
}

/** What is left behind a segment is a short tail again. */
const recount = (sql: Sql, rows: readonly TailRow[]): void => {
  let bytes = 0
  for (const [index, row] of rows.entries()) {
    bytes += row.body_bytes
    if (row.tail_turns !== index + 1 || row.tail_bytes !== bytes)
      sql.run('UPDATE turns SET tail_turns = ?, tail_bytes = ? WHERE t = ?', index + 1, bytes, row.t)
  }
}
