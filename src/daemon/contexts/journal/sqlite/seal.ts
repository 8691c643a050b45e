import { zstdCompressSync } from 'node:zlib'
import { sha256 } from '../hashes.ts'
import { damaged } from '../verify.ts'
import { tailMaxBytes, tailMaxTurns } from './append.ts'
import { createBodyReader, dropBody } from './bodies.ts'
import { hashBytes, hashText, type TurnRow } from './rows.ts'
import type { Sql } from './statements.ts'

/** Ends of paths whose unsealed part is long enough, such as after a start. */
export const findRipe = (sql: Sql): readonly number[] =>
  sql
    .all<{ t: number }>(
      `SELECT DISTINCT heads.t FROM heads JOIN turns ON turns.t = heads.t
       WHERE turns.s IS NULL AND (tail_turns >= ? OR tail_bytes >= ?)`,
      tailMaxTurns,
      tailMaxBytes,
    )
    .map(({ t }) => t)

/**
 * Moves the oldest unsealed bodies of the path that ends at `t` into one segment, and drops what they were in, all in
 * the transaction of the caller. True where there is more to seal behind them.
 */
export const sealOnce = (sql: Sql, t: number): boolean => {
  const tail = tailOf(sql, t)
  if (!isRipe(tail)) {
    recount(sql, tail)
    return false
  }
  const chunk = firstChunk(tail)
  const tenant = sql.get<{ tenant: string }>(
    'SELECT tenant FROM contexts WHERE k = ?',
    chunk[0]?.k ?? null,
  )?.tenant
  // Deleted meanwhile: it has no tenant, and its bodies go as they are.
  if (tenant === undefined || tenant === '') return false
  const { raw, offsets } = concatenate(sql, tenant, chunk)
  const s = putSegment(sql, tenant, raw, chunk.length)
  for (const [index, row] of chunk.entries()) {
    sql.run('UPDATE turns SET s = ?, offset = ?, b = NULL WHERE t = ?', s, offsets[index] ?? 0, row.t)
    if (row.b !== null) dropBody(sql, row.b)
  }
  const rest = tail.slice(chunk.length)
  recount(sql, rest)
  return isRipe(rest)
}

/** The unsealed turns before and at `t`, the oldest first; an open one is left out, for it will change. */
const tailOf = (sql: Sql, t: number): readonly TurnRow[] =>
  sql
    .all<TurnRow>(
      `WITH RECURSIVE tail (t, parent) AS (
         SELECT t, parent FROM turns WHERE t = ? AND s IS NULL
         UNION ALL
         SELECT turns.t, turns.parent FROM tail JOIN turns ON turns.t = tail.parent AND turns.s IS NULL)
       SELECT turns.* FROM tail JOIN turns ON turns.t = tail.t ORDER BY seq`,
      t,
    )
    .filter(({ state }) => state !== 'streaming')

const bytesOf = (rows: readonly TurnRow[]): number => rows.reduce((sum, row) => sum + row.body_bytes, 0)

const isRipe = (rows: readonly TurnRow[]): boolean =>
  rows.length >= tailMaxTurns || bytesOf(rows) >= tailMaxBytes

const firstChunk = (tail: readonly TurnRow[]): readonly TurnRow[] => {
  let bytes = 0
  const end = tail.findIndex((row) => (bytes += row.body_bytes) >= tailMaxBytes)
  return tail.slice(0, Math.min(end < 0 ? tail.length : end + 1, tailMaxTurns))
}

/** A body that comes twice is in it once. */
const concatenate = (
  sql: Sql,
  tenant: string,
  rows: readonly TurnRow[],
): { readonly raw: Buffer; readonly offsets: readonly number[] } => {
  const read = createBodyReader(sql)
  const places = new Map<string, number>()
  const bodies: Buffer[] = []
  let length = 0
  const offsets = rows.map((row) => {
    const hash = hashText(row.body_hash)
    const known = places.get(hash)
    if (known !== undefined) return known
    const body = read(row)
    // What is damaged must stay where it is, for fsck to name and a copy to mend.
    if (!body || sha256(body) !== hash)
      throw damaged({ tenant, context: String(row.k) }, `the body of the turn ${row.id} cannot be sealed`)
    const offset = length
    places.set(hash, offset)
    bodies.push(body)
    length += body.length
    return offset
  })
  return { raw: Buffer.concat(bodies), offsets }
}

/** Two paths with the same bodies share their segment. */
const putSegment = (sql: Sql, tenant: string, raw: Buffer, refs: number): number => {
  const hash = hashBytes(sha256(raw))
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
    zstdCompressSync(raw),
  ).row
}

/** What is left behind a segment is a short tail again. */
const recount = (sql: Sql, rows: readonly TurnRow[]): void => {
  let bytes = 0
  for (const [index, row] of rows.entries()) {
    bytes += row.body_bytes
    if (row.tail_turns !== index + 1 || row.tail_bytes !== bytes)
      sql.run('UPDATE turns SET tail_turns = ?, tail_bytes = ? WHERE t = ?', index + 1, bytes, row.t)
  }
}
