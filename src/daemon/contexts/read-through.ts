import type { Append, Appended, ContextKey, StoredTurn, Turn } from '../../core/context.ts'
import type { ContextPath, OwnJournal, PathEnd, PathRange } from '../../core/journal.ts'
import type { HotPaths } from './hot.ts'
import { nameOf } from './ids.ts'
import { placesOf } from './journal/range.ts'

/** Reads paths from memory where they are and from the journal where not, and keeps memory true to what is written. */
export interface ReadThrough {
  path(key: ContextKey, end: PathEnd, range?: PathRange): Promise<ContextPath | undefined>
  /** Before a context is written to; one of both is to be called when that is done. */
  writing(key: ContextKey): Writing
  close(): Promise<void>
}

export interface Writing {
  /** After an append was acknowledged. */
  appended(request: Append, result: Appended): void
  /** After anything else was changed in the context, or when it is not known whether it was. */
  changed(): void
}

interface Load {
  readonly context: string
  readonly path: Promise<ContextPath | undefined>
}

/** Of a journal that nobody else writes to: what is in memory is the truth. */
export const createReadThrough = (journal: OwnJournal, hot: HotPaths): ReadThrough => {
  /** One for each path that is being read, however many wait for it. */
  const loads = new Map<string, Load>()

  const cached = (key: ContextKey, end: PathEnd): readonly StoredTurn[] | undefined => {
    const leaf = 'turn' in end ? end.turn : hot.head(key, end.head)
    if (leaf === null) return []
    return leaf === undefined ? undefined : hot.path(key, leaf)
  }
  const load = (key: ContextKey, end: PathEnd): Promise<ContextPath | undefined> => {
    const context = nameOf(key)
    const name = `${context}\0${'turn' in end ? `turn\0${end.turn}` : `head\0${end.head}`}`
    const running = loads.get(name)
    if (running) return running.path
    const path = read(key, end, () => loads.get(name) === started)
    const started: Load = { context, path }
    loads.set(name, started)
    return path.finally(() => {
      if (loads.get(name) === started) loads.delete(name)
    })
  }
  const read = async (
    key: ContextKey,
    end: PathEnd,
    isCurrent: () => boolean,
  ): Promise<ContextPath | undefined> => {
    const path = await journal.path(key, end)
    // What was written meanwhile may not be in it.
    if (path && isCurrent()) {
      hot.keep(key, settledPart(path.turns))
      if ('head' in end) hot.setHead(key, end.head, path.end)
    }
    return path
  }
  const renew = (key: ContextKey): void => {
    const context = nameOf(key)
    for (const [name, load] of loads) if (load.context === context) loads.delete(name)
  }

  return {
    path: async (key, end, range = {}) => {
      const known = cached(key, end)
      if (known) return partOf({ end: known.at(-1)?.id ?? null, length: known.length, turns: known }, range)
      // A part of a long path is read as such: all of it would cost more than it saves.
      return isPart(range) ? journal.path(key, end, range) : load(key, end)
    },
    writing: (key) => ({
      appended: (request, result) => {
        renew(key)
        if (result.outcome !== 'ok') return
        extend(hot, request, result.turns)
        hot.setHead(key, request.head, result.head)
      },
      changed: () => {
        renew(key)
        hot.drop(key)
      },
    }),
    close: async () => undefined,
  }
}

/** An open turn is yet to change: a path is kept without it. */
const settledPart = (turns: readonly StoredTurn[]): readonly StoredTurn[] =>
  turns.at(-1)?.state === 'streaming' ? turns.slice(0, -1) : turns

/** Puts the new turns behind the path in memory that they continue, if it is there. */
const extend = (hot: HotPaths, request: Append, made: readonly Turn[]): void => {
  const [first] = made
  if (!first) return
  const before = first.parent === null ? [] : hot.path(request, first.parent)
  if (!before) return
  const turns = made.flatMap((turn, index) => {
    const body = request.turns[index]?.body
    return body ? [{ ...turn, body }] : []
  })
  if (turns.length === 0) return
  hot.keep(request, [...before, ...turns])
  if (first.parent !== null && request.base === undefined) hot.forget(request, first.parent)
}

/** Whether less than all is asked for. */
export const isPart = ({ from, to, last }: PathRange): boolean =>
  from !== undefined || to !== undefined || last !== undefined

export const partOf = (path: ContextPath, range: PathRange): ContextPath => {
  const { from, to } = placesOf(range, path.length)
  return {
    ...path,
    turns: from === 1 && to === path.length ? path.turns : path.turns.slice(from - 1, Math.max(from - 1, to)),
  }
}
