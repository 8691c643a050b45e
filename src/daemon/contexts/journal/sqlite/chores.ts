import type { ContextKey } from '../../../../core/context.ts'
import type { Collected, CollectPolicy } from '../../../../core/journal.ts'
import { append, type RipePaths, tell, type Writer } from './append.ts'
import { failpoint } from '../../failpoint.ts'
import { deleteContext, findAbandoned, findExpired, forgetKeys, purge } from './housekeeping.ts'
import { type Chunk, findRipe, makeSegment, planSegments } from './seal.ts'
import type { Sql } from './statements.ts'

export interface ChoresOptions {
  readonly writer: () => Writer
  readonly transaction: <T>(work: (writer: Writer) => T) => T
  readonly ripe: RipePaths
}

/** What the writing thread does besides appending: each step is a short transaction, with room for others between. */
export const createChores = ({ writer, transaction, ripe }: ChoresOptions) => {
  /** Segments that are planned and not made yet. */
  const planned: Chunk[] = []

  /** Makes one segment. False where there is none to be made. */
  const sealStep = (): boolean => {
    const [next] = ripe
    if (planned.length === 0 && next !== undefined) {
      const [name, t] = next
      // Should it fail, such as for a damaged body, it is not tried again and again; fsck names what is wrong.
      ripe.delete(name)
      planned.push(...transaction(({ sql }) => planSegments(sql, t)))
    }
    const chunk = planned.shift()
    if (!chunk) return ripe.size > 0
    transaction(({ sql, vault }) => {
      makeSegment(sql, vault, chunk)
      failpoint('before-seal')
    })
    failpoint('after-seal')
    return true
  }
  /** Gives free pages back, and leaves no old page in the log. */
  const truncate = (): void => {
    const { sql } = writer()
    sql.all('PRAGMA incremental_vacuum')
    sql.all('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  return {
    truncate,
    /** One step of what waits for quiet. True where there was one. */
    step: (): boolean => sealStep() || transaction(({ sql }) => purge(sql)).more,
    recover: async (): Promise<number> => {
      for (let count = 0; ; await breathe()) {
        const abandoned = findAbandoned(writer().sql, writer().owner)
        if (abandoned.length === 0) return count
        transaction((writer) => {
          for (const request of abandoned) append(writer, request)
        })
        count += abandoned.length
      }
    },
    seal: async (): Promise<number> => {
      const count = (): number =>
        writer().sql.get<{ n: number }>('SELECT count(*) AS n FROM segments')?.n ?? 0
      const before = count()
      for (const [name, t] of findRipe(writer().sql)) ripe.set(name, t)
      while (sealStep()) await breathe()
      return count() - before
    },
    collect: async (policy: CollectPolicy): Promise<Collected> => {
      const now = writer().now()
      const { contexts, idempotencyKeys } = transaction(({ sql }) => {
        const expired = findExpired(sql, policy, now)
        for (const key of expired) removeContext(sql, key)
        return { contexts: expired.length, idempotencyKeys: forgetKeys(sql, policy, now) }
      })
      let bodies = 0
      let segments = 0
      for (;;) {
        const purged = transaction(({ sql }) => purge(sql))
        if (!purged.more) break
        bodies += purged.bodies
        segments += purged.segments
        await breathe()
      }
      truncate()
      return { contexts, bodies, segments, idempotencyKeys }
    },
  }
}

/** Deletes a context and says so in the outbox. In a transaction. False where there is none. */
export const removeContext = (sql: Sql, key: ContextKey): boolean => {
  const isThere = deleteContext(sql, key)
  if (isThere) tell(sql, key, 'deleted', [])
  return isThere
}

/** Lets appends in that came meanwhile. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
