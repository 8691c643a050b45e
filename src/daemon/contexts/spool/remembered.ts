import { nameOf } from '../ids.ts'
import type { KnownContext } from './known-context.ts'

/**
 * A context in memory. Its revision is the fencing number: it is that of an append of this daemon, and while
 * PostgreSQL says the same, nobody else has written. That was so at `heldAtMs`, and is taken to be so for a lease.
 */
export interface Remembered {
  readonly context: KnownContext
  /** What of its bytes is counted. */
  bytes: number
  /** Rises with every append that begins or ends: what was read meanwhile may be older. */
  version: number
  revision?: string
  heldAtMs?: number
  /** All that a head leads to was seen to be here. */
  isFilled?: boolean
  /** When it was begun to be read; of what is not held that says how old it may be. */
  readonly readAtMs: number
}

/** Contexts in memory by their names, the last used last, within a number of bytes. */
export const createRemembered = (maxBytes: number, now: () => number) => {
  const all = new Map<string, Remembered>()
  let bytes = 0
  let lastVersion = 0
  const nextVersion = (): number => (lastVersion += 1)

  const drop = (name: string): void => {
    bytes -= all.get(name)?.bytes ?? 0
    all.delete(name)
  }
  const put = (context: KnownContext): Remembered => {
    const name = nameOf(context)
    drop(name)
    const made: Remembered = { context, bytes: 0, version: nextVersion(), readAtMs: now() }
    all.set(name, made)
    return made
  }
  /** Changes a context, counts what it takes, and makes room. */
  const change = <Result>(each: Remembered, work: (context: KnownContext) => Result): Result => {
    const { context } = each
    const result = work(context)
    const name = nameOf(context)
    if (all.get(name) !== each) return result
    bytes += context.bytes - each.bytes
    each.bytes = context.bytes
    all.delete(name)
    all.set(name, each)
    for (const oldest of all.keys()) {
      if (bytes <= maxBytes) break
      drop(oldest)
    }
    return result
  }

  return { all, nextVersion, put, change, drop }
}
