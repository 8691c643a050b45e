import type { Append, ContextKey, Turn } from '../../../../core/context.ts'
import type { Cipher } from '../../encryption/vault.ts'
import { nameOf } from '../../ids.ts'
import { sha256 } from '../hashes.ts'
import { turnsOf, withoutBody, type WritePlan } from '../plan.ts'
import { hashBytes } from '../sqlite/rows.ts'
import type { Sql } from './database.ts'
import type { RevisionRow } from './position.ts'
import { turnColumns, turnOf, type TurnRow } from './rows.ts'

/** What an append has to know of its context. */
export interface Known extends RevisionRow {
  /** Its turns are in a file. */
  readonly archived: boolean
  readonly headExists: boolean
  readonly head: string | null
  /** What was stored under the idempotency key of the append. */
  readonly used?: {
    readonly fingerprint: Buffer
    readonly head: string | null
    readonly turns: readonly string[]
  }
  readonly turns: ReadonlyMap<string, Turn>
}

type KnownRow = TurnRow & {
  readonly context_k: number
  readonly rev: number
  readonly updated_at: number
  readonly archived: boolean
  readonly head_exists: boolean
  readonly head: string | null
  readonly fingerprint: Buffer | null
  readonly used_head: string | null
  readonly used_turns: readonly string[] | null
}

/** Reads it in one statement. Undefined where there is no such context. */
export const readKnown = async (sql: Sql, cipher: Cipher, request: Append): Promise<Known | undefined> => {
  const { tenant, context, head, base, closes, idempotencyKey: key, turns, opens } = request
  const ids = [base, closes, opens?.id, ...turns.map(({ id }) => id)].filter((id) => typeof id === 'string')
  const rows = await sql.all<KnownRow>(
    `SELECT c.k AS context_k, c.rev, c.updated_at, c.archived IS NOT NULL AS archived, h.name IS NOT NULL AS head_exists, h.turn AS head, used.fingerprint,
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
    updated_at: first.updated_at,
    archived: first.archived,
    headExists: first.head_exists,
    head: first.head,
    ...(fingerprint && { used: { fingerprint, head: used_head, turns: used_turns ?? [] } }),
    // A context without any of the turns is one row without a turn.
    turns: new Map(
      rows.filter(({ id }) => (id as string | null) !== null).map((row) => [row.id, turnOf(cipher, row)]),
    ),
  }
}

/** Whatever characters a client's key has, its hash can be kept. */
export const keyBytes = (key: string): Buffer => hashBytes(sha256(Buffer.from(JSON.stringify(key))))

/**
 * What this daemon knows of contexts that it wrote to lately, so that the next append need not read. Another daemon may
 * have written since: the statement that writes compares the revision, and so finds out.
 */
export interface Recollection {
  /** Undefined where something that the append needs is not remembered. */
  recall(request: Append): Known | undefined
  /** After a write that was planned upon `turns`, and what the context is since. */
  learn(request: Append, turns: Known['turns'], plan: WritePlan, now: RevisionRow): void
  forget(key: ContextKey): void
}

interface Remembered extends RevisionRow {
  readonly heads: ReadonlyMap<string, string | null>
  readonly turns: ReadonlyMap<string, Turn>
}

/** Contexts that are remembered; those written to longest ago go first. */
const contextsMax = 10_000
/** Of each context: heads that were moved last, and the turns behind them. */
const headsMax = 4
const turnsMax = 12

export const createRecollection = (): Recollection => {
  const contexts = new Map<string, Remembered>()
  return {
    recall: (request) => {
      const found = contexts.get(nameOf(request))
      const head = found?.heads.get(request.head)
      if (!found || head === undefined) return undefined
      const { closes } = request
      const needed = [head, request.base ?? null, closes ?? null]
      if (closes !== undefined) needed.push(found.turns.get(closes)?.parent ?? null)
      if (needed.some((id) => id !== null && !found.turns.has(id))) return undefined
      const { k, rev, updated_at, turns } = found
      return { k, rev, updated_at, archived: false, headExists: true, head, turns }
    },
    learn: (request, turns, plan, now) => {
      const name = nameOf(request)
      const before = contexts.get(name)
      // Where another daemon has written in between, it may have moved any head.
      const isNext = before?.k === now.k && before.rev + 1 === now.rev
      const heads = new Map(isNext ? before.heads : [])
      heads.delete(request.head)
      heads.set(request.head, plan.head)
      const known = new Map(turns)
      for (const turn of turnsOf(plan).map(withoutBody)) {
        // A turn that was closed stands there anew, as the last.
        known.delete(turn.id)
        known.set(turn.id, turn)
      }
      contexts.delete(name)
      contexts.set(name, {
        k: now.k,
        rev: now.rev,
        updated_at: now.updated_at,
        heads: new Map([...heads].slice(-headsMax)),
        turns: new Map([...known].slice(-turnsMax)),
      })
      const [oldest] = contexts.keys()
      if (contexts.size > contextsMax && oldest !== undefined) contexts.delete(oldest)
    },
    forget: (key) => void contexts.delete(nameOf(key)),
  }
}
