import { hash } from 'node:crypto'
import type { Pool, QueryConfig } from 'pg'
import type { Stores } from './stores.ts'

/** Connections of one daemon. */
const connectionsMax = 4
/** Longest wait for a connection, and for a statement. */
const connectMs = 2000
const statementMs = 2000
/** How often texts that are too old are deleted; the adapter itself only leaves them out. */
const sweepEveryMs = 60 * 60_000
/** Longest deletion of them. */
const sweepMs = 60_000

/** A schema of its own, so that a cache needs no right to anything else. Unlogged: after a crash it is empty. */
const schema = 'mcpd_cache'
const table = 'texts'
/** Keyv puts the time at the end of the JSON around a text. */
const sweep = `DELETE FROM ${schema}.${table} WHERE substring(right(value, 40) FROM '"expires":([0-9]+)\\}$')::bigint < $1`

/** Adapters of Keyv over one pool, in a table that is made where it is missing. */
export const connectPostgres = async (url: string): Promise<Stores> => {
  const [{ Pool }, { KeyvPostgres }] = await Promise.all([import('pg'), import('@keyv/postgres')])
  const pool = new Pool({
    connectionString: url,
    application_name: 'mcpd cache',
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    keepAlive: true,
  })
  const ignore = (): void => undefined
  // Without listeners a server that ends an idle connection would end the daemon.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))

  /** A class, since the adapter connects by a method: to one pool of the process, to which nobody listens. */
  class PooledPostgres extends KeyvPostgres {
    override async connect() {
      return async (text: string, values?: unknown[]): Promise<unknown[]> =>
        // Its own statement to make the table, the one without values, asks for more rights than it takes to use it.
        values === undefined
          ? []
          : (await pool.query<Record<string, unknown>>({ name: nameOf(text), text, values })).rows
    }
    override async disconnect() {
      // The pool is everybody's.
    }
  }

  const deleteOld = (): void => {
    const query: QueryConfig & { readonly query_timeout: number } = {
      text: sweep,
      values: [Date.now()],
      query_timeout: sweepMs,
    }
    pool.query(query).catch(ignore)
  }
  const timer = setInterval(deleteOld, sweepEveryMs)
  timer.unref()
  let making: Promise<void> | undefined
  let closing: Promise<void> | undefined

  return {
    open: async () => {
      making ??= makeTable(pool).then(deleteOld, (error: unknown) => {
        making = undefined
        throw error
      })
      await making
      const adapter = new PooledPostgres({ schema, table })
      adapter.on('error', ignore)
      return adapter
    },
    // A statement that is late takes its connection with it.
    silent: ignore,
    close: () => {
      clearInterval(timer)
      closing ??= pool.end()
      return closing
    },
  }
}

/** The adapter has a handful of statements: by a name each is prepared once for a connection. */
const nameOf = (text: string): string => hash('sha256', text, 'base64url')

const makeTable = async (pool: Pool): Promise<void> => {
  const isThere = async (): Promise<boolean> =>
    (await pool.query(`SELECT 1 WHERE to_regclass('${schema}.${table}') IS NOT NULL`)).rows.length > 0
  if (await isThere()) return
  try {
    await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await pool.query(
      `CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.${table} (key varchar(255) PRIMARY KEY, value text)`,
    )
  } catch (error) {
    // Another daemon may have been first.
    if (!(await isThere())) throw error
  }
}
