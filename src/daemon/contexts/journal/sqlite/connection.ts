import type { DatabaseSync } from 'node:sqlite'
import { isBroken } from './failure.ts'
import { createSql, type Sql } from './statements.ts'

/** A connection that is opened when it is first used, and anew after an error that broke it. */
export interface Connection {
  /** Throws what opening throws. */
  readonly sql: () => Sql
  /** Tells it of an error that came from it. */
  readonly failed: (error: unknown) => void
  readonly close: () => void
}

export const createConnection = (open: () => DatabaseSync): Connection => {
  let current: { readonly db: DatabaseSync; readonly sql: Sql } | undefined
  const close = (): void => {
    const { db } = current ?? {}
    current = undefined
    db?.close()
  }
  return {
    sql: () => {
      if (!current) {
        const db = open()
        current = { db, sql: createSql(db) }
      }
      return current.sql
    },
    failed: (error) => {
      if (isBroken(error)) close()
    },
    close,
  }
}
