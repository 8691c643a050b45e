import type { ContextKey, StoredTurn } from '../../core/context.ts'

/** What a turn takes beside its body, about. */
const turnBytes = 512

interface HotPath {
  readonly context: string
  readonly turns: readonly StoredTurn[]
  readonly bytes: number
}

/**
 * Paths of conversations in memory, the last used first, within a number of bytes. The path to a complete
 * turn never changes but for its pins, so it is kept under that turn; where heads are, is kept beside it.
 */
export interface HotPaths {
  path(key: ContextKey, end: string): readonly StoredTurn[] | undefined
  /** Where a head is; undefined where that is not known. */
  head(key: ContextKey, name: string): string | null | undefined
  keep(key: ContextKey, turns: readonly StoredTurn[]): void
  setHead(key: ContextKey, name: string, end: string | null): void
  /** A path that is not asked for any more, such as one that a longer one has replaced. */
  forget(key: ContextKey, end: string): void
  /** Everything about a context. */
  drop(key: ContextKey): void
  readonly bytes: () => number
}

export const createHotPaths = (maxBytes: number): HotPaths => {
  const paths = new Map<string, HotPath>()
  const heads = new Map<string, Map<string, string | null>>()
  let bytes = 0

  const forget = (name: string): void => {
    const path = paths.get(name)
    if (!path) return
    paths.delete(name)
    bytes -= path.bytes
  }
  const makeRoom = (): void => {
    for (const name of paths.keys()) {
      if (bytes <= maxBytes) return
      forget(name)
    }
  }
  return {
    path: (key, end) => {
      const name = `${contextOf(key)}\0${end}`
      const path = paths.get(name)
      if (!path) return undefined
      paths.delete(name)
      paths.set(name, path)
      return path.turns
    },
    head: (key, name) => heads.get(contextOf(key))?.get(name),
    keep: (key, turns) => {
      const last = turns.at(-1)
      if (!last) return
      const size = turns.reduce((sum, { bodyBytes }) => sum + bodyBytes + turnBytes, 0)
      if (size > maxBytes) return
      const name = `${contextOf(key)}\0${last.id}`
      forget(name)
      paths.set(name, { context: contextOf(key), turns, bytes: size })
      bytes += size
      makeRoom()
    },
    setHead: (key, name, end) => {
      const context = contextOf(key)
      const known = heads.get(context) ?? new Map<string, string | null>()
      known.set(name, end)
      heads.delete(context)
      heads.set(context, known)
      // A head is small: so many are known that every path that fits has one.
      const [oldest] = heads.keys()
      if (heads.size > headsMax && oldest !== undefined) heads.delete(oldest)
    },
    forget: (key, end) => forget(`${contextOf(key)}\0${end}`),
    drop: (key) => {
      const context = contextOf(key)
      heads.delete(context)
      for (const [name, path] of paths) if (path.context === context) forget(name)
    },
    bytes: () => bytes,
  }
}

/** Contexts whose heads are known. */
const headsMax = 50_000

const contextOf = ({ tenant, context }: ContextKey): string => `${tenant}\0${context}`
