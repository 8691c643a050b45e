import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ContextKey } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import { Crash } from '../failpoint.ts'
import { createConnection } from '../journal/sqlite/connection.ts'
import { commitJobs, type Job } from '../journal/sqlite/jobs.ts'
import { lockStore } from '../journal/sqlite/lock.ts'
import { openDatabase } from '../journal/sqlite/schema.ts'
import type { Sql } from '../journal/sqlite/statements.ts'
import type { Replies, ThreadBody, ThreadStart } from '../journal/sqlite/thread-body.ts'
import type { Question, Verb } from '../journal/sqlite/wire.ts'
import type { Spooled, SpooledPage } from './spooled.ts'

/** `n` numbers an entry; it is never used again, so that the order outlives a restart. */
const version = 1
const schema = `
  CREATE TABLE entries (
    n INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, context TEXT NOT NULL, at INTEGER NOT NULL,
    entry BLOB NOT NULL);
  CREATE INDEX entries_by_context ON entries (tenant, context, n);
  CREATE TABLE renamed (
    tenant TEXT NOT NULL, context TEXT NOT NULL, told TEXT NOT NULL, stored TEXT NOT NULL,
    PRIMARY KEY (tenant, context, told)) WITHOUT ROWID;
  PRAGMA user_version = ${version}`

/** Of one page at most. */
const pageRows = 64
const pageBytes = 4 * 1024 * 1024
/** Pages of the log after which it is carried over. */
const logPages = 1000

const open = (path: string) => {
  const db = openDatabase({ path })
  try {
    db.exec(`PRAGMA wal_autocheckpoint = ${logPages}`)
    const known = Number(Object.values(db.prepare('PRAGMA user_version').get() ?? {})[0])
    if (known > version)
      throw new McpdError('CONFIG_INVALID', `The spool ${path} was written by a newer mcpd.`, {
        suggestions: ['Start that version until it is empty.'],
      })
    if (known === 0) db.exec(`BEGIN IMMEDIATE; ${schema}; COMMIT`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** The thread that has the file of a spool: alone, and with every change on the disk before it is answered. */
export const createSpoolThread = ({ path }: ThreadStart, replies: Replies): ThreadBody => {
  let lock: ReturnType<typeof lockStore> | undefined
  const connection = createConnection(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    lock ??= lockStore(path)
    return open(path)
  })

  const answer = ({ id, verb, args, bytes }: Question): (() => void) => {
    const sql = connection.sql()
    if (verb === 'spooledOf') {
      const page = readPage(sql, args[0] as ContextKey, args[1] as number)
      return () => replies.answer(id, page.answer, page.bytes)
    }
    const result = changes[verb]?.(sql, args, bytes)
    return () => replies.answer(id, result)
  }
  return {
    take: (questions) => {
      const jobs = questions.map((question): Job => {
        let settle = (): void => undefined
        return {
          work: () => void (settle = answer(question)),
          done: () => settle(),
          failed: (error) => replies.fail(question.id, error),
        }
      })
      try {
        const sql = connection.sql()
        const error = commitJobs(sql, jobs)
        if (error !== undefined) connection.failed(error)
        if (questions.some(({ verb }) => verb === 'emptied')) shrink(sql)
      } catch (error) {
        if (error instanceof Crash) throw error
        for (const job of jobs) job.failed(error)
      }
    },
    close: () => {
      connection.close()
      lock?.close()
    },
  }
}

/** What was carried over needs no room any more. */
const shrink = (sql: Sql): void => {
  if (!sql.get('SELECT 1 FROM entries LIMIT 1')) sql.exec('PRAGMA incremental_vacuum')
}

const changes: Partial<Record<Verb, (sql: Sql, args: Question['args'], bytes?: ArrayBuffer) => unknown>> = {
  spooled: (sql) => {
    // Of a run that ended in between.
    sql.run(
      `DELETE FROM renamed WHERE NOT EXISTS (
         SELECT 1 FROM entries WHERE entries.tenant = renamed.tenant AND entries.context = renamed.context)`,
    )
    return readContents(sql)
  },
  spool: (sql, args, bytes = new ArrayBuffer(0)) =>
    add(sql, args[0] as ContextKey, args[1] as number, new Uint8Array(bytes)),
  carried: (sql, args) =>
    remove(sql, args[0] as ContextKey, args[1] as number, args[2] as SpooledPage['renamed']),
  emptied: (sql, args) => {
    const { tenant, context } = args[0] as ContextKey
    sql.run('DELETE FROM renamed WHERE tenant = ? AND context = ?', tenant, context)
  },
}

const readContents = (sql: Sql): readonly Spooled[] =>
  sql.all<Spooled>(
    `SELECT tenant, context, count(*) AS entries, sum(length(entry)) AS bytes, min(at) AS at FROM entries
     GROUP BY tenant, context ORDER BY min(n)`,
  )

const add = (sql: Sql, { tenant, context }: ContextKey, at: number, entry: Uint8Array): number =>
  sql.run('INSERT INTO entries (tenant, context, at, entry) VALUES (?, ?, ?, ?)', tenant, context, at, entry)
    .row

const remove = (
  sql: Sql,
  { tenant, context }: ContextKey,
  n: number,
  renamed: SpooledPage['renamed'],
): void => {
  sql.run('DELETE FROM entries WHERE tenant = ? AND context = ? AND n <= ?', tenant, context, n)
  for (const [told, stored] of renamed)
    sql.run(
      'INSERT INTO renamed (tenant, context, told, stored) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET stored = excluded.stored',
      tenant,
      context,
      told,
      stored,
    )
}

const readPage = (
  sql: Sql,
  { tenant, context }: ContextKey,
  after: number,
): { readonly answer: SpooledPage; readonly bytes: ArrayBuffer } => {
  const found: { n: number; entry: Uint8Array }[] = []
  let total = 0
  for (let last = after; found.length < pageRows && total < pageBytes;) {
    const row = sql.get<{ n: number; entry: Uint8Array }>(
      'SELECT n, entry FROM entries WHERE tenant = ? AND context = ? AND n > ? ORDER BY n LIMIT 1',
      tenant,
      context,
      last,
    )
    if (!row) break
    found.push(row)
    total += row.entry.length
    last = row.n
  }
  const bytes = new ArrayBuffer(total)
  let offset = 0
  for (const { entry } of found) {
    new Uint8Array(bytes).set(entry, offset)
    offset += entry.length
  }
  const renamed = sql.all<{ told: string; stored: string }>(
    'SELECT told, stored FROM renamed WHERE tenant = ? AND context = ?',
    tenant,
    context,
  )
  return {
    answer: {
      rows: found.map(({ n, entry }) => ({ n, length: entry.length })),
      renamed: renamed.map(({ told, stored }) => [told, stored] as const),
    },
    bytes,
  }
}
