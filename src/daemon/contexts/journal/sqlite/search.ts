import { chmodSync } from 'node:fs'
import type { StoredTurn, Turn } from '../../../../core/context.ts'
import type { SearchHit, SearchQuery } from '../../../../core/journal.ts'
import { isMcpdError } from '../../../../core/errors.ts'
import { hitOf, type ScanStep, scanStepTurns } from '../../encryption/scan.ts'
import type { Vault } from '../../encryption/vault.ts'
import { excerptOf, indexText, phrasesOf } from '../../search-text.ts'
import { createBodyReader } from './bodies.ts'
import { streamingState, turnColumns, turnOf, type TurnRow, turnTables } from './rows.ts'
import type { Sql } from './statements.ts'

/** Turns that are indexed in one transaction. */
const batchTurns = 200

/**
 * The search index is a file of its own, attached as `found`: it can be lost and built again, so nothing waits for the
 * disk for its sake. `words` has the number of a turn and, without keeping the text, its words. `filled` says how far
 * it is: through which entry of the outbox, and, while it is built anew, through which turn.
 */
export const attachSearch = (sql: Sql, vault: Vault, path: string): void => {
  sql.run('ATTACH ? AS found', path)
  chmodSync(path, 0o600)
  sql.exec(
    'PRAGMA found.journal_mode = WAL; PRAGMA found.synchronous = NORMAL; PRAGMA found.secure_delete = ON',
  )
  sql.exec(`
    CREATE VIRTUAL TABLE IF NOT EXISTS found.words
      USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii');
    CREATE TABLE IF NOT EXISTS found.filled (one INTEGER PRIMARY KEY, through INTEGER NOT NULL, built INTEGER NOT NULL)`)
  markWordless(sql, vault.seals)
  const { through = 0 } =
    sql.get<{ through: number }>("SELECT through FROM consumers WHERE name = 'search'") ?? {}
  // A new index, or one that lost what was settled, has to be built from all turns there are.
  const filled = sql.get<{ through: number }>('SELECT through FROM found.filled')
  if (filled && filled.through >= through) return
  const { last = 0 } =
    sql.get<{ last: number }>("SELECT seq AS last FROM sqlite_sequence WHERE name = 'outbox'") ?? {}
  sql.run('INSERT OR REPLACE INTO found.filled VALUES (1, ?, 0)', last)
}

/**
 * Where bodies are encrypted no words are kept, which the version of the file says. Where they are not any more, the
 * index is built from all turns.
 */
const markWordless = (sql: Sql, isWordless: boolean): void => {
  const was = Number(Object.values(sql.get<object>('PRAGMA found.user_version') ?? {})[0]) === 1
  if (was === isWordless) return
  if (!isWordless) sql.run('DELETE FROM found.filled')
  else {
    sql.run("INSERT INTO found.words (words) VALUES ('delete-all')")
    sql.exec('VACUUM found')
    sql.all('PRAGMA found.wal_checkpoint(TRUNCATE)')
  }
  sql.exec(`PRAGMA found.user_version = ${isWordless ? 1 : 0}`)
}

/** Indexes the next turns. `through` is the last entry of the outbox that is dealt with. */
export const indexStep = (sql: Sql, vault: Vault): { readonly through: number; readonly more: boolean } => {
  const filled = sql.get<{ through: number; built: number | null }>('SELECT through, built FROM found.filled')
  const { through = 0, built = -1 } = filled ?? {}
  return built !== null && built >= 0
    ? buildStep(sql, vault, through, built)
    : entriesStep(sql, vault, through)
}

/** While the index is built anew: turns by their numbers. */
const buildStep = (sql: Sql, vault: Vault, through: number, built: number) => {
  const rows = sql.all<TurnRow>(
    `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.t > ? ORDER BY turns.t LIMIT ?`,
    built,
    batchTurns,
  )
  sql.snapshot(() => {
    put(sql, vault, rows)
    const last = rows.length < batchTurns ? -1 : (rows.at(-1)?.t ?? -1)
    sql.run('UPDATE found.filled SET built = ?', last)
  })
  return { through, more: true }
}

const entriesStep = (sql: Sql, vault: Vault, through: number) => {
  const entries = sql.all<{ n: number; event: string; turns: string }>(
    'SELECT n, event, turns FROM outbox WHERE n > ? ORDER BY n LIMIT ?',
    through,
    batchTurns,
  )
  const last = entries.at(-1)?.n
  if (last === undefined) return { through, more: false }
  const numbers = entries.flatMap(({ turns }) => JSON.parse(turns) as number[])
  const rows = sql.all<TurnRow>(
    `SELECT ${turnColumns} FROM ${turnTables} WHERE turns.t IN (SELECT value FROM json_each(?))`,
    JSON.stringify(numbers),
  )
  sql.snapshot(() => {
    put(sql, vault, rows)
    sql.run('UPDATE found.filled SET through = ?', last)
  })
  return { through: last, more: entries.length === batchTurns }
}

const put = (sql: Sql, vault: Vault, rows: readonly TurnRow[]): void => {
  if (vault.seals) return
  const read = createBodyReader(sql)
  // Nothing that is sealed is indexed.
  const plain = vault.of({ tenant: '', context: '' })
  for (const row of rows) {
    if (row.state === streamingState || row.facts !== null) continue
    const text = textOf(() => read(plain, row, turnOf(plain, row)))
    if (text !== undefined)
      sql.run('INSERT OR REPLACE INTO found.words (rowid, text) VALUES (?, ?)', row.t, text)
  }
}

/** A damaged body is not found by its words; fsck names it. */
const textOf = (read: () => Buffer | undefined): string | undefined => {
  try {
    const body = read()
    return body && indexText(body)
  } catch {
    return undefined
  }
}

export const search = (
  sql: Sql,
  vault: Vault,
  { tenant, text, context, limit }: SearchQuery,
): readonly SearchHit[] => {
  const phrases = phrasesOf(text)
  if (phrases.length === 0) return []
  const rows = sql.all<TurnRow & { readonly context: string; readonly score: number }>(
    `SELECT ${turnColumns}, contexts.context, -bm25(words) AS score FROM found.words
     JOIN turns ON turns.t = words.rowid LEFT JOIN turns AS above ON above.t = turns.parent
     JOIN contexts ON contexts.k = turns.k
     WHERE words MATCH ?1 AND contexts.tenant = ?2 AND (?3 IS NULL OR contexts.context = ?3)
     ORDER BY score DESC LIMIT ?4`,
    phrases.map((phrase) => `"${phrase}"`).join(' '),
    tenant,
    context ?? null,
    limit,
  )
  const read = createBodyReader(sql)
  return rows.flatMap((row) => {
    const { context, score } = row
    const cipher = vault.of({ tenant, context })
    const turn = turnOf(cipher, row)
    const body = read(cipher, row, turn)
    return body ? [{ tenant, context, turn, score, excerpt: excerptOf(body, phrases) }] : []
  })
}

/** Looks for words where there is no index: in the next turns before a row, the newest first. */
export const scanStep = (
  sql: Sql,
  vault: Vault,
  query: SearchQuery,
  before: number | undefined,
): ScanStep => {
  const { tenant, context } = query
  const rows = sql.all<TurnRow & { readonly context: string }>(
    `SELECT ${turnColumns}, contexts.context FROM ${turnTables} JOIN contexts ON contexts.k = turns.k
     WHERE contexts.tenant = ?1 AND (?2 IS NULL OR contexts.context = ?2) AND (?3 IS NULL OR turns.t < ?3)
     AND turns.state <> ?4 ORDER BY turns.t DESC LIMIT ${scanStepTurns}`,
    tenant,
    context ?? null,
    before ?? null,
    streamingState,
  )
  const read = createBodyReader(sql)
  const last = rows.at(-1)?.t
  return {
    seen: rows.length,
    hits: rows.flatMap((row) => {
      const cipher = vault.of({ tenant, context: row.context })
      const turn = readable(
        () => turnOf(cipher, row),
        (turn) => read(cipher, row, turn),
      )
      return (turn && hitOf(query, row.context, turn)) ?? []
    }),
    ...(last !== undefined && rows.length === scanStepTurns && { next: last }),
  }
}

/** A damaged turn is not found by its words; fsck names it. One whose key is missing is said to be so. */
const readable = (open: () => Turn, read: (turn: Turn) => Buffer | undefined): StoredTurn | undefined => {
  try {
    const turn = open()
    const body = read(turn)
    return body && { ...turn, body }
  } catch (error) {
    if (isMcpdError(error) && error.code === 'CONFIG_INVALID') throw error
    return undefined
  }
}

/** Takes the words of turns out that are no more, in the file as well. */
export const sweepSearch = (sql: Sql): void => {
  const { changes } = sql.snapshot(() =>
    sql.run(
      'DELETE FROM found.words WHERE rowid IN (SELECT id FROM found.words_docsize WHERE id NOT IN (SELECT t FROM turns))',
    ),
  )
  if (changes === 0) return
  // Deleted words stay in their lists until these are merged.
  sql.run("INSERT INTO found.words (words) VALUES ('optimize')")
  sql.exec('VACUUM found')
  sql.all('PRAGMA found.wal_checkpoint(TRUNCATE)')
}
