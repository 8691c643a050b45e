import type { PoolClient, QueryConfig, QueryResultRow } from 'pg'
import { McpdError } from '../../../../core/errors.ts'
import { storeError, unavailable } from './failure.ts'

/** A connection, or a pool of them, as statements see it. Throws as `storeError` says. */
export interface Sql {
  /** All rows. With a name the statement is prepared once for each connection. */
  all<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<readonly Row[]>
  /** As `all`, the first row. */
  get<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Row | undefined>
}

export interface Database extends Sql {
  /** On one connection; whatever throws takes all of it back. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** Connections of one daemon. More do not commit more on a few cores; each costs the server some megabytes. */
const connectionsMax = 8
/** Requests that may wait for a connection. */
const waitingMax = 1000
/** Longest wait for a connection, its making included. */
const connectMs = 3000
/** Longest statement, by the server's clock; ours runs a little longer, for servers that do not answer at all. */
const statementMs = 10_000
const answerMs = statementMs + 1000

/** A pool of its own. Nothing is connected yet when it resolves; idle connections may break without harm. */
export const connectDatabase = async (url: string): Promise<Database> => {
  const { Pool, types } = await import('pg')
  const pool = new Pool({
    connectionString: url,
    application_name: 'mcpd',
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: answerMs,
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
    // An acknowledgement is a promise: no server or role may answer before its disk has it.
    options: '-c synchronous_commit=on',
    types: {
      // Counters and times of 64 bits are below 2^53.
      getTypeParser: (oid, format) =>
        oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
    },
  })
  const ignore = (): void => undefined
  // Without listeners a server that ends an idle connection would end the daemon.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  let closing: Promise<void> | undefined

  const connect = async (): Promise<PoolClient> => {
    if (closing) throw new McpdError('STORE_UNAVAILABLE', 'The journal is closed.')
    if (pool.waitingCount >= waitingMax) throw unavailable('too many requests wait for it')
    return pool.connect()
  }
  /** Gives the connection back; after an error it is not used again, for nobody knows what state it is in. */
  const withClient = async <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
    let client: PoolClient | undefined
    let failed = true
    try {
      client = await connect()
      const result = await work(client)
      failed = false
      return result
    } catch (error) {
      throw storeError(error)
    } finally {
      client?.release(failed)
    }
  }
  return {
    ...sqlOf((query) => withClient(async (client) => (await client.query(query)).rows)),
    transaction: (work) =>
      withClient(async (client) => {
        await client.query('BEGIN')
        const result = await work(sqlOf(async (query) => (await client.query(query)).rows))
        await client.query('COMMIT')
        return result
      }),
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}

const sqlOf = (run: (query: QueryConfig) => Promise<unknown[]>): Sql => {
  const all: Sql['all'] = async <Row>(text: string, values: readonly unknown[] = [], name?: string) =>
    // What columns a statement has is known where it is written.
    (await run({ text, values: [...values], ...(name !== undefined && { name }) })) as Row[]
  return {
    all,
    get: async <Row extends QueryResultRow>(text: string, values?: readonly unknown[], name?: string) =>
      (await all<Row>(text, values, name))[0],
  }
}
