import type { Journal, OwnJournal } from '../../../core/journal.ts'

/**
 * A journal that is opened when it is first needed: a daemon that keeps no conversations pays nothing for them. One
 * that cannot be opened throws why, and is tried again with the next need.
 */
export const lazyJournal = (
  facts: Pick<Journal, 'driver' | 'shared'>,
  open: () => Promise<Journal>,
): Journal => {
  let opening: Promise<Journal> | undefined
  const opened = (): Promise<Journal> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const verbs = {
    append: async (request) => (await opened()).append(request),
    restore: async (appends) => (await opened()).restore(appends),
    path: async (...query) => (await opened()).path(...query),
    summary: async (key) => (await opened()).summary(key),
    list: async (query) => (await opened()).list(query),
    turns: async (key) => (await opened()).turns(key),
    findTurn: async (...query) => (await opened()).findTurn(...query),
    search: async (query) => (await opened()).search(query),
    annotate: async (...change) => (await opened()).annotate(...change),
    delete: async (key) => (await opened()).delete(key),
    seal: async (signal) => (await opened()).seal(signal),
    rotate: async (signal) => (await opened()).rotate(signal),
    keys: async () => (await opened()).keys(),
    collect: async (...policy) => (await opened()).collect(...policy),
    async *fsck(signal) {
      yield* (await opened()).fsck(signal)
    },
    stats: async () => (await opened()).stats(),
    recover: async () => (await opened()).recover(),
    outbox: async (...query) => (await opened()).outbox(...query),
    settle: async (...through) => (await opened()).settle(...through),
    close: async () => (await opening?.catch(() => undefined))?.close(),
  } satisfies Omit<OwnJournal, 'driver' | 'shared'>
  const { driver, shared } = facts
  if (!shared) return { ...verbs, driver, shared }
  return {
    ...verbs,
    driver,
    shared,
    position: async (...query) => {
      const journal = await opened()
      if (!journal.shared) throw new TypeError('A shared journal was announced, and another one opened.')
      return journal.position(...query)
    },
  }
}
