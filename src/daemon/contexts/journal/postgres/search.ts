import type { SearchHit, SearchQuery } from '../../../../core/journal.ts'
import { excerptOf, phrasesOf } from '../../search-text.ts'
import type { Sql } from './database.ts'
import { bodyColumns, type BodyRow, readSegments, turnOf } from './rows.ts'
import { queryOf } from './words.ts'

type HitRow = BodyRow & { readonly context: string; readonly score: number }

export const search = async (
  sql: Sql,
  { tenant, text, context, limit }: SearchQuery,
): Promise<readonly SearchHit[]> => {
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
    const body = readable(row, read)
    if (!body) return []
    const { context, score } = row
    return [{ tenant, context, turn: turnOf(row), score, excerpt: excerptOf(body, phrases) }]
  })
}

/** A damaged body is not found by its words; fsck names it. */
const readable = (row: BodyRow, read: (row: BodyRow) => Buffer | undefined): Buffer | undefined => {
  try {
    return read(row)
  } catch {
    return undefined
  }
}
