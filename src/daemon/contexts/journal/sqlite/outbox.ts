import type { OutboxEntry } from '../../../../core/journal.ts'
import { unknownConsumer } from '../refusals.ts'
import type { Sql } from './statements.ts'

interface OutboxRow {
  readonly n: number
  readonly event: OutboxEntry['event']
  readonly tenant: string
  readonly context: string
  readonly turns: string
}

const throughOf = (sql: Sql, consumer: string): number => {
  const row = sql.get<{ through: number }>('SELECT through FROM consumers WHERE name = ?', consumer)
  if (!row) throw unknownConsumer(consumer)
  return row.through
}

export const readOutbox = (sql: Sql, consumer: string, limit: number): readonly OutboxEntry[] =>
  sql
    .all<OutboxRow>('SELECT * FROM outbox WHERE n > ? ORDER BY n LIMIT ?', throughOf(sql, consumer), limit)
    .map(({ n, event, tenant, context, turns }) => ({
      number: n,
      event,
      tenant,
      context,
      turns: sql
        .all<{ id: string }>(
          'SELECT id FROM turns WHERE t IN (SELECT value FROM json_each(?)) ORDER BY seq',
          turns,
        )
        .map(({ id }) => id),
    }))

/** In a transaction. */
export const settleOutbox = (sql: Sql, consumer: string, through: number): void => {
  sql.run(
    'UPDATE consumers SET through = ? WHERE name = ?',
    Math.max(throughOf(sql, consumer), through),
    consumer,
  )
  sql.run('DELETE FROM outbox WHERE n <= (SELECT min(through) FROM consumers)')
}

/** Those who read the outbox from now on: a new one begins at its end, one that is not named any more is forgotten. */
export const setConsumers = (sql: Sql, names: readonly string[]): void => {
  sql.run('DELETE FROM consumers WHERE name NOT IN (SELECT value FROM json_each(?))', JSON.stringify(names))
  for (const name of names)
    sql.run(
      `INSERT INTO consumers (name, through)
       VALUES (?, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox')) ON CONFLICT DO NOTHING`,
      name,
    )
}
