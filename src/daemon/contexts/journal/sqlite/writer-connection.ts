import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RipePaths } from './append.ts'
import { type Connection, createConnection } from './connection.ts'
import { lockStore } from './lock.ts'
import { setConsumers } from './outbox.ts'
import { migrate, openDatabase } from './schema.ts'
import { findRipe } from './seal.ts'
import { createSql } from './statements.ts'
import type { ThreadStart } from './thread-body.ts'

/** The connection that writes: alone on its file, of this schema, and with the paths in `ripe` that are to be sealed. */
export const connectWriter = ({ path, maxPages, consumers }: ThreadStart, ripe: RipePaths): Connection => {
  let lock: ReturnType<typeof lockStore> | undefined
  const connection = createConnection(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    lock ??= lockStore(path)
    const db = openDatabase({ path, ...(maxPages !== undefined && { maxPages }) })
    try {
      migrate(db, path)
      const sql = createSql(db)
      sql.transaction(() => setConsumers(sql, consumers))
      for (const [name, t] of findRipe(sql)) ripe.set(name, t)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
  return {
    ...connection,
    close: () => {
      connection.close()
      lock?.close()
    },
  }
}
