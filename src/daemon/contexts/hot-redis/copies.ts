import type { ContextKey, StoredTurn } from '../../../core/context.ts'
import { failpoint } from '../failpoint.ts'
import { nameOf } from '../ids.ts'
import { RedisRefusal } from './connection.ts'
import { copyOf, type HotCopy } from './copy.ts'
import { createCounts, type HotCounts, type RepairReason } from './counts.ts'
import type { Sealing } from './items.ts'
import type { RedisLink } from './link.ts'
import { createRunner } from './runner.ts'
import { scripts } from './scripts.ts'
import { isOfServer, type RedisWatch } from './watch.ts'
import { createApply, createPromote, newName } from './write.ts'

/**
 * Copies of contexts in Redis, for all daemons of a journal. They are never needed, and by themselves prove nothing.
 * Nothing here rejects or waits longer than one deadline.
 */
export interface HotCopies {
  readonly counts: HotCounts
  read(key: ContextKey): Promise<HotCopy>
  /** Before a write: nobody reads or writes the copy until `apply`, `unmark` or `drop` names this token. */
  mark(key: ContextKey): string
  /** After a write that was acknowledged: puts the turns behind the copy if it is of the revision before. */
  apply(
    key: ContextKey,
    token: string,
    revisions: { readonly from: string | null; readonly to: string },
    turns: readonly StoredTurn[],
  ): void
  /** After a write that changed nothing. */
  unmark(key: ContextKey, token: string): void
  /** After any other write, or when it is not known whether it was done. */
  drop(key: ContextKey, token: string): void
  /**
   * Writes a path that was read from the journal, at this revision or later, over the copy that was read, or beside
   * what is in it: where the reason is `miss` what it has is right, and not enough.
   */
  promote(
    key: ContextKey,
    found: HotCopy,
    reason: RepairReason,
    revision: string,
    path: readonly StoredTurn[],
  ): void
  /** Waits for what was begun, at most one deadline. */
  close(): Promise<void>
}

export interface HotCopiesOptions {
  readonly link: RedisLink
  readonly watch: RedisWatch
  /** How long a context stays after its last turn. */
  readonly ttlMs: number
  /** Encrypts what is written of a context. Default: nothing is encrypted. */
  readonly sealingOf?: (key: ContextKey) => Sealing
}

/** Longer than an append may take: a writer that is gone is not waited for. */
const markMs = 15_000

const plain: Sealing = { seal: (bytes) => bytes, open: (bytes) => bytes }

export const createHotCopies = (options: HotCopiesOptions): HotCopies => {
  const { link, watch, ttlMs, sealingOf = () => plain } = options
  const counts = createCounts()
  const runner = createRunner(link, watch)
  const { run, begin } = runner
  const apply = createApply(runner, { ttlMs, sealingOf })
  const promote = createPromote(runner, { ttlMs, sealingOf })
  /** One for each context, however many wait for it. */
  const reads = new Map<string, Promise<HotCopy>>()
  /** Contexts whose copies are being written; who reads them next may do it again. */
  const promoting = new Set<string>()

  const read = async (key: ContextKey): Promise<HotCopy> => {
    try {
      return copyOf(await run(scripts.read, key, []), sealingOf(key))
    } catch (error) {
      if (!(error instanceof RedisRefusal)) return { kind: 'unavailable' }
      if (!isOfServer(error)) return { kind: 'broken', seen: undefined }
      watch.refused(error)
      return { kind: 'unavailable' }
    }
  }
  const end = (key: ContextKey, token: string, what: 'copy' | 'mark'): void =>
    begin(key, async () => void (await run(scripts.drop, key, [token, what])))

  return {
    counts,
    read: (key) => {
      const name = nameOf(key)
      const reading = reads.get(name) ?? read(key).finally(() => reads.delete(name))
      reads.set(name, reading)
      return reading
    },
    mark: (key) => {
      const token = newName()
      begin(key, async () => {
        await run(scripts.mark, key, [token, String(markMs)])
        failpoint('after-mark')
      })
      return token
    },
    apply: (key, ...written) => begin(key, () => apply(key, ...written)),
    unmark: (key, token) => end(key, token, 'mark'),
    drop: (key, token) => end(key, token, 'copy'),
    promote: (key, found, reason, revision, path) => {
      const name = nameOf(key)
      if (found.kind === 'pending' || found.kind === 'unavailable' || promoting.has(name)) return
      promoting.add(name)
      begin(key, async () => {
        const done = await promote(key, found, reason, revision, path).finally(() => promoting.delete(name))
        if (done) counts.repairs[reason] += 1
      })
    },
    close: async () => {
      await runner.settled()
      link.close()
    },
  }
}
