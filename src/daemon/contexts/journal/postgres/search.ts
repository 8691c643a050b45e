import type { StoredTurn } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import type { SearchHit, SearchQuery } from '../../../../core/journal.ts'
import { hitOf, scan, type ScanStep, scanStepTurns } from '../../encryption/scan.ts'
import type { Vault } from '../../encryption/vault.ts'
import { excerptOf, phrasesOf } from '../../search-text.ts'
import { streamingState } from '../sqlite/rows.ts'
import type { Sql } from './database.ts'
import { bodyColumns, type BodyReader, type BodyRow, readSegments, turnOf } from './rows.ts'
import { queryOf } from './words.ts'

type HitRow = BodyRow & { readonly context: string; readonly score: number }

export const search = async (sql: Sql, vault: Vault, query: SearchQuery): Promise<readonly SearchHit[]> => {
  // Words are not written where bodies are encrypted: they would say what is in them.
  if (vault.seals) return scan(query, (before) => scanStep(sql, vault, query, before))
  const { tenant, text, context, limit } = query
  const phrases = phrasesOf(text)
  if (phrases.length === 0) return []
  const rows = await sql.all<HitRow>(
    `SELECT ${bodyColumns}, c.context, ts_rank(turns.words, $1::tsquery) AS score
     FROM mcpd.turns JOIN mcpd.contexts AS c USING (k)
     WHERE turns.words @@ $1::tsquery AND c.tenant = $2 AND ($3::text IS NULL OR c.context = $3)
     ORDER BY score DESC LIMIT $4`,
    [queryOf(phrases), tenant, context ?? null, limit],
  )
  const read = await readSegments(sql, rows)
  return rows.flatMap((row) => {
    const turn = readable(vault, tenant, row, read)
    if (!turn) return []
    const { context, score } = row
    const { body, ...rest } = turn
    return [{ tenant, context, turn: rest, score, excerpt: excerptOf(body, phrases) }]
  })
}

/** A damaged body is not found by its words; fsck names it. One whose key is missing is said to be so. */
const readable = (
  vault: Vault,
  tenant: string,
  row: BodyRow & { readonly context: string },
  read: BodyReader,
): StoredTurn | undefined => {
  try {
    const cipher = vault.of({ tenant, context: row.context })
    const turn = turnOf(cipher, row)
    const body = read(cipher, row, turn)
    return body && { ...turn, body }
  } catch (error) {
    if (isMcpdError(error) && error.code === 'CONFIG_INVALID') throw error
    return undefined
  }
}

const scanStep = async (
  sql: Sql,
  vault: Vault,
  query: SearchQuery,
  before: number | undefined,
): Promise<ScanStep> => {
  const { tenant, context } = query
  const rows = await sql.all<BodyRow & { readonly context: string; readonly t: number }>(
    `SELECT ${bodyColumns}, turns.t, c.context FROM mcpd.turns JOIN mcpd.contexts AS c USING (k)
     WHERE c.tenant = $1 AND ($2::text IS NULL OR c.context = $2) AND ($3::bigint IS NULL OR turns.t < $3)
     AND turns.state <> $4 ORDER BY turns.t DESC LIMIT ${scanStepTurns}`,
    [tenant, context ?? null, before ?? null, streamingState],
  )
  const read = await readSegments(sql, rows)
  const last = rows.at(-1)?.t
  return {
    seen: rows.length,
    hits: rows.flatMap((row) => {
      const turn = readable(vault, tenant, row, read)
      return (turn && hitOf(query, row.context, turn)) ?? []
    }),
    ...(last !== undefined && rows.length === scanStepTurns && { next: last }),
  }
}
