import type { ContextKey } from '../../../../src/core/context.ts'
import type { OwnJournal, SharedJournal } from '../../../../src/core/journal.ts'

/** A journal that others may write to, through the same object: it counts the changes of each context. */
export const sharing = (journal: OwnJournal): SharedJournal => {
  const revisions = new Map<string, number>()
  let last = 0
  const nameOf = ({ tenant, context }: ContextKey): string => `${tenant}/${context}`
  const bump = (key: ContextKey): string => {
    last += 1
    revisions.set(nameOf(key), last)
    return `r${last}`
  }
  return {
    ...journal,
    shared: true,
    append: async (request) => {
      const result = await journal.append(request)
      if (result.outcome !== 'ok') return result
      const before = revisions.get(nameOf(request))
      const from = before === undefined ? null : `r${before}`
      return { ...result, revisions: { from, to: bump(request) } }
    },
    restore: async (appends) => {
      await journal.restore(appends)
      for (const append of appends) bump(append)
    },
    annotate: async (key, change) => {
      const changed = await journal.annotate(key, change)
      if (changed) bump(key)
      return changed
    },
    delete: async (key) => {
      revisions.delete(nameOf(key))
      return journal.delete(key)
    },
    position: async (key, end) => {
      const path = await journal.path(key, end)
      if (!path) return undefined
      return {
        revision: `r${revisions.get(nameOf(key))}`,
        end: path.end,
        length: path.length,
        chainHash: path.turns.at(-1)?.chainHash ?? null,
      }
    },
  }
}
