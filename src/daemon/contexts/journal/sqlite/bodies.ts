import type { StoredTurn, Turn } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { bodyPlace } from '../../encryption/facts.ts'
import type { Cipher } from '../../encryption/vault.ts'
import { packFrame, unpackFrame } from '../../frame.ts'
import { damaged } from '../verify.ts'
import { bufferOf, hashBytes, hashText, turnOf, type TurnRow } from './rows.ts'
import type { Sql } from './statements.ts'

/** Below this a frame of zstd is hardly smaller than what is in it. */
const compressedMinBytes = 192

/**
 * Keeps a body, or counts one more that has it: of the tenant, and of the context alone where it is encrypted. Resolves
 * to its row.
 */
export const putBody = (sql: Sql, cipher: Cipher, hash: string, body: Buffer): number => {
  const { tenant } = cipher.key
  const key = hashBytes(cipher.nameOf(hash))
  const known = sql.get<{ b: number }>('SELECT b FROM bodies WHERE hash = ? AND tenant = ?', key, tenant)
  if (known) {
    sql.run('UPDATE bodies SET refs = refs + 1 WHERE b = ?', known.b)
    return known.b
  }
  const packed = body.length < compressedMinBytes ? body : packFrame(body)
  const isPacked = packed.length < body.length
  return sql.run(
    'INSERT INTO bodies (tenant, hash, refs, zstd, data) VALUES (?, ?, 1, ?, ?)',
    tenant,
    key,
    isPacked ? 1 : 0,
    cipher.seal(bodyPlace(hash), isPacked ? packed : body),
  ).row
}

/** One turn less has this body; the last one takes it along. Returns how many went: 0 or 1. */
export const dropBody = (sql: Sql, b: number): number => {
  sql.run('UPDATE bodies SET refs = refs - 1 WHERE b = ?', b)
  return sql.run('DELETE FROM bodies WHERE b = ? AND refs <= 0', b).changes
}

export const dropSegment = (sql: Sql, s: number): number => {
  sql.run('UPDATE segments SET refs = refs - 1 WHERE s = ?', s)
  return sql.run('DELETE FROM segments WHERE s = ? AND refs <= 0', s).changes
}

/** What a segment is sealed as: its name in the file. */
export const segmentPlace = (hash: Uint8Array): string => `segment ${hashText(hash)}`

/** What is in a segment; undefined where it is missing. Throws what zstd throws for a frame that is none any more. */
export const readSegment = (sql: Sql, cipher: Cipher, s: number): Buffer | undefined => {
  const row = sql.get<{ hash: Uint8Array; data: Uint8Array; raw_bytes: number }>(
    'SELECT hash, data, raw_bytes FROM segments WHERE s = ?',
    s,
  )
  return row && unpackFrame(cipher.open(segmentPlace(row.hash), bufferOf(row.data)), row.raw_bytes)
}

/** Reads bodies for one answer: a segment is unpacked once, however many of its bodies are wanted. */
export const createBodyReader = (sql: Sql) => {
  const segments = new Map<number, Buffer | undefined>()

  const segment = (cipher: Cipher, s: number): Buffer | undefined => {
    if (segments.has(s)) return segments.get(s)
    const raw = readSegment(sql, cipher, s)
    segments.set(s, raw)
    return raw
  }
  /** Undefined where it is missing. Throws what zstd throws for a frame that is none any more, and as `Cipher.open`. */
  return (cipher: Cipher, row: TurnRow, { bodyHash }: Pick<Turn, 'bodyHash'>): Buffer | undefined => {
    if (row.s !== null) {
      const offset = row.offset ?? 0
      return segment(cipher, row.s)?.subarray(offset, offset + row.body_bytes)
    }
    const kept =
      row.b === null
        ? undefined
        : sql.get<{ zstd: number; data: Uint8Array }>('SELECT zstd, data FROM bodies WHERE b = ?', row.b)
    if (!kept) return undefined
    const data = cipher.open(bodyPlace(bodyHash), bufferOf(kept.data))
    return kept.zstd === 1 ? unpackFrame(data, row.body_bytes) : data
  }
}

/** Rows with their bodies. Throws CONTEXT_DAMAGED for one that is missing or cannot be read. */
export const withBodies = (sql: Sql, cipher: Cipher, rows: readonly TurnRow[]): readonly StoredTurn[] => {
  const read = createBodyReader(sql)
  return rows.map((row) => {
    const turn = turnOf(cipher, row)
    let body: Buffer | undefined
    try {
      body = read(cipher, row, turn)
    } catch (error) {
      if (isMcpdError(error)) throw error
      throw damaged(cipher.key, `the body of the turn ${row.id} cannot be read`, error)
    }
    if (!body) throw damaged(cipher.key, `the body of the turn ${row.id} is missing`)
    return { ...turn, body }
  })
}
