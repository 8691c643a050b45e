import type { ContextKey } from '../../../../core/context.ts'
import type { ListQuery, PathEnd, PathRange, SearchQuery } from '../../../../core/journal.ts'
import { createVault, type Vault } from '../../encryption/vault.ts'
import { createConnection } from './connection.ts'
import { Crash, failpoint } from '../../failpoint.ts'
import { checkContext, checkStore } from './fsck.ts'
import { readOutbox } from './outbox.ts'
import { findTurn, readList, readPath, readSummary, readTurns } from './read.ts'
import { countByKey } from './rotate.ts'
import { openDatabase } from './schema.ts'
import { attachSearch, indexStep, scanStep, search, sweepSearch } from './search.ts'
import { createSql, type Sql } from './statements.ts'
import { statsOf } from './stats.ts'
import type { Replies, ThreadBody, ThreadStart } from './thread-body.ts'
import { pack, type Question, type Verb } from './wire.ts'

interface Said {
  readonly answer: unknown
  readonly bytes?: ArrayBuffer
}
type Verbs = Partial<Record<Verb, (sql: Sql, args: Question['args'], vault: Vault) => Said>>

/** Of what sees one state of the store. */
const reads: Verbs = {
  path: (sql, args, vault) => {
    const [key, end, range] = args as [ContextKey, PathEnd, PathRange]
    const found = readPath(sql, vault, key, end, range)
    if (!found) return { answer: undefined }
    const { packed, bytes } = pack([found])
    return { answer: packed[0], bytes }
  },
  turns: (sql, args, vault) => {
    const turns = readTurns(sql, vault, args[0] as ContextKey)
    if (!turns) return { answer: undefined }
    const { packed, bytes } = pack([{ turns }])
    return { answer: packed[0], bytes }
  },
  summary: (sql, args, vault) => ({ answer: readSummary(sql, vault, args[0] as ContextKey) }),
  list: (sql, args, vault) => ({ answer: readList(sql, vault, args[0] as ListQuery) }),
  findTurn: (sql, args, vault) => ({ answer: findTurn(sql, vault, args[0] as string, args[1] as string) }),
  search: (sql, args, vault) => ({ answer: search(sql, vault, args[0] as SearchQuery) }),
  scan: (sql, args, vault) => ({
    answer: scanStep(sql, vault, args[0] as SearchQuery, args[1] as number | undefined),
  }),
  outbox: (sql, args) => ({ answer: readOutbox(sql, args[0] as string, args[1] as number) }),
  stats: (sql) => ({ answer: statsOf(sql) }),
  keys: (sql) => ({ answer: countByKey(sql) }),
  fsck: (sql, args, vault) => {
    const after = args[0] as number
    const { problems, next } = checkContext(sql, vault, after)
    const all = after === 0 ? [...checkStore(sql), ...problems] : problems
    return { answer: { problems: all, ...(next !== undefined && { next }) } }
  },
}

/** Of what has transactions of its own. */
const works: Verbs = {
  checkpoint: (sql) => ({
    answer: sql.get<{ log: number }>('PRAGMA main.wal_checkpoint(PASSIVE)')?.log ?? 0,
  }),
  index: (sql, _, vault) => {
    const answer = indexStep(sql, vault)
    failpoint('after-index')
    return { answer }
  },
  sweep: (sql) => {
    sweepSearch(sql)
    return { answer: undefined }
  },
}

/** The thread that reads, fills the search index, and carries the log over while the other thread writes. */
export const createReaderThread = ({ path, searchPath, keys }: ThreadStart, replies: Replies): ThreadBody => {
  const vault = createVault(keys)
  const connection = createConnection(() => {
    const db = openDatabase({ path })
    attachSearch(createSql(db), vault, searchPath)
    return db
  })
  const said = ({ verb, args }: Question): Said => {
    const sql = connection.sql()
    const read = reads[verb]
    return read
      ? sql.snapshot(() => read(sql, args, vault))
      : (works[verb]?.(sql, args, vault) ?? { answer: undefined })
  }
  return {
    take: (questions) => {
      for (const question of questions)
        try {
          const { answer, bytes } = said(question)
          replies.answer(question.id, answer, bytes)
        } catch (error) {
          if (error instanceof Crash) throw error
          connection.failed(error)
          replies.fail(question.id, error)
        }
    },
    close: connection.close,
  }
}
