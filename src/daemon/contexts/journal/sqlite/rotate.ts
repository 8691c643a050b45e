import type { ContextKey } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { readAbout } from '../../encryption/about.ts'
import { type Cipher, headerOf, type Vault } from '../../encryption/vault.ts'
import { aboutColumns, fingerprintPlace } from './append.ts'
import { createBodyReader, dropBody, putBody, readSegment } from './bodies.ts'
import { bufferOf, factColumns, turnOf, type TurnRow } from './rows.ts'
import { putSegment } from './seal.ts'
import type { Sql } from './statements.ts'

/** Turns of one short transaction. */
const turnsStep = 100

/** How far a rotation is: through which turn of which context. */
export interface RotatePlace {
  readonly k: number
  readonly t: number
}

/** The rows that a step has changed, and where to go on. */
export interface Rotation {
  readonly rows: number
  readonly next?: RotatePlace
}

/** What one step has to know of the context it is at. */
interface Rotated {
  readonly sql: Sql
  readonly vault: Vault
  readonly cipher: Cipher
  readonly k: number
  /** What everything begins with that needs no change. */
  readonly header: Buffer
}

/**
 * Encrypts some more with the key that encrypts now, what is not yet: the next turns of a context, or what else there
 * is of the next one. In a transaction.
 */
export const rotateStep = (sql: Sql, vault: Vault, { k: at, t }: RotatePlace): Rotation => {
  const { keyId } = vault
  if (keyId === undefined) return { rows: 0 }
  const context = sql.get<ContextKey & { readonly k: number }>(
    "SELECT k, tenant, context FROM contexts WHERE k >= ? AND tenant <> '' ORDER BY k LIMIT 1",
    at,
  )
  if (!context) return { rows: 0 }
  const { k, tenant, context: name } = context
  const cipher = vault.of({ tenant, context: name })
  const rotated: Rotated = { sql, vault, cipher, k, header: headerOf(keyId) }
  const after = k === at ? t : 0
  let rows = after === 0 ? rotateAbout(rotated) + rotateKeys(rotated) : 0
  const turns = rotateTurns(rotated, after)
  rows += turns.rows
  if (turns.last !== undefined) return { rows, next: { k, t: turns.last } }
  rows += rotateSegments(rotated)
  return { rows, next: { k: k + 1, t: 0 } }
}

const isCurrent = ({ header }: Rotated, bytes: Uint8Array | null): boolean =>
  bytes !== null && header.equals(bytes.subarray(0, header.length))

const rotateAbout = (rotated: Rotated): number => {
  const { sql, vault, cipher, k } = rotated
  const row = sql.get<{ about: string; sealed: Uint8Array | null }>(
    'SELECT about, sealed FROM contexts WHERE k = ?',
    k,
  )
  const about = row && !isCurrent(rotated, row.sealed) && readable(() => readAbout(cipher, row))
  if (!about) return 0
  sql.run(
    'UPDATE contexts SET about = ?, sealed = ?, tags = ?, pinned = ? WHERE k = ?',
    ...aboutColumns(vault, cipher.key, about),
    k,
  )
  return 1
}

/** Fingerprints of idempotency keys; they are few, for they are kept for a day. */
const rotateKeys = (rotated: Rotated): number => {
  const { sql, cipher, k } = rotated
  const old = sql
    .all<{ key: string; fingerprint: Uint8Array }>('SELECT key, fingerprint FROM idempotency WHERE k = ?', k)
    .filter(({ fingerprint }) => !isCurrent(rotated, fingerprint))
  for (const { key, fingerprint } of old)
    sql.run(
      'UPDATE idempotency SET fingerprint = ? WHERE k = ? AND key = ?',
      cipher.seal(fingerprintPlace, cipher.open(fingerprintPlace, bufferOf(fingerprint))),
      k,
      key,
    )
  return old.length
}

type KeptTurn = TurnRow & { readonly data: Uint8Array | null }

const rotateTurns = (rotated: Rotated, after: number): { readonly rows: number; readonly last?: number } => {
  const { sql, k } = rotated
  const found = sql.all<KeptTurn>(
    `SELECT turns.*, NULL AS parent_id, data FROM turns LEFT JOIN bodies USING (b)
     WHERE k = ? AND t > ? ORDER BY t LIMIT ?`,
    k,
    after,
    turnsStep,
  )
  const rows = found.filter((row) => rotateTurn(rotated, row)).length
  const last = found.at(-1)?.t
  return { rows, ...(last !== undefined && { last }) }
}

const rotateTurn = (rotated: Rotated, row: KeptTurn): boolean => {
  const { sql, cipher } = rotated
  if (isCurrent(rotated, row.facts) && (row.data === null || isCurrent(rotated, row.data))) return false
  const anew = readable(() => {
    const turn = turnOf(cipher, row)
    // What was shared with other contexts is not any more.
    const body = row.b === null ? undefined : createBodyReader(sql)(cipher, row, turn)
    return { turn, body }
  })
  if (!anew) return false
  const { turn, body } = anew
  const { facts, bodyHash, chainHash, origin } = factColumns(cipher, turn)
  sql.run(
    'UPDATE turns SET facts = ?, body_hash = ?, chain_hash = ?, origin = ? WHERE t = ?',
    facts,
    bodyHash,
    chainHash,
    origin,
    row.t,
  )
  if (body && row.b !== null && !isCurrent(rotated, row.data)) {
    sql.run('UPDATE turns SET b = ? WHERE t = ?', putBody(sql, cipher, turn.bodyHash, body), row.t)
    dropBody(sql, row.b)
  }
  return true
}

const rotateSegments = (rotated: Rotated): number => {
  const { sql, cipher, k } = rotated
  const segments = sql
    .all<{ s: number; turns: number; start: Uint8Array }>(
      `SELECT segments.s, count(*) AS turns, substr(data, 1, 64) AS start FROM turns JOIN segments USING (s)
       WHERE k = ? GROUP BY segments.s`,
      k,
    )
    .filter(({ start }) => !isCurrent(rotated, start))
  let rows = 0
  for (const { s, turns } of segments) {
    const raw = readable(() => readSegment(sql, cipher, s))
    if (!raw) continue
    sql.run('UPDATE turns SET s = ? WHERE k = ? AND s = ?', putSegment(sql, cipher, raw, turns), k, s)
    sql.run('UPDATE segments SET refs = refs - ? WHERE s = ?', turns, s)
    sql.run('DELETE FROM segments WHERE s = ? AND refs <= 0', s)
    rows += 1
  }
  return rows
}

/** Undefined for what is damaged: it stays as it is, for fsck to name, and must not keep the others from it. */
const readable = <Result>(read: () => Result): Result | undefined => {
  try {
    return read()
  } catch (error) {
    if (isMcpdError(error) && error.code !== 'CONTEXT_DAMAGED') throw error
    return undefined
  }
}

const keyIdOf = (column: string): string =>
  `CASE WHEN substr(${column}, 1, 1) = x'01' AND length(${column}) <> 32 THEN CAST(substr(${column}, 2, instr(${column}, x'00') - 2) AS TEXT) ELSE '' END`

/** How many stored pieces are encrypted with which key; '' counts those that are not. Reads all of them. */
export const countByKey = (sql: Sql): Readonly<Record<string, number>> =>
  Object.fromEntries(
    sql
      .all<{ id: string; count: number }>(
        `SELECT id, sum(count) AS count FROM (
           SELECT ${keyIdOf('sealed')} AS id, count(*) AS count FROM contexts WHERE tenant <> '' GROUP BY 1
           UNION ALL SELECT ${keyIdOf('facts')}, count(*) FROM turns GROUP BY 1
           UNION ALL SELECT ${keyIdOf('data')}, count(*) FROM bodies GROUP BY 1
           UNION ALL SELECT ${keyIdOf('data')}, count(*) FROM segments GROUP BY 1
           UNION ALL SELECT ${keyIdOf('fingerprint')}, count(*) FROM idempotency GROUP BY 1) GROUP BY id`,
      )
      .map(({ id, count }) => [id, count]),
  )
