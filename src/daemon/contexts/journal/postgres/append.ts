import type { Append, Appended, ContextKey, StoredTurn } from '../../../../core/context.ts'
import { failpoint } from '../../failpoint.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { annotated } from '../annotation.ts'
import { sha256 } from '../hashes.ts'
import {
  fingerprintOf,
  keyReused,
  planAppend,
  type PlanOptions,
  withoutBody,
  type WritePlan,
} from '../plan.ts'
import { contradicts, existsAlready } from '../refusals.ts'
import { hashBytes, hashText } from '../sqlite/rows.ts'
import { aboutColumns, columnsOf } from './columns.ts'
import type { Sql } from './database.ts'
import { unavailable } from './failure.ts'
import { type RevisionRow, revisionOf } from './position.ts'
import { turnColumns, turnOf, type TurnRow } from './rows.ts'
import { serverNow } from './schema.ts'
import type { PathTip } from './seal.ts'

/** Of a daemon that writes. */
export interface Writer {
  readonly newId: PlanOptions['newId']
  /** Unix milliseconds. */
  readonly now: () => number
  /** Names the run of this daemon in the turns that it opens. */
  readonly fence: () => number
  /** Called with a path that may have become long enough to be sealed. */
  readonly ripened: (tip: PathTip) => void
  readonly vault: Vault
}

/** What an append has to know, read in one statement. */
interface Known {
  readonly k: number
  readonly rev: number
  readonly updatedAt: number
  readonly headExists: boolean
  readonly head: string | null
  readonly used?: {
    readonly fingerprint: Buffer
    readonly head: string | null
    readonly turns: readonly string[]
  }
  readonly turns: ReadonlyMap<string, TurnRow>
}

/** So often an append is planned anew because another daemon was faster. */
const attemptsMax = 100

/**
 * Does what `Journal.append` says: reads what there is in one statement, and writes in another one, which does nothing
 * if the context has changed in between.
 */
export const append = async (sql: Sql, writer: Writer, request: Append): Promise<Appended> => {
  const cipher = writer.vault.of(keyOf(request))
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const known = await readKnown(sql, request)
    const repeated = known?.used && repeatedOf(cipher, request, known, known.used)
    if (repeated) return repeated
    const plan = planAppend(
      request,
      {
        exists: known !== undefined,
        head: known?.headExists ? known.head : undefined,
        turn: (id) => {
          const row = known?.turns.get(id)
          return row && turnOf(cipher, row)
        },
      },
      { now: writer.now(), newId: writer.newId },
    )
    if (plan.outcome === 'conflict') return plan
    const now = await write(sql, writer, request, plan, known)
    if (now) {
      const turns = plan.opened ? [...plan.turns, plan.opened] : plan.turns
      if (isRipe(turns)) writer.ripened({ k: now.k, turn: turns.at(-1)?.id ?? '' })
      const from = known ? revisionOf({ ...known, updated_at: known.updatedAt }) : null
      const revisions = { from, to: revisionOf(now) }
      return { outcome: 'ok', head: plan.head, turns: turns.map(withoutBody), revisions }
    }
  }
  throw unavailable('too many write to the same context')
}

const keyOf = ({ tenant, context }: Append): ContextKey => ({ tenant, context })

/** Paths are looked at when they get past so many places, or with so many bytes at once. */
const lookEveryTurns = 16
const lookBytes = 16 * 1024

const isRipe = (turns: readonly StoredTurn[]): boolean => {
  const [first] = turns
  const last = turns.at(-1)
  if (!first || !last) return false
  const places = Math.floor(last.seq / lookEveryTurns) - Math.floor((first.seq - 1) / lookEveryTurns)
  return places > 0 || turns.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) >= lookBytes
}

/** Does what `Journal.restore` says. In a transaction, which an error must undo. */
export const restore = async (sql: Sql, writer: Writer, appends: readonly Append[]): Promise<void> => {
  const [first] = appends
  if (!first) return
  if (await readKnown(sql, first)) throw existsAlready(first)
  for (const request of appends)
    if ((await append(sql, writer, request)).outcome !== 'ok') throw contradicts(first)
}

type KnownRow = TurnRow & {
  readonly context_k: number
  readonly rev: number
  readonly updated_at: number
  readonly head_exists: boolean
  readonly head: string | null
  readonly fingerprint: Buffer | null
  readonly used_head: string | null
  readonly used_turns: readonly string[] | null
}

const readKnown = async (sql: Sql, request: Append): Promise<Known | undefined> => {
  const { tenant, context, head, base, closes, idempotencyKey: key, turns, opens } = request
  const ids = [base, closes, opens?.id, ...turns.map(({ id }) => id)].filter((id) => typeof id === 'string')
  const rows = await sql.all<KnownRow>(
    `SELECT c.k AS context_k, c.rev, c.updated_at, h.name IS NOT NULL AS head_exists, h.turn AS head, used.fingerprint,
       used.head AS used_head, used.turns AS used_turns, found.*
     FROM mcpd.contexts AS c
     LEFT JOIN mcpd.heads AS h ON h.k = c.k AND h.name = $3
     LEFT JOIN mcpd.idempotency AS used ON used.k = c.k AND used.key = $4
     LEFT JOIN LATERAL (
       SELECT ${turnColumns} FROM mcpd.turns WHERE turns.k = c.k AND turns.id IN (
         SELECT unnest($5::text[]) UNION SELECT h.turn UNION SELECT unnest(used.turns)
         UNION SELECT open.parent FROM mcpd.turns AS open WHERE open.k = c.k AND open.id = $6)) AS found ON true
     WHERE c.tenant = $1 AND c.context = $2 ORDER BY found.seq`,
    [tenant, context, head, key === undefined ? null : keyBytes(key), ids, closes ?? null],
    'append-known',
  )
  const [first] = rows
  if (!first) return undefined
  const { fingerprint, used_head, used_turns } = first
  return {
    k: first.context_k,
    rev: first.rev,
    updatedAt: first.updated_at,
    headExists: first.head_exists,
    head: first.head,
    ...(fingerprint && { used: { fingerprint, head: used_head, turns: used_turns ?? [] } }),
    // A context without any of the turns is one row without a turn.
    turns: new Map(rows.filter(({ id }) => (id as string | null) !== null).map((row) => [row.id, row])),
  }
}

/** What the fingerprint of an idempotency key is sealed as: it would tell whether a guess is right. */
export const fingerprintPlace = 'fingerprint'

/** Whatever characters a client's key has, its hash can be kept. */
const keyBytes = (key: string): Buffer => hashBytes(sha256(Buffer.from(JSON.stringify(key))))

const repeatedOf = (
  cipher: Cipher,
  request: Append,
  known: Known,
  used: NonNullable<Known['used']>,
): Appended => {
  if (hashText(cipher.open(fingerprintPlace, used.fingerprint)) !== fingerprintOf(request))
    throw keyReused(request)
  const turns = used.turns.flatMap((id) => known.turns.get(id) ?? []).map((row) => turnOf(cipher, row))
  return { outcome: 'duplicate', head: used.head, turns }
}

/** The context as it was read, one change later; nothing where it was changed meanwhile. */
const held = `
  UPDATE mcpd.contexts SET turns = turns + $1, updated_at = ${serverNow}, rev = rev + 1
  WHERE k = $24 AND rev = $25 RETURNING k, rev, updated_at`
/** A new context; nothing where somebody else has made it meanwhile. */
const made = `
  INSERT INTO mcpd.contexts (turns, tenant, context, about, sealed, tags, pinned, created_at, updated_at)
  VALUES ($1, $2, $3, $24, $25, $26::jsonb, $27, ${serverNow}, ${serverNow})
  ON CONFLICT (tenant, context) DO NOTHING RETURNING k, rev, updated_at`

const writing = (context: string): string => `
  WITH held AS (${context}),
  made AS (
    SELECT * FROM unnest($8::text[], $9::text[], $10::int[], $11::smallint[], $12::bigint[], $13::smallint[],
      $14::smallint[], $15::text[], $16::bytea[], $17::bytea[], $18::int[], $19::smallint[], $20::bytea[], $21::bigint[],
      $22::text[], $23::bytea[])
    WITH ORDINALITY AS made (id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes, packed,
      data, owner, words, facts, place)),
  closed AS (
    UPDATE mcpd.turns SET at = made.at, state = made.state, pinned = made.pinned, origin = made.origin,
      body_hash = made.body_hash, chain_hash = made.chain_hash, body_bytes = made.body_bytes, packed = made.packed,
      data = made.data, owner = made.owner, words = made.words::tsvector, facts = made.facts
    FROM held, made WHERE turns.k = held.k AND turns.id = made.id AND made.place <= $7),
  added AS (
    INSERT INTO mcpd.turns (k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes,
      packed, data, owner, words, facts)
    SELECT held.k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes, packed, data,
      owner, words::tsvector, facts FROM held, made WHERE place > $7 ORDER BY place),
  moved AS (
    INSERT INTO mcpd.heads (k, name, turn) SELECT k, $4, $5 FROM held
    ON CONFLICT (k, name) DO UPDATE SET turn = excluded.turn),
  told AS (
    INSERT INTO mcpd.outbox (event, tenant, context, turns)
    SELECT 'appended', $2, $3, $6 FROM held WHERE cardinality($6::text[]) > 0 AND EXISTS (SELECT 1 FROM mcpd.consumers))
  SELECT k, rev, updated_at FROM held`

const writeTexts = { held: writing(held), made: writing(made) }

/** One statement, which is one transaction. Resolves with what the context is now; undefined where it has changed since it was read. */
const write = async (
  sql: Sql,
  writer: Writer,
  request: Append,
  plan: WritePlan,
  known: Known | undefined,
): Promise<RevisionRow | undefined> => {
  const { tenant, context, head, closes, about = {} } = request
  const turns = plan.opened ? [...plan.turns, plan.opened] : plan.turns
  const replaced = closes === undefined ? 0 : 1
  const cipher = writer.vault.of(keyOf(request))
  const columns = columnsOf(cipher, turns, writer.fence())
  const values = [
    turns.length - replaced,
    tenant,
    context,
    head,
    plan.head,
    plan.turns.map(({ id }) => id),
    replaced,
    ...columns,
  ]
  const kind = known ? 'held' : 'made'
  const said = annotated({}, about)
  const place = known ? [known.k, known.rev] : aboutColumns(writer.vault, cipher, said)
  const used = usedKey(cipher, request, plan, turns, values.length + place.length)
  failpoint('before-commit')
  const row = await sql.get<RevisionRow>(
    used ? writeTexts[kind].replace(/,\s+told AS/, `${used.text}$&`) : writeTexts[kind],
    [...values, ...place, ...(used?.values ?? [])],
    `append-${kind}${used ? '-once' : ''}`,
  )
  failpoint('after-commit')
  return row
}

/** What is written beside where the append has an idempotency key; `before` values come before its own. */
const usedKey = (
  cipher: Cipher,
  request: Append,
  plan: WritePlan,
  turns: readonly StoredTurn[],
  before: number,
) => {
  const { idempotencyKey: key } = request
  if (key === undefined) return undefined
  const [k, fingerprint, head, ids] = [1, 2, 3, 4].map((number) => `$${before + number}`)
  return {
    text: `,
  remembered AS (
    INSERT INTO mcpd.idempotency (k, key, fingerprint, head, turns, at)
    SELECT held.k, ${k}, ${fingerprint}, ${head}, ${ids}::text[], ${serverNow} FROM held)`,
    values: [
      keyBytes(key),
      cipher.seal(fingerprintPlace, hashBytes(fingerprintOf(request))),
      plan.head,
      turns.map(({ id }) => id),
    ],
  }
}
