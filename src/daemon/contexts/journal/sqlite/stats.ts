import type { JournalStats } from '../../../../core/journal.ts'
import type { Sql } from './statements.ts'

/** Counts rows: it reads all of them. What was deleted and is not purged yet counts in the bytes alone. */
export const statsOf = (sql: Sql): JournalStats => {
  const number = (text: string): number => sql.get<{ n: number | null }>(text)?.n ?? 0
  const live = "contexts WHERE tenant <> ''"
  return {
    contexts: number(`SELECT count(*) AS n FROM ${live}`),
    heads: number(`SELECT count(*) AS n FROM heads WHERE k IN (SELECT k FROM ${live})`),
    turns: number(`SELECT sum(turns) AS n FROM ${live}`),
    streaming: number('SELECT count(*) AS n FROM open_turns'),
    bodies: number('SELECT count(*) AS n FROM bodies'),
    segments: number('SELECT count(*) AS n FROM segments'),
    outbox: number('SELECT count(*) AS n FROM outbox'),
    bytes: {
      content: number(`SELECT sum(body_bytes) AS n FROM turns WHERE k IN (SELECT k FROM ${live})`),
      bodies: number('SELECT sum(length(data)) AS n FROM bodies'),
      segments: number('SELECT sum(length(data)) AS n FROM segments'),
      stored:
        (number('SELECT page_count AS n FROM pragma_page_count') -
          number('SELECT freelist_count AS n FROM pragma_freelist_count')) *
        number('SELECT page_size AS n FROM pragma_page_size'),
    },
  }
}
