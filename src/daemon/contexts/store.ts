import { type Append, type ContextKey, type ContextSummary, mainHead } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Annotation, ContextPath, Journal, PathEnd, PathRange } from '../../core/journal.ts'
import { createHotPaths } from './hot.ts'
import type { HotCopies } from './hot-redis/copies.ts'
import { checkId, newId as makeId } from './ids.ts'
import { checkAbout, checkAppend } from './limits.ts'
import { missingContext, missingEnd } from './missing.ts'
import { createReadThrough } from './read-through.ts'
import { createSharedReads } from './shared-reads.ts'
import { type ContextWrites, createWrites } from './writes.ts'

export interface ContextStoreOptions {
  readonly journal: Journal
  /** Makes ids of contexts and of forks. Default: the time and 64 random bits. */
  readonly newId?: () => string
  /** Paths kept in memory. Default 64 MiB. */
  readonly hotMaxBytes?: number
  /** Beside a journal that is shared: copies that all who share it read. Closed with the store. */
  readonly copies?: HotCopies
}

/**
 * Contexts as surfaces and guards use them: checked, with what was read lately in memory, and with an error in words
 * for everything that cannot be. Throws CONTEXT_NOT_FOUND for what is not there or another tenant's, CONTEXT_CONFLICT
 * where a head is not where it is expected, BAD_REQUEST for ids and sizes that cannot be, and what the journal throws.
 */
export interface ContextStore extends ContextWrites {
  /** For lists, search and housekeeping; what changes contexts goes through this store. */
  readonly journal: Omit<Journal, 'append' | 'restore' | 'annotate' | 'delete' | 'path' | 'close'>
  /** Default: the whole path of the head `main`. */
  path(key: ContextKey, end?: PathEnd, range?: PathRange): Promise<ContextPath>
  summary(key: ContextKey): Promise<ContextSummary>
  /** As `summary`, and undefined where there is none. */
  find(key: ContextKey): Promise<ContextSummary | undefined>
  annotate(key: ContextKey, change: Annotation): Promise<ContextSummary>
  delete(key: ContextKey): Promise<void>
  /** A whole context from an export, under a name that must be free. */
  restore(appends: readonly Append[]): Promise<ContextSummary>
  /** Closes the journal too. */
  close(): Promise<void>
}

const hotMaxBytesDefault = 64 * 1024 * 1024

export const createContextStore = ({
  journal,
  newId = makeId,
  hotMaxBytes = hotMaxBytesDefault,
  copies,
}: ContextStoreOptions): ContextStore => {
  const hot = createHotPaths(hotMaxBytes)
  const reads = journal.shared ? createSharedReads(journal, hot, copies) : createReadThrough(journal, hot)
  const find = async (key: ContextKey): Promise<ContextSummary | undefined> => {
    checkKey(key)
    return journal.summary(key)
  }
  const summary = async (key: ContextKey): Promise<ContextSummary> => {
    const found = await find(key)
    if (!found) throw missingContext(key)
    return found
  }

  return {
    ...createWrites(journal, reads, newId),
    journal,
    path: async (key, end = { head: mainHead }, range) => {
      checkKey(key)
      if ('turn' in end) checkId(end.turn, 'turn')
      else checkId(end.head, 'head')
      const found = await reads.path(key, end, range)
      if (found) return found
      await summary(key)
      throw missingEnd(key, end)
    },
    summary,
    find,
    annotate: async (key, change) => {
      checkKey(key)
      checkAbout(change)
      const writing = reads.writing(key)
      const changed = await journal.annotate(key, change).finally(() => writing.changed())
      if (!changed) throw missingContext(key)
      return changed
    },
    delete: async (key) => {
      checkKey(key)
      const writing = reads.writing(key)
      if (!(await journal.delete(key).finally(() => writing.changed()))) throw missingContext(key)
    },
    restore: async (appends) => {
      for (const append of appends) checkAppend(append)
      const [first] = appends
      if (!first) throw new McpdError('BAD_REQUEST', 'There is nothing to restore.')
      const writing = reads.writing(first)
      await journal.restore(appends).finally(() => writing.changed())
      return summary(first)
    },
    close: async () => {
      await reads.close()
      await journal.close()
    },
  }
}

const checkKey = ({ tenant, context }: ContextKey): void => {
  checkId(tenant, 'tenant')
  checkId(context, 'context')
}
