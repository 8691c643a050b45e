import type { ContextKey } from '../../../core/context.ts'
import type { Journal } from '../../../core/journal.ts'
import { applyPath, applySummary, type KnownContext, pathIn } from './known-context.ts'
import type { Memory } from './memory.ts'

/** Contexts that are read in one beat. */
const contextsMax = 50

/**
 * Reads what is not known of contexts that this daemon may have to answer alone: what a hot copy has told its readers
 * never came by here. Throws what PostgreSQL throws.
 */
export const fill = async ({
  remote,
  memory,
}: {
  readonly remote: Pick<Journal, 'path' | 'summary'>
  readonly memory: Memory
}): Promise<void> => {
  for (const context of memory.unfilled(contextsMax)) {
    const { tenant, context: id } = context
    const key: ContextKey = { tenant, context: id }
    if (!context.hasHeads) {
      const learn = memory.reading(key)
      const summary = await remote.summary(key)
      if (summary) learn((known) => applySummary(known, summary))
    }
    for (const head of gapsOf(context)) {
      const learn = memory.reading(key)
      const path = await remote.path(key, { head })
      if (path) learn((known) => applyPath(known, { head }, path))
    }
    if (context.hasHeads && gapsOf(context).length === 0) memory.filled(context)
  }
}

/** Heads to which not all of the way is known. */
const gapsOf = (context: KnownContext): readonly string[] =>
  [...context.heads.keys()].filter((head) => pathIn(context, { head })?.missing !== undefined)
