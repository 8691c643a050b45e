import type { StoredTurn } from '../../../../core/context.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import type { SearchHit, SearchQuery } from '../../../../core/journal.ts'
import { hitOf, scan, type ScanStep, scanStepTurns } from '../../encryption/scan.ts'
import type { Vault } from '../../encryption/vault.ts'
import { phrasesOf } from '../../search-text.ts'
import { streamingState } from '../sqlite/rows.ts'
import type { Sql } from './database.ts'
import { bodyColumns, type BodyReader, type BodyRow, readSegments, turnOf } from './rows.ts'
import { allOf } from './words.ts'

type FoundRow = BodyRow & { readonly context: string; readonly t: number }

/** Turns that are read in one step; a segment has 32 at most. */
const turnsStep = 512
const segmentsStep = 16
/** Steps of one search, through turns and through segments. */
const stepsMax = 64

/**
 * Turns with all words of a query, the best first. The database knows which unsealed turns and which segments have the
 * words; they are read, the newest first, until there is enough to answer.
 */
export const search = async (sql: Sql, vault: Vault, query: SearchQuery): Promise<readonly SearchHit[]> => {
  // Words are not written where bodies are encrypted: they would say what is in them.
  if (vault.seals) return scan(query, (before) => scanStep(sql, vault, query, before))
  const phrases = phrasesOf(query.text)
  if (phrases.length === 0) return []
  const hits: SearchHit[] = []
  for (const look of [looseStep, segmentStep]) {
    let before: number | undefined
    for (let step = 0; step < stepsMax && hits.length < query.limit; step += 1) {
      const { rows, next } = await look(sql, query, allOf(phrases), before ?? null)
      hits.push(...(await hitsOf(sql, vault, query, rows)))
      if (next === undefined) break
      before = next
    }
  }
  return hits.toSorted((left, right) => right.score - left.score).slice(0, query.limit)
}

/** Turns that may have the words, before a number; `next` where there may be more. */
type Look = (
  sql: Sql,
  query: SearchQuery,
  words: string,
  before: number | null,
) => Promise<{ readonly rows: readonly FoundRow[]; readonly next?: number | undefined }>

const looseStep: Look = async (sql, { tenant, context = null }, words, before) => {
  const rows = await sql.all<FoundRow>(
    `SELECT ${bodyColumns}, turns.t, c.context FROM mcpd.turns JOIN mcpd.contexts AS c USING (k)
     WHERE turns.words @@ $1::tsquery AND c.tenant = $2 AND ($3::text IS NULL OR c.context = $3)
     AND ($4::bigint IS NULL OR turns.t < $4) ORDER BY turns.t DESC LIMIT ${turnsStep}`,
    [words, tenant, context, before],
  )
  return { rows, ...(rows.length === turnsStep && { next: rows.at(-1)?.t }) }
}

const segmentStep: Look = async (sql, { tenant, context = null }, words, before) => {
  const segments = await sql.all<{ s: number }>(
    `SELECT s FROM mcpd.segments JOIN mcpd.contexts AS c USING (k)
     WHERE segments.words @@ $1::tsquery AND c.tenant = $2 AND ($3::text IS NULL OR c.context = $3)
     AND ($4::bigint IS NULL OR s < $4) ORDER BY s DESC LIMIT ${segmentsStep}`,
    [words, tenant, context, before],
  )
  const rows = await sql.all<FoundRow>(
    `SELECT ${bodyColumns}, turns.t, c.context FROM mcpd.segments
     JOIN mcpd.turns ON turns.k = segments.k AND turns.s = segments.s JOIN mcpd.contexts AS c ON c.k = segments.k
     WHERE segments.s = ANY ($1::bigint[]) AND c.tenant = $2`,
    [segments.map(({ s }) => s), tenant],
  )
  return { rows, ...(segments.length === segmentsStep && { next: segments.at(-1)?.s }) }
}

const hitsOf = async (
  sql: Sql,
  vault: Vault,
  query: SearchQuery,
  rows: readonly FoundRow[],
): Promise<readonly SearchHit[]> => {
  const read = await readSegments(sql, rows)
  return rows.flatMap((row) => {
    const turn = readable(vault, query.tenant, row, read)
    return (turn && hitOf(query, row.context, turn)) ?? []
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
  const rows = await sql.all<FoundRow>(
    `SELECT ${bodyColumns}, turns.t, c.context FROM mcpd.turns JOIN mcpd.contexts AS c USING (k)
     WHERE c.tenant = $1 AND ($2::text IS NULL OR c.context = $2) AND ($3::bigint IS NULL OR turns.t < $3)
     AND turns.state <> $4 ORDER BY turns.t DESC LIMIT ${scanStepTurns}`,
    [tenant, context ?? null, before ?? null, streamingState],
  )
  const last = rows.at(-1)?.t
  return {
    seen: rows.length,
    hits: await hitsOf(sql, vault, query, rows),
    ...(last !== undefined && rows.length === scanStepTurns && { next: last }),
  }
}
