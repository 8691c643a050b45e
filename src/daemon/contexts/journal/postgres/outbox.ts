import type { ContextKey } from '../../../../core/context.ts'
import type { OutboxEntry } from '../../../../core/journal.ts'
import { outboxMax } from '../memory-outbox.ts'
import { unknownConsumer } from '../refusals.ts'
import type { Database, Sql } from './database.ts'

/** Those who read the outbox from now on, beside those of other daemons: a new one begins at its end. */
export const addConsumers = async (sql: Sql, names: readonly string[]): Promise<void> => {
  await sql.all(
    `INSERT INTO mcpd.consumers (name, through)
     SELECT name, (SELECT coalesce(max(n), 0) FROM mcpd.outbox) FROM unnest($1::text[]) AS name
     ON CONFLICT DO NOTHING`,
    [names],
  )
}

const throughOf = async (sql: Sql, consumer: string): Promise<number> => {
  const row = await sql.get<{ through: number }>('SELECT through FROM mcpd.consumers WHERE name = $1', [
    consumer,
  ])
  if (!row) throw unknownConsumer(consumer)
  return row.through
}

interface OutboxRow extends ContextKey {
  readonly n: number
  readonly event: OutboxEntry['event']
  readonly turns: readonly string[]
}

/**
 * Numbers are given before they are committed: the lock waits for those that are under way, so that no entry turns up
 * behind one that was settled.
 */
export const readOutbox = (
  database: Database,
  consumer: string,
  limit: number,
): Promise<readonly OutboxEntry[]> =>
  database.transaction(async (sql) => {
    const through = await throughOf(sql, consumer)
    await sql.all('LOCK TABLE mcpd.outbox IN SHARE MODE')
    const rows = await sql.all<OutboxRow>('SELECT * FROM mcpd.outbox WHERE n > $1 ORDER BY n LIMIT $2', [
      through,
      limit,
    ])
    return rows.map(({ n, event, tenant, context, turns }) => ({ number: n, event, tenant, context, turns }))
  })

export const settleOutbox = (database: Database, consumer: string, through: number): Promise<void> =>
  database.transaction(async (sql) => {
    await throughOf(sql, consumer)
    await sql.all('UPDATE mcpd.consumers SET through = greatest(through, $2) WHERE name = $1', [
      consumer,
      through,
    ])
    await sql.all('DELETE FROM mcpd.outbox WHERE n <= (SELECT min(through) FROM mcpd.consumers)')
  })

/** Takes out what a consumer has left for too long. */
export const trimOutbox = async (sql: Sql): Promise<void> => {
  await sql.all(`DELETE FROM mcpd.outbox WHERE n <= (SELECT max(n) FROM mcpd.outbox) - ${outboxMax}`)
}
