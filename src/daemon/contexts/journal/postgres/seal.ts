import type { ContextKey } from '../../../../core/context.ts'
import { failpoint } from '../../failpoint.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { packFrame } from '../../frame.ts'
import { sha256 } from '../hashes.ts'
import { tailMaxBytes, tailMaxTurns } from '../sqlite/append.ts'
import { hashBytes, streamingState } from '../sqlite/rows.ts'
import { damaged } from '../verify.ts'
import type { Database, Sql } from './database.ts'
import { bodyColumns, type BodyRow, readSegments, segmentPlace, turnOf } from './rows.ts'
import { vectorOf } from './words.ts'

/** The end of a path whose unsealed part may be long enough. */
export interface PathTip {
  readonly k: number
  readonly turn: string
}

/** Every head that is at an unsealed turn. */
export const findTips = (sql: Sql): Promise<readonly PathTip[]> =>
  sql.all<{ k: number; turn: string }>(
    `SELECT DISTINCT h.k, h.turn FROM mcpd.heads AS h JOIN mcpd.turns AS t ON t.k = h.k AND t.id = h.turn
     JOIN mcpd.contexts AS c ON c.k = h.k WHERE t.s IS NULL AND c.tenant <> ''`,
  )

type TailRow = Pick<BodyRow, 'id' | 'state' | 'body_bytes'>

/** Moves the bodies of a path's unsealed turns into segments, as long as there are enough. Resolves with their number. */
export const sealPath = async (database: Database, vault: Vault, { k, turn }: PathTip): Promise<number> => {
  const tail = await database.all<TailRow>(
    `WITH RECURSIVE tail (id, parent, seq, state, body_bytes) AS (
       SELECT id, parent, seq, state, body_bytes FROM mcpd.turns WHERE k = $1 AND id = $2 AND s IS NULL
       UNION ALL
       SELECT t.id, t.parent, t.seq, t.state, t.body_bytes FROM tail
       JOIN mcpd.turns AS t ON t.k = $1 AND t.id = tail.parent AND t.s IS NULL)
     SELECT id, state, body_bytes FROM tail ORDER BY seq`,
    [k, turn],
  )
  let made = 0
  // An open turn will change.
  for (const ids of chunksOf(tail.filter(({ state }) => state !== streamingState))) {
    if (!(await database.transaction((sql) => makeSegment(sql, vault, k, ids)))) break
    failpoint('after-seal')
    made += 1
  }
  return made
}

const chunksOf = (rows: readonly TailRow[]): readonly (readonly string[])[] => {
  const chunks: string[][] = []
  let ids: string[] = []
  let bytes = 0
  for (const row of rows) {
    ids.push(row.id)
    bytes += row.body_bytes
    if (ids.length < tailMaxTurns && bytes < tailMaxBytes) continue
    chunks.push(ids)
    ids = []
    bytes = 0
  }
  return chunks
}

/** False where the turns are not there as planned any more: sealed by another daemon, or deleted. In a transaction. */
const makeSegment = async (sql: Sql, vault: Vault, k: number, ids: readonly string[]): Promise<boolean> => {
  const context = await sql.get<ContextKey>(
    "SELECT tenant, context FROM mcpd.contexts WHERE k = $1 AND tenant <> ''",
    [k],
  )
  if (!context) return false
  // Two daemons take them in the same order.
  const rows = await sql.all<BodyRow>(
    `SELECT ${bodyColumns} FROM mcpd.turns WHERE turns.k = $1 AND turns.id = ANY ($2::text[]) AND turns.s IS NULL
     ORDER BY turns.seq FOR UPDATE`,
    [k, ids],
  )
  if (rows.length !== ids.length) return false
  const cipher = vault.of(context)
  const { raw, offsets, bodies } = await concatenate(sql, cipher, rows)
  const hash = hashBytes(cipher.nameOf(sha256(raw)))
  const segment = await sql.get<{ s: number }>(
    `INSERT INTO mcpd.segments (k, hash, raw_bytes, data, words) VALUES ($1, $2, $3, $4, $5::tsvector) RETURNING s`,
    [
      k,
      hash,
      raw.length,
      cipher.seal(segmentPlace(hash), packFrame(raw)),
      cipher.seals ? null : vectorOf(bodies),
    ],
  )
  await sql.all(
    `UPDATE mcpd.turns SET s = $2, "offset" = place."offset", data = NULL, packed = NULL, words = NULL
     FROM unnest($3::text[], $4::int[]) AS place (id, "offset") WHERE turns.k = $1 AND turns.id = place.id`,
    [k, segment?.s, rows.map(({ id }) => id), offsets],
  )
  failpoint('before-seal')
  return true
}

/** A body that comes twice is in it once. */
const concatenate = async (
  sql: Sql,
  cipher: Cipher,
  rows: readonly BodyRow[],
): Promise<{
  readonly raw: Buffer
  readonly offsets: readonly number[]
  readonly bodies: readonly Buffer[]
}> => {
  const read = await readSegments(sql, rows)
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
  return { raw: Buffer.concat(bodies), offsets, bodies }
}
