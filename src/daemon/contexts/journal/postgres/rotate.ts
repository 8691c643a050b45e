import type { ContextKey } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { readAbout } from '../../encryption/about.ts'
import { bodyPlace, sealFacts } from '../../encryption/facts.ts'
import { type Cipher, headerOf, isSealed, noKey, type Vault } from '../../encryption/vault.ts'
import { hashBytes, hashText } from '../sqlite/rows.ts'
import { fingerprintPlace } from './write.ts'
import { aboutColumns } from './columns.ts'
import type { Archive } from './archive.ts'
import type { Database, Sql } from './database.ts'
import { bodyColumns, type BodyRow, segmentPlace, turnOf } from './rows.ts'

/** Rows of one short transaction. */
const turnsStep = 200
const segmentsStep = 16

/** The contexts of one rotation, in the order of their numbers. */
interface Place {
  readonly database: Database
  readonly vault: Vault
  readonly cipher: Cipher
  readonly k: number
  /** What everything begins with that needs no change. */
  readonly header: Buffer
}

/** Does what `Journal.rotate` says. */
export const rotate = async (
  database: Database,
  vault: Vault,
  archive: Pick<Archive, 'rotate'>,
  signal?: AbortSignal,
): Promise<number> => {
  if (!vault.seals) throw noKey()
  let rows = 0
  for (let after: number | undefined = 0; after !== undefined;) {
    signal?.throwIfAborted()
    const step: Awaited<ReturnType<typeof rotateContext>> = await rotateContext(
      database,
      vault,
      archive,
      after,
      signal,
    )
    rows += step.rows
    after = step.next
  }
  return rows
}

/**
 * Encrypts everything of the context after the number `after` with the key that encrypts now, unless it is already.
 * Resolves with how many rows that were, and the number to go on after.
 */
const rotateContext = async (
  database: Database,
  vault: Vault,
  archive: Pick<Archive, 'rotate'>,
  after: number,
  signal?: AbortSignal,
): Promise<{ readonly rows: number; readonly next?: number }> => {
  const { keyId } = vault
  if (keyId === undefined) return { rows: 0 }
  const context = await database.get<ContextKey & { readonly k: number }>(
    "SELECT k, tenant, context FROM mcpd.contexts WHERE k > $1 AND tenant <> '' ORDER BY k LIMIT 1",
    [after],
  )
  if (!context) return { rows: 0 }
  const { k, tenant, context: name } = context
  const cipher = vault.of({ tenant, context: name })
  const place: Place = { database, vault, cipher, k, header: headerOf(keyId) }
  let rows = (await rotateAbout(place)) + (await archive.rotate(cipher.key))
  for (const pages of [segmentPage, turnPage, keyPage]) {
    let last: string | undefined
    do {
      signal?.throwIfAborted()
      const page = await database.transaction((sql) => pages(sql, place, last ?? '0'))
      rows += page.rows
      last = page.last
    } while (last !== undefined)
  }
  return { rows, next: k }
}

const rotateAbout = ({ database, vault, cipher, k, header }: Place): Promise<number> =>
  database.transaction(async (sql) => {
    const row = await sql.get<{ about: string; sealed: Buffer | null }>(
      'SELECT about, sealed FROM mcpd.contexts WHERE k = $1 FOR UPDATE',
      [k],
    )
    if (!row || row.sealed?.subarray(0, header.length).equals(header)) return 0
    const about = await readable(async () => readAbout(cipher, row))
    if (!about) return 0
    await sql.all(
      'UPDATE mcpd.contexts SET about = $2, sealed = $3, tags = $4::jsonb, pinned = $5 WHERE k = $1',
      [k, ...aboutColumns(vault, cipher, about)],
    )
    return 1
  })

interface Page {
  readonly rows: number
  /** Where the next page begins; absent: there is none. */
  readonly last?: string
}

type RotatePage = (sql: Sql, place: Place, after: string) => Promise<Page>

const segmentPage: RotatePage = async (sql, { cipher, k, header }, after) => {
  const found = await sql.all<{ s: number; hash: Buffer; data: Buffer }>(
    `SELECT s, hash, data FROM mcpd.segments WHERE k = $1 AND s > $2::bigint
     AND substring(data FROM 1 FOR length($3::bytea)) <> $3 ORDER BY s LIMIT ${segmentsStep}`,
    [k, after, header],
  )
  let rows = 0
  for (const { s, hash, data } of found) {
    const raw = await readable(async () => cipher.open(segmentPlace(hash), data))
    if (!raw) continue
    // A hash would tell whether a guess is right; a name by an old key tells nobody anything.
    const name = isSealed(data) ? hash : hashBytes(cipher.nameOf(hashText(hash)))
    await sql.all('UPDATE mcpd.segments SET hash = $2, data = $3, words = NULL WHERE s = $1', [
      s,
      name,
      cipher.seal(segmentPlace(name), raw),
    ])
    rows += 1
  }
  const last = found.at(-1)?.s
  return { rows, ...(last !== undefined && { last: String(last) }) }
}

const turnPage: RotatePage = async (sql, { cipher, k, header }, after) => {
  // In the order in which they are sealed into segments; open turns wait for their answers in between.
  const found = await sql.all<BodyRow & { readonly t: number }>(
    `SELECT ${bodyColumns}, turns.t FROM mcpd.turns WHERE turns.k = $1 AND turns.t > $2::bigint
     AND (turns.facts IS NULL OR substring(turns.facts FROM 1 FOR length($3::bytea)) <> $3
       OR substring(turns.data FROM 1 FOR length($3::bytea)) <> $3) ORDER BY turns.t LIMIT ${turnsStep} FOR UPDATE`,
    [k, after, header],
  )
  const made: { readonly id: string; readonly facts: Buffer | undefined; readonly data: Buffer | null }[] = []
  for (const row of found) {
    const anew = await readable(async () => {
      const turn = turnOf(cipher, row)
      const at = bodyPlace(turn.bodyHash)
      const data = row.data && cipher.seal(at, cipher.open(at, row.data))
      return { id: row.id, facts: sealFacts(cipher, row.id, turn), data }
    })
    if (anew) made.push(anew)
  }
  await sql.all(
    `UPDATE mcpd.turns SET facts = made.facts, data = made.data, body_hash = NULL, chain_hash = NULL, origin = NULL,
       words = NULL
     FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS made (id, facts, data) WHERE turns.k = $1 AND turns.id = made.id`,
    [k, made.map(({ id }) => id), made.map(({ facts }) => facts), made.map(({ data }) => data)],
  )
  const last = found.at(-1)?.t
  return { rows: made.length, ...(last !== undefined && { last: String(last) }) }
}

/** Fingerprints of idempotency keys; they are few, for they are kept for a day. */
const keyPage: RotatePage = async (sql, { cipher, k, header }) => {
  const found = await sql.all<{ key: Buffer; fingerprint: Buffer }>(
    `SELECT key, fingerprint FROM mcpd.idempotency
     WHERE k = $1 AND substring(fingerprint FROM 1 FOR length($2::bytea)) <> $2 FOR UPDATE`,
    [k, header],
  )
  for (const { key, fingerprint } of found)
    await sql.all('UPDATE mcpd.idempotency SET fingerprint = $3 WHERE k = $1 AND key = $2', [
      k,
      key,
      cipher.seal(fingerprintPlace, cipher.open(fingerprintPlace, fingerprint)),
    ])
  return { rows: found.length }
}

/** Undefined for what is damaged: it stays as it is, for fsck to name, and must not keep the others from it. */
const readable = async <Result>(read: () => Promise<Result>): Promise<Result | undefined> => {
  try {
    return await read()
  } catch (error) {
    if (isMcpdError(error) && error.code === 'CONTEXT_DAMAGED') return undefined
    throw error
  }
}

const keyIdOf = (column: string): string =>
  `CASE WHEN substring(${column} FROM 1 FOR 1) = '\\x01' AND length(${column}) <> 32
   THEN convert_from(substring(${column} FROM 2 FOR position('\\x00'::bytea IN ${column}) - 2), 'UTF8') ELSE '' END`

/** How many stored pieces are encrypted with which key; '' counts those that are not. Reads all of them. */
export const countByKey = async (sql: Sql): Promise<Readonly<Record<string, number>>> => {
  const rows = await sql.all<{ id: string; count: number }>(
    `SELECT id, sum(count)::bigint AS count FROM (
       SELECT ${keyIdOf('sealed')} AS id, count(*) AS count FROM mcpd.contexts WHERE tenant <> '' GROUP BY 1
       UNION ALL SELECT archived ->> 'key', count(*) FROM mcpd.contexts WHERE archived IS NOT NULL GROUP BY 1
       UNION ALL SELECT ${keyIdOf('facts')}, count(*) FROM mcpd.turns GROUP BY 1
       UNION ALL SELECT ${keyIdOf('data')}, count(*) FROM mcpd.turns WHERE data IS NOT NULL GROUP BY 1
       UNION ALL SELECT ${keyIdOf('data')}, count(*) FROM mcpd.segments GROUP BY 1
       UNION ALL SELECT ${keyIdOf('fingerprint')}, count(*) FROM mcpd.idempotency GROUP BY 1) AS pieces GROUP BY id`,
  )
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]))
}
