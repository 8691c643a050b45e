import type { ContextKey } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import type { SpoolStats } from '../../../core/journal.ts'
import type { Vault } from '../encryption/vault.ts'
import { nameOf } from '../ids.ts'
import type { ThreadStart } from '../journal/sqlite/thread-body.ts'
import { createThreadClient, type ThreadClient } from '../journal/sqlite/thread-client.ts'
import { decodeEntry, encodeEntry, renameIn, type SpoolEntry } from './entry.ts'
import type { Spooled, SpooledPage } from './spooled.ts'

export interface NumberedEntry extends SpoolEntry {
  readonly n: number
}

/** The appends that wait for PostgreSQL, on the disk. Throws STORE_UNAVAILABLE where the disk does not take them. */
export interface SpoolFile {
  /** Once. Throws CONFIG_INVALID for the file of a newer mcpd and DAEMON_RUNNING for that of another daemon. */
  open(): Promise<void>
  has(key: ContextKey): boolean
  /** Contexts with entries, the first that came first. */
  contexts(): readonly ContextKey[]
  /** Whether the entries of a context are from before `open`. */
  isLeft(key: ContextKey): boolean
  /** This run answers for what is left of a context. */
  taken(key: ContextKey): void
  /** Whether an append that was refused may be in the file all the same. */
  isUnsure(key: ContextKey): boolean
  /** Resolves when it is on the disk. Throws STORE_UNAVAILABLE when the spool is full. */
  add(entry: SpoolEntry): Promise<void>
  /** The first entries after a number, with the ids that turns before them have got in PostgreSQL; none: that was all. */
  read(key: ContextKey, after: number): Promise<readonly NumberedEntry[]>
  /** The first entries of a context are in PostgreSQL, with some ids other than told. */
  carried(entries: readonly NumberedEntry[], renamed: SpooledPage['renamed']): Promise<void>
  /** Nothing of a context is left, and nobody goes on from what was told of it. */
  emptied(key: ContextKey): Promise<void>
  stats(): Omit<SpoolStats, 'forks'>
  close(): Promise<void>
}

export interface SpoolFileOptions {
  /** Absolute. */
  readonly path: string
  /** Of all entries. */
  readonly maxBytes: number
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly vault: Vault
  /** Default: one of its own. */
  readonly thread?: ThreadClient
}

/** What an entry is encrypted as. */
const place = 'spool'

interface Waiting extends Spooled {
  readonly isLeft: boolean
  /** The number of the last entry that is known. */
  readonly last: number
  /** Whether there may be another one. */
  readonly isUnsure?: boolean
}

/** What the thread of a spool is told. */
export const spoolThreadStart = (path: string): ThreadStart => ({
  role: 'spool',
  path,
  searchPath: '',
  owner: '',
  consumers: [],
  keys: [],
})

export const createSpoolFile = ({
  path,
  maxBytes,
  clock,
  vault,
  thread = createThreadClient(spoolThreadStart(path), () => undefined),
}: SpoolFileOptions): SpoolFile => {
  const waiting = new Map<string, Waiting>()
  let bytes = 0

  const count = ({ tenant, context }: ContextKey, entries: number, size: number): void => {
    const name = nameOf({ tenant, context })
    const known = waiting.get(name) ?? { entries: 0, bytes: 0, at: clock(), isLeft: false, last: 0 }
    bytes += size
    waiting.set(name, {
      ...known,
      tenant,
      context,
      entries: known.entries + entries,
      bytes: known.bytes + size,
    })
  }
  const change = (key: ContextKey, more: Partial<Waiting>): void => {
    const known = waiting.get(nameOf(key))
    if (known) waiting.set(nameOf(key), { ...known, ...more })
  }
  const read: SpoolFile['read'] = async ({ tenant, context }, after) => {
    const key = { tenant, context }
    const { answer, bytes: all } = await thread.ask('spooledOf', [key, after])
    const names = new Map(answer.renamed)
    const cipher = vault.of(key)
    let offset = 0
    const entries = answer.rows.map(({ n, length }) => {
      const entry = decodeEntry(cipher.open(place, Buffer.from(all, offset, length)))
      offset += length
      return { ...renameIn(entry, names), n }
    })
    change(key, { last: Math.max(waiting.get(nameOf(key))?.last ?? 0, entries.at(-1)?.n ?? 0) })
    return entries
  }
  /** Whether an entry was written whose answer never came. */
  const isThere = async (key: ContextKey): Promise<boolean> => {
    change(key, { isUnsure: true })
    const found = await read(key, waiting.get(nameOf(key))?.last ?? 0)
    change(key, { isUnsure: false })
    return found.length > 0
  }
  return {
    open: async () => {
      const { answer } = await thread.ask('spooled', [])
      for (const each of answer) {
        waiting.set(nameOf(each), { ...each, isLeft: true, last: 0 })
        bytes += each.bytes
      }
    },
    has: (key) => waiting.has(nameOf(key)),
    contexts: () => [...waiting.values()].map(({ tenant, context }) => ({ tenant, context })),
    isLeft: (key) => waiting.get(nameOf(key))?.isLeft === true,
    taken: (key) => change(key, { isLeft: false }),
    isUnsure: (key) => waiting.get(nameOf(key))?.isUnsure === true,
    add: async (entry) => {
      const { tenant, context } = entry.append
      const key = { tenant, context }
      const sealed = vault.of(key).seal(place, encodeEntry(entry))
      if (bytes + sealed.length > maxBytes) throw full(path)
      // Counted before it is written: what is not known to be written is looked for when the context is carried over.
      count(key, 1, sealed.length)
      try {
        const { answer: last } = await thread.ask('spool', [key, clock()], new Uint8Array(sealed).buffer)
        change(key, { last })
      } catch (error) {
        if (await isThere(key).catch(() => undefined)) return
        if (waiting.get(nameOf(key))?.isUnsure === true) throw error
        count(key, -1, -sealed.length)
        if (waiting.get(nameOf(key))?.entries === 0) waiting.delete(nameOf(key))
        throw error
      }
    },
    read,
    carried: async (entries, renamed) => {
      const last = entries.at(-1)
      if (!last) return
      const { tenant, context } = last.append
      await thread.ask('carried', [{ tenant, context }, last.n, renamed])
      const known = waiting.get(nameOf({ tenant, context }))
      // About: the sizes of entries are not kept one by one.
      if (known)
        count(
          known,
          -entries.length,
          -Math.round((known.bytes * entries.length) / Math.max(entries.length, known.entries)),
        )
    },
    emptied: async (key) => {
      const { tenant, context } = key
      await thread.ask('emptied', [{ tenant, context }])
      bytes -= waiting.get(nameOf(key))?.bytes ?? 0
      waiting.delete(nameOf(key))
    },
    stats: () => {
      const all = [...waiting.values()]
      return {
        appends: all.reduce((sum, { entries }) => sum + entries, 0),
        bytes,
        oldestMs: all.length === 0 ? 0 : Math.max(0, clock() - Math.min(...all.map(({ at }) => at))),
      }
    },
    close: () => thread.close(),
  }
}

const full = (path: string): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    'PostgreSQL, which keeps the contexts, is not available, and the spool is full.',
    { retryAfterSeconds: 5, suggestions: [`Start PostgreSQL, or raise contexts.spool.max (${path}).`] },
  )
