import type { ContextKey, StoredTurn } from '../../core/context.ts'
import { nameOf } from './ids.ts'

/** What a turn takes beside its body, about. */
const turnBytes = 512

interface HotPath {
  readonly context: string
  readonly end: string
  readonly turns: readonly StoredTurn[]
  readonly bytes: number
}

/** What is known of one context. */
interface HotContext {
  readonly heads: Map<string, string | null>
  /** The turns that paths in memory end at. */
  readonly ends: Set<string>
  revision?: string
}

/**
 * Paths of conversations in memory, the last used first, within a number of bytes. The path to a complete
 * turn never changes but for its pins, so it is kept under that turn; where heads are, is kept beside it.
 */
export interface HotPaths {
  path(key: ContextKey, end: string): readonly StoredTurn[] | undefined
  /** Where a head is; undefined where that is not known. */
  head(key: ContextKey, name: string): string | null | undefined
  /** What everything that is known of a context is of, where that was said. */
  revision(key: ContextKey): string | undefined
  keep(key: ContextKey, turns: readonly StoredTurn[]): void
  setHead(key: ContextKey, name: string, end: string | null): void
  setRevision(key: ContextKey, revision: string): void
  /** A path that is not asked for any more, such as one that a longer one has replaced. */
  forget(key: ContextKey, end: string): void
  /** Everything about a context. */
  drop(key: ContextKey): void
  readonly bytes: () => number
}

export const createHotPaths = (maxBytes: number): HotPaths => {
  const paths = new Map<string, HotPath>()
  const contexts = new Map<string, HotContext>()
  let bytes = 0

  const forget = (name: string): void => {
    const path = paths.get(name)
    if (!path) return
    paths.delete(name)
    contexts.get(path.context)?.ends.delete(path.end)
    bytes -= path.bytes
  }
  const makeRoom = (): void => {
    for (const name of paths.keys()) {
      if (bytes <= maxBytes) return
      forget(name)
    }
  }
  const drop = (context: string): void => {
    for (const end of contexts.get(context)?.ends ?? []) forget(`${context}\0${end}`)
    contexts.delete(context)
  }
  /** Makes it the last one to go. */
  const known = (key: ContextKey): HotContext => {
    const context = nameOf(key)
    const found = contexts.get(context) ?? { heads: new Map(), ends: new Set() }
    contexts.delete(context)
    contexts.set(context, found)
    // It is small: so many are known that every path that fits has one.
    const [oldest] = contexts.keys()
    if (contexts.size > contextsMax && oldest !== undefined) drop(oldest)
    return found
  }
  return {
    path: (key, end) => {
      const name = `${nameOf(key)}\0${end}`
      const path = paths.get(name)
      if (!path) return undefined
      paths.delete(name)
      paths.set(name, path)
      return path.turns
    },
    head: (key, name) => contexts.get(nameOf(key))?.heads.get(name),
    revision: (key) => contexts.get(nameOf(key))?.revision,
    keep: (key, turns) => {
      const last = turns.at(-1)
      if (!last) return
      const size = turns.reduce((sum, { bodyBytes }) => sum + bodyBytes + turnBytes, 0)
      if (size > maxBytes) return
      const context = nameOf(key)
      const name = `${context}\0${last.id}`
      forget(name)
      known(key).ends.add(last.id)
      paths.set(name, { context, end: last.id, turns, bytes: size })
      bytes += size
      makeRoom()
    },
    setHead: (key, name, end) => void known(key).heads.set(name, end),
    setRevision: (key, revision) => {
      known(key).revision = revision
    },
    forget: (key, end) => forget(`${nameOf(key)}\0${end}`),
    drop: (key) => drop(nameOf(key)),
    bytes: () => bytes,
  }
}

const contextsMax = 50_000
