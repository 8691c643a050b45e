import { emptyBody } from '../../core/canonical-json.ts'
import type { Append, ContextKey, StoredTurn, Turn } from '../../core/context.ts'
import type { ContextPath, PathEnd, Position, SharedJournal } from '../../core/journal.ts'
import type { HotPaths } from './hot.ts'
import { confirm } from './hot-redis/confirm.ts'
import type { HotCopies } from './hot-redis/copies.ts'
import type { HotCopy } from './hot-redis/copy.ts'
import type { ReadOutcome } from './hot-redis/counts.ts'
import { isPart, partOf, type ReadThrough } from './read-through.ts'

/**
 * Reads of a journal that others write to. The journal is asked where a path ends and at which revision its context is,
 * in one cheap read each time; what memory or Redis has of that revision is the truth, and everything else is read from
 * the journal. Nothing that another daemon has acknowledged is missed by a read that begins afterwards.
 */
export const createSharedReads = (
  journal: SharedJournal,
  hot: HotPaths,
  copies: HotCopies | undefined,
): ReadThrough => {
  /** One for each path at each revision, however many wait for it. */
  const loads = new Map<string, Promise<ContextPath | undefined>>()

  const count = (outcome: ReadOutcome): void => {
    if (copies) copies.counts.reads[outcome] += 1
  }
  const remembered = (key: ContextKey, { revision, end, length }: Position): ContextPath | undefined => {
    if (end === null) return { end, length, turns: [] }
    const turns = hot.revision(key) === revision ? hot.path(key, end) : undefined
    return turns && { end, length, turns }
  }
  const remember = (
    key: ContextKey,
    before: string | undefined,
    revision: string,
    path: ContextPath,
  ): void => {
    const now = hot.revision(key)
    // Written to meanwhile, by this daemon: memory is ahead of what was read.
    if (now !== before && now !== revision) return
    if (now !== revision) hot.drop(key)
    hot.setRevision(key, revision)
    hot.keep(key, path.turns)
  }
  const load = async (
    key: ContextKey,
    end: PathEnd,
    first: Position,
    asked: Promise<HotCopy> | undefined,
  ): Promise<ContextPath | undefined> => {
    const before = hot.revision(key)
    const copy = await (asked ?? copies?.read(key))
    let at = first
    // A copy may be of a revision that came after the answer of the journal.
    if (copy?.kind === 'copy' && copy.revision !== at.revision) {
      const again = await journal.position(key, end)
      if (!again) return undefined
      at = again
    }
    const found = copy && confirm(copy, at)
    if (found) count(found.outcome)
    if (found?.outcome === 'hit') {
      const path = { end: at.end, length: at.length, turns: found.turns }
      remember(key, before, at.revision, path)
      return path
    }
    const path = await journal.path(key, at.end === null ? end : { turn: at.end })
    if (!path || path.end !== at.end) return path
    // Nothing in it is older than the revision; what is newer makes the revision an old one.
    remember(key, before, at.revision, path)
    if (
      copy &&
      found &&
      (found.outcome === 'miss' || found.outcome === 'stale' || found.outcome === 'broken')
    )
      copies?.promote(key, copy, found.outcome, at.revision, path.turns)
    return path
  }
  const loadOnce = (
    key: ContextKey,
    end: PathEnd,
    position: Position,
    asked: Promise<HotCopy> | undefined,
  ): Promise<ContextPath | undefined> => {
    const name = [key.tenant, key.context, position.revision, position.end].join('\0')
    const running = loads.get(name) ?? load(key, end, position, asked).finally(() => loads.delete(name))
    loads.set(name, running)
    return running
  }

  return {
    path: async (key, end, range = {}) => {
      const knows = hot.revision(key) !== undefined
      // A part of a long path is read as such: all of it would cost more than it saves.
      if (isPart(range) && !knows) return journal.path(key, end, range)
      const asked = knows ? undefined : copies?.read(key)
      const position = await journal.position(key, end)
      if (!position) return undefined
      const known = remembered(key, position)
      if (known) {
        count('memory')
        return partOf(known, range)
      }
      return isPart(range) ? journal.path(key, end, range) : loadOnce(key, end, position, asked)
    },
    writing: (key) => {
      const token = copies?.mark(key) ?? ''
      return {
        appended: (request, result) => {
          if (result.outcome === 'conflict' || !result.revisions) return copies?.unmark(key, token)
          const { revisions } = result
          const turns = writtenTurns(request, result.turns)
          copies?.apply(key, token, revisions, turns)
          const { from, to } = revisions
          if (from !== null && hot.revision(key) === from) extend(hot, request, turns)
          else {
            hot.drop(key)
            if (from !== null) return
            hot.keep(key, turns)
          }
          hot.setRevision(key, to)
        },
        changed: () => {
          hot.drop(key)
          copies?.drop(key, token)
        },
      }
    },
    close: async () => copies?.close(),
  }
}

/** The turns of an append as they are stored; an open one has a body that says nothing. */
const writtenTurns = (request: Append, made: readonly Turn[]): readonly StoredTurn[] =>
  made.map((turn, index) => ({ ...turn, body: request.turns[index]?.body ?? emptyBody(turn.role) }))

/** Puts the new turns behind the path in memory that they continue, if it is there. */
const extend = (hot: HotPaths, request: Append, turns: readonly StoredTurn[]): void => {
  const [first] = turns
  if (!first) return
  const open = request.closes === undefined ? undefined : hot.path(request, first.id)
  const before = first.parent === null ? [] : (hot.path(request, first.parent) ?? open?.slice(0, -1))
  if (request.closes !== undefined) hot.forget(request, first.id)
  if (!before) return
  hot.keep(request, [...before, ...turns])
  if (first.parent !== null && request.base === undefined) hot.forget(request, first.parent)
}
