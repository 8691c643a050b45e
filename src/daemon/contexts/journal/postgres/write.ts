import type { Append } from '../../../../core/context.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { failpoint } from '../../failpoint.ts'
import { annotated } from '../annotation.ts'
import { fingerprintOf, turnsOf, type WritePlan } from '../plan.ts'
import { hashBytes } from '../sqlite/rows.ts'
import { aboutColumns, turnValues } from './columns.ts'
import type { Sql } from './database.ts'
import { keyBytes, type Known } from './known.ts'
import type { RevisionRow } from './position.ts'
import { serverNow } from './schema.ts'

/** A planned append. */
export interface Change {
  readonly request: Append
  readonly plan: WritePlan
  /** The context as it was when the append was planned; absent: there was none. */
  readonly known?: Known
}

/** What the fingerprint of an idempotency key is sealed as: it would tell whether a guess is right. */
export const fingerprintPlace = 'fingerprint'

/** Of the contexts of a statement, by the number of each change in it. */
const changeColumns = [
  ['added', 'int'],
  ['tenant', 'text'],
  ['context', 'text'],
  ['head', 'text'],
  ['turn', 'text'],
  ['key', 'bytea'],
  ['fingerprint', 'bytea'],
] as const
/** Of turns: the change they belong to, whether they close an open turn, whether the outbox tells of them, the row. */
const turnColumns = [
  ['change', 'int'],
  ['closes', 'boolean'],
  ['told', 'boolean'],
  ['id', 'text'],
  ['parent', 'text'],
  ['seq', 'int'],
  ['role', 'smallint'],
  ['at', 'bigint'],
  ['state', 'smallint'],
  ['pinned', 'smallint'],
  ['origin', 'text'],
  ['body_hash', 'bytea'],
  ['chain_hash', 'bytea'],
  ['body_bytes', 'int'],
  ['packed', 'smallint'],
  ['data', 'bytea'],
  ['owner', 'bigint'],
  ['words', 'text'],
  ['facts', 'bytea'],
] as const
const placeColumns = [
  ['k', 'bigint'],
  ['rev', 'bigint'],
  ['changed', 'bigint'],
] as const
const saidColumns = [
  ['about', 'text'],
  ['sealed', 'bytea'],
  ['tags', 'text'],
  ['pinned', 'smallint'],
] as const

type Columns = readonly (readonly [name: string, type: string])[]

const unnest = (name: string, columns: Columns, first: number): string =>
  `SELECT * FROM unnest(${columns.map(([, type], at) => `$${first + at}::${type}[]`).join(', ')})
   WITH ORDINALITY AS ${name} (${columns.map(([column]) => column).join(', ')}, n)`

/**
 * Each context as it was read, one change later; nothing where it was changed meanwhile. A database that was set back to
 * a copy of itself counts revisions anew, but not at the same time.
 */
const held = (source: string): string => `
  UPDATE mcpd.contexts AS c SET turns = c.turns + wanted.added, updated_at = ${serverNow}, rev = c.rev + 1
  FROM ${source} WHERE c.k = wanted.k AND c.rev = wanted.rev AND c.updated_at = wanted.changed
  RETURNING c.k, c.rev, c.updated_at, wanted.n`
/** Daemons that change several contexts at once take them in the same order. */
const locked = `
  SELECT wanted.n FROM wanted JOIN mcpd.contexts AS c ON c.k = wanted.k AND c.rev = wanted.rev
  ORDER BY c.k FOR UPDATE OF c`
/** A new context; nothing where somebody else has made it meanwhile. */
const made = `
  INSERT INTO mcpd.contexts (turns, tenant, context, about, sealed, tags, pinned, created_at, updated_at)
  SELECT added, tenant, context, about, sealed, tags::jsonb, pinned, ${serverNow}, ${serverNow} FROM wanted
  ON CONFLICT (tenant, context) DO NOTHING RETURNING k, rev, updated_at, 1::bigint AS n`

const statement = (columns: Columns, contexts: string): string => `
  WITH wanted AS MATERIALIZED (${unnest('wanted', columns, 1)}),
  turn AS MATERIALIZED (${unnest('turn', turnColumns, 1 + columns.length)}),
  ${contexts},
  closed AS (
    UPDATE mcpd.turns SET at = turn.at, state = turn.state, pinned = turn.pinned, origin = turn.origin,
      body_hash = turn.body_hash, chain_hash = turn.chain_hash, body_bytes = turn.body_bytes, packed = turn.packed,
      data = turn.data, owner = turn.owner, words = turn.words::tsvector, facts = turn.facts
    FROM held JOIN turn ON turn.change = held.n WHERE turns.k = held.k AND turns.id = turn.id AND turn.closes),
  added AS (
    INSERT INTO mcpd.turns (k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes,
      packed, data, owner, words, facts)
    SELECT held.k, id, parent, seq, role, at, state, pinned, origin, body_hash, chain_hash, body_bytes, packed, data,
      owner, words::tsvector, facts FROM held JOIN turn ON turn.change = held.n WHERE NOT closes ORDER BY turn.n),
  moved AS (
    INSERT INTO mcpd.heads (k, name, turn) SELECT held.k, wanted.head, wanted.turn FROM held JOIN wanted USING (n)
    ON CONFLICT (k, name) DO UPDATE SET turn = excluded.turn),
  remembered AS (
    INSERT INTO mcpd.idempotency (k, key, fingerprint, head, turns, at)
    SELECT held.k, wanted.key, wanted.fingerprint, wanted.turn,
      ARRAY(SELECT id FROM turn WHERE change = held.n ORDER BY turn.n), ${serverNow}
    FROM held JOIN wanted USING (n) WHERE wanted.key IS NOT NULL),
  told AS (
    INSERT INTO mcpd.outbox (event, tenant, context, turns)
    SELECT 'appended', wanted.tenant, wanted.context,
      ARRAY(SELECT id FROM turn WHERE change = held.n AND told ORDER BY turn.n)
    FROM held JOIN wanted USING (n) WHERE EXISTS (SELECT 1 FROM mcpd.consumers)
    AND EXISTS (SELECT 1 FROM turn WHERE change = held.n AND told) ORDER BY held.n)
  SELECT k, rev, updated_at, n FROM held`

const texts = {
  one: statement([...changeColumns, ...placeColumns], `held AS (${held('wanted')})`),
  several: statement(
    [...changeColumns, ...placeColumns],
    `locked AS MATERIALIZED (${locked}), held AS (${held('wanted JOIN locked USING (n)')})`,
  ),
  made: statement([...changeColumns, ...saidColumns], `held AS (${made})`),
}

type Written = RevisionRow & { readonly n: number }

/**
 * Writes changes of contexts in one statement, which is one transaction: all are written, or, where it throws, none.
 * Resolves with what each context is now; undefined for one that has changed since it was read.
 */
export const writeChanges = async (
  sql: Sql,
  vault: Vault,
  fence: number,
  changes: readonly Change[],
): Promise<readonly (RevisionRow | undefined)[]> => {
  const kind = changes.length > 1 ? 'several' : changes[0]?.known ? 'one' : 'made'
  const ciphers = changes.map(({ request }) => vault.of({ tenant: request.tenant, context: request.context }))
  const values = [
    ...transposed(
      changes.map((change, at) => changeValues(ciphers[at]!, change)),
      changeColumns,
    ),
    ...(kind === 'made'
      ? transposed(
          changes.map(({ request }, at) =>
            aboutColumns(vault, ciphers[at]!, annotated({}, request.about ?? {})),
          ),
          saidColumns,
        )
      : transposed(
          changes.map(({ known }) => [known?.k, known?.rev, known?.updated_at]),
          placeColumns,
        )),
    ...transposed(
      changes.flatMap((change, at) => turnRows(ciphers[at]!, change, at + 1, fence)),
      turnColumns,
    ),
  ]
  failpoint('before-commit')
  const rows = await sql.all<Written>(texts[kind], values, `append-${kind}`)
  failpoint('after-commit')
  const written = new Map(rows.map((row) => [row.n, row]))
  return changes.map((_, at) => written.get(at + 1))
}

/** Rows as the columns of the statement. */
const transposed = (
  rows: readonly (readonly unknown[])[],
  columns: Columns,
): readonly (readonly unknown[])[] => columns.map((_, at) => rows.map((row) => row[at]))

const changeValues = (cipher: Cipher, { request, plan }: Change): readonly unknown[] => {
  const { tenant, context, head, closes, idempotencyKey: key } = request
  return [
    turnsOf(plan).length - (closes === undefined ? 0 : 1),
    tenant,
    context,
    head,
    plan.head,
    key === undefined ? null : keyBytes(key),
    key === undefined ? null : cipher.seal(fingerprintPlace, hashBytes(fingerprintOf(request))),
  ]
}

const turnRows = (
  cipher: Cipher,
  { request, plan }: Change,
  change: number,
  fence: number,
): readonly (readonly unknown[])[] =>
  turnsOf(plan).map((turn, at) => [
    change,
    at === 0 && request.closes !== undefined,
    turn !== plan.opened,
    ...turnValues(cipher, turn, fence),
  ])
