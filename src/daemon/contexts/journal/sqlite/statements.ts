import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** Runs SQL, each text prepared once for a connection. */
export interface Sql {
  /** The first row; undefined where there is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it selects
  get<Row>(text: string, ...values: SQLInputValue[]): Row | undefined
  all<Row>(text: string, ...values: SQLInputValue[]): Row[]
  /** The number of rows changed, and the last row number given. */
  run(text: string, ...values: SQLInputValue[]): { readonly changes: number; readonly row: number }
  exec(text: string): void
  /** One state of the store for several statements, which may write to what is attached. */
  snapshot<T>(work: () => T): T
  /** All or nothing, on the disk when it returns; `before` is called at the last moment before that. */
  transaction<T>(work: () => T, before?: () => void): T
}

export const createSql = (db: DatabaseSync): Sql => {
  const prepared = new Map<string, StatementSync>()
  const prepare = (text: string): StatementSync => {
    const known = prepared.get(text)
    if (known) return known
    const statement = db.prepare(text)
    prepared.set(text, statement)
    return statement
  }
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
    get: <Row>(text: string, ...values: SQLInputValue[]) => prepare(text).get(...values) as Row | undefined,
    all: <Row>(text: string, ...values: SQLInputValue[]) => prepare(text).all(...values) as Row[],
    run: (text, ...values) => {
      const { changes, lastInsertRowid } = prepare(text).run(...values)
      return { changes: Number(changes), row: Number(lastInsertRowid) }
    },
    exec: (text) => db.exec(text),
    snapshot: (work) => {
      db.exec('BEGIN')
      try {
        const result = work()
        db.exec('COMMIT')
        return result
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    transaction: (work, before) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        before?.()
        db.exec('COMMIT')
        return result
      } catch (error) {
        // Some errors have rolled back already.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
  }
}
