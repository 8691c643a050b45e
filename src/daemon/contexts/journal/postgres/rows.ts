import { type StoredTurn, type Turn, type TurnOrigin, turnStates } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { bodyPlace, type Facts, openFacts } from '../../encryption/facts.ts'
import type { Cipher } from '../../encryption/vault.ts'
import { packFrame, unpackFrame } from '../../frame.ts'
import { hashText, roleOf } from '../sqlite/rows.ts'
import { damaged } from '../verify.ts'
import type { Sql } from './database.ts'
import { type FetchSegments, fetchSegments } from './segments.ts'

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
  /** The hashes are null where they are sealed, as `facts`. */
  readonly body_hash: Buffer | null
  readonly chain_hash: Buffer | null
  readonly body_bytes: number
  readonly facts: Buffer | null
}
export const turnColumns = `turns.k, turns.id, turns.parent, turns.seq, turns.role, turns.at, turns.state,
  turns.pinned, turns.origin, turns.body_hash, turns.chain_hash, turns.body_bytes, turns.facts`

/** And where its body is. */
export interface BodyRow extends TurnRow {
  readonly packed: number | null
  readonly data: Buffer | null
  readonly s: number | null
  readonly offset: number | null
}
export const bodyColumns = `${turnColumns}, turns.packed, turns.data, turns.s, turns."offset"`

const factsOf = (cipher: Cipher, row: TurnRow): Facts => {
  if (row.facts !== null) return openFacts(cipher, row.id, row.facts)
  if (row.body_hash === null || row.chain_hash === null)
    throw damaged(cipher.key, `the turn ${row.id} has no hashes`)
  return {
    bodyHash: hashText(row.body_hash),
    chainHash: hashText(row.chain_hash),
    ...(row.origin !== null && { origin: JSON.parse(row.origin) as TurnOrigin }),
  }
}

export const turnOf = (cipher: Cipher, row: TurnRow): Turn => ({
  id: row.id,
  parent: row.parent,
  seq: row.seq,
  role: roleOf(row.role),
  at: row.at,
  state: turnStates[row.state] ?? 'aborted',
  bodyBytes: row.body_bytes,
  pinned: row.pinned === 1,
  ...factsOf(cipher, row),
})

/** Below this a frame of zstd is hardly smaller than what is in it. */
const packedMinBytes = 192

export const packBody = (body: Buffer): { readonly packed: 0 | 1; readonly data: Buffer } => {
  const data = body.length < packedMinBytes ? body : packFrame(body)
  return data.length < body.length ? { packed: 1, data } : { packed: 0, data: body }
}

/**
 * The body of a row and its turn, a Buffer; undefined where it is missing. Throws what zstd throws for a frame that is
 * none, and as `Cipher.open`.
 */
export type BodyReader = (cipher: Cipher, row: BodyRow, turn: Pick<Turn, 'bodyHash'>) => Buffer | undefined

/** What a segment is sealed as: its name in the database. */
export const segmentPlace = (hash: Buffer): string => `segment ${hashText(hash)}`

/** Reads the segments that some rows are in, each once. */
export const readSegments = async (
  sql: Sql,
  rows: readonly BodyRow[],
  fetch: FetchSegments = fetchSegments,
): Promise<BodyReader> => {
  const found = await fetch(sql, [...new Set(rows.flatMap(({ s }) => s ?? []))])
  const packed = new Map(found.map((row) => [row.s, row]))
  const raw = new Map<number, Buffer>()
  return (cipher, { s, offset, data, packed: isPacked, body_bytes: bytes }, { bodyHash }) => {
    if (s === null) {
      const opened = data && cipher.open(bodyPlace(bodyHash), data)
      return opened === null ? undefined : isPacked === 1 ? unpackFrame(opened, bytes) : opened
    }
    const segment = packed.get(s)
    if (!segment) return undefined
    const whole =
      raw.get(s) ?? unpackFrame(cipher.open(segmentPlace(segment.hash), segment.data), segment.raw_bytes)
    raw.set(s, whole)
    return whole.subarray(offset ?? 0, (offset ?? 0) + bytes)
  }
}

/** Rows with their bodies. Throws CONTEXT_DAMAGED for one that is missing or cannot be read. */
export const withBodies = async (
  sql: Sql,
  cipher: Cipher,
  rows: readonly BodyRow[],
  fetch?: FetchSegments,
): Promise<readonly StoredTurn[]> => {
  const read = await readSegments(sql, rows, fetch)
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
