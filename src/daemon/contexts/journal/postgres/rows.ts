import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  type ContextKey,
  type StoredTurn,
  type Turn,
  type TurnOrigin,
  turnStates,
} from '../../../../core/context.ts'
import { hashText, roleOf } from '../sqlite/rows.ts'
import { damaged } from '../verify.ts'
import type { Sql } from './database.ts'

/** What is known of a turn without its body. */
export interface TurnRow {
  readonly k: number
  readonly id: string
  readonly parent: string | null
  readonly seq: number
  /** Its place in the roles. */
  readonly role: number
  readonly at: number
  /** Its place in `turnStates`. */
  readonly state: number
  readonly pinned: number
  readonly origin: string | null
  readonly body_hash: Buffer
  readonly chain_hash: Buffer
  readonly body_bytes: number
}
export const turnColumns = `turns.k, turns.id, turns.parent, turns.seq, turns.role, turns.at, turns.state,
  turns.pinned, turns.origin, turns.body_hash, turns.chain_hash, turns.body_bytes`

/** And where its body is. */
export interface BodyRow extends TurnRow {
  readonly packed: number | null
  readonly data: Buffer | null
  readonly s: number | null
  readonly offset: number | null
}
export const bodyColumns = `${turnColumns}, turns.packed, turns.data, turns.s, turns."offset"`

export const turnOf = (row: TurnRow): Turn => ({
  id: row.id,
  parent: row.parent,
  seq: row.seq,
  role: roleOf(row.role),
  at: row.at,
  state: turnStates[row.state] ?? 'aborted',
  bodyHash: hashText(row.body_hash),
  chainHash: hashText(row.chain_hash),
  bodyBytes: row.body_bytes,
  pinned: row.pinned === 1,
  ...(row.origin !== null && { origin: JSON.parse(row.origin) as TurnOrigin }),
})

/** Below this a frame of zstd is hardly smaller than what is in it. */
const packedMinBytes = 192

export const packBody = (body: Buffer): { readonly packed: 0 | 1; readonly data: Buffer } => {
  const data = body.length < packedMinBytes ? body : zstdCompressSync(body)
  return data.length < body.length ? { packed: 1, data } : { packed: 0, data: body }
}

const unpack = (data: Buffer, bytes: number): Buffer =>
  zstdDecompressSync(data, { maxOutputLength: Math.max(1, bytes) })

/** The body of a row, a Buffer; undefined where it is missing. Throws what zstd throws for a frame that is none. */
export type BodyReader = (row: BodyRow) => Buffer | undefined

/** Reads the segments that some rows are in, each once. */
export const readSegments = async (sql: Sql, rows: readonly BodyRow[]): Promise<BodyReader> => {
  const numbers = [...new Set(rows.flatMap(({ s }) => s ?? []))]
  const found =
    numbers.length === 0
      ? []
      : await sql.all<{ s: number; data: Buffer; raw_bytes: number }>(
          'SELECT s, data, raw_bytes FROM mcpd.segments WHERE s = ANY ($1::bigint[])',
          [numbers],
          'segments',
        )
  const packed = new Map(found.map((row) => [row.s, row]))
  const raw = new Map<number, Buffer>()
  return ({ s, offset, data, packed: isPacked, body_bytes: bytes }) => {
    if (s === null) return data === null ? undefined : isPacked === 1 ? unpack(data, bytes) : data
    const segment = packed.get(s)
    if (!segment) return undefined
    const whole = raw.get(s) ?? unpack(segment.data, segment.raw_bytes)
    raw.set(s, whole)
    return whole.subarray(offset ?? 0, (offset ?? 0) + bytes)
  }
}

/** Rows with their bodies. Throws CONTEXT_DAMAGED for one that is missing or cannot be read. */
export const withBodies = async (
  sql: Sql,
  key: ContextKey,
  rows: readonly BodyRow[],
): Promise<readonly StoredTurn[]> => {
  const read = await readSegments(sql, rows)
  return rows.map((row) => {
    let body: Buffer | undefined
    try {
      body = read(row)
    } catch (error) {
      throw damaged(key, `the body of the turn ${row.id} cannot be read`, error)
    }
    if (!body) throw damaged(key, `the body of the turn ${row.id} is missing`)
    return { ...turnOf(row), body }
  })
}
