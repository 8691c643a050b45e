import type { ContextKey } from '../../../../core/context.ts'
import type { PathEnd, Position } from '../../../../core/journal.ts'
import { openFacts } from '../../encryption/facts.ts'
import type { Cipher, Vault } from '../../encryption/vault.ts'
import { hashText } from '../sqlite/rows.ts'
import { damaged } from '../verify.ts'
import type { Sql } from './database.ts'

/** A row of `contexts` as far as it changes with every change of the context. */
export interface RevisionRow {
  readonly k: number
  readonly rev: number
  readonly updated_at: number
}

/**
 * The number of the context is in it, for a context that is deleted and made again counts anew, and the time, for a
 * database that was set back to a copy of itself does too.
 */
export const revisionOf = ({ k, rev, updated_at }: RevisionRow): string => `${k}.${rev}.${updated_at}`

interface PositionRow extends RevisionRow {
  /** Null where a head has no turns. */
  readonly turn: string | null
  /** Null where the turn is missing. */
  readonly seq: number | null
  readonly chain_hash: Buffer | null
  readonly facts: Buffer | null
}

const columns = 'c.k, c.rev, c.updated_at, turns.seq, turns.chain_hash, turns.facts'

export const readPosition = async (
  sql: Sql,
  vault: Vault,
  key: ContextKey,
  end: PathEnd,
): Promise<Position | undefined> => {
  const { tenant, context } = key
  const row =
    'turn' in end
      ? await sql.get<PositionRow>(
          `SELECT ${columns}, turns.id AS turn FROM mcpd.contexts AS c JOIN mcpd.turns ON turns.k = c.k
           WHERE c.tenant = $1 AND c.context = $2 AND turns.id = $3`,
          [tenant, context, end.turn],
          'position-turn',
        )
      : await sql.get<PositionRow>(
          `SELECT ${columns}, h.turn FROM mcpd.contexts AS c JOIN mcpd.heads AS h ON h.k = c.k
           LEFT JOIN mcpd.turns ON turns.k = h.k AND turns.id = h.turn
           WHERE c.tenant = $1 AND c.context = $2 AND h.name = $3`,
          [tenant, context, end.head],
          'position-head',
        )
  if (!row) return undefined
  const { turn, seq } = row
  const revision = revisionOf(row)
  if (turn === null) return { revision, end: null, length: 0, chainHash: null }
  const chainHash = chainHashOf(vault.of({ tenant, context }), turn, row)
  if (seq === null || chainHash === null)
    throw damaged(key, `a head leads to the turn ${turn}, which is missing`)
  return { revision, end: turn, length: seq, chainHash }
}

const chainHashOf = (cipher: Cipher, turn: string, { facts, chain_hash }: PositionRow): string | null =>
  facts ? openFacts(cipher, turn, facts).chainHash : chain_hash && hashText(chain_hash)
