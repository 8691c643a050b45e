import { randomBytes } from 'node:crypto'
import type { ContextKey, StoredTurn } from '../../../core/context.ts'
import { failpoint } from '../failpoint.ts'
import { RedisRefusal } from './connection.ts'
import { createCounts, type HotCounts, type RepairReason } from './counts.ts'
import { blocksOf, type ItemTurn, rawItem, readItems, type Sealing } from './items.ts'
import type { RedisLink } from './link.ts'
import { type Script, scripts } from './scripts.ts'
import { isOfServer, type RedisWatch } from './watch.ts'

/** What Redis has of a context. */
export type HotCopy =
  /** It says of which revision it is; who knows that this is still the one may believe what is in it. */
  | {
      readonly kind: 'copy'
      readonly seen: string
      readonly revision: string
      readonly turns: () => CopiedTurns
    }
  /** `seen` is undefined where the keys are not of the type that they should be. */
  | { readonly kind: 'none' | 'broken'; readonly seen: string | undefined }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unavailable' }

/** Throws for items that are not as they were written. */
export type CopiedTurns = ReadonlyMap<string, ItemTurn>

/**
 * Copies of contexts in Redis, for all daemons of a journal. They are never needed, and by themselves prove nothing.
 * Nothing here rejects or waits longer than one deadline.
 */
export interface HotCopies {
  readonly counts: HotCounts
  read(key: ContextKey): Promise<HotCopy>
  /** Before a write: what the copy has is not to be believed until `applied` or `dropped` names this token. */
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

/** So many turns lie as they are behind the blocks, or so many bytes of them, before they are folded into one. */
const rawTurns = 8
const rawBytes = 16 * 1024
/** Larger copies would not come within the deadline. */
const copyMaxBytes = 4 * 1024 * 1024
/** Longer than an append may take: a writer that is gone is not waited for. */
const markMs = 15_000

const nameOf = ({ tenant, context }: ContextKey): string => `${tenant}\0${context}`

const plain: Sealing = { seal: (bytes) => bytes, open: (bytes) => bytes }

/** One slot for the keys of a context. Ids have no braces and no dots in them. The number is that of the format. */
const keysOf = ({ tenant, context }: ContextKey): readonly string[] =>
  ['meta', 'log', 'marks'].map((part) => `mcpd:hot1:{${tenant}.${context}}:${part}`)

export const createHotCopies = (options: HotCopiesOptions): HotCopies => {
  const { link, watch, ttlMs, sealingOf = () => plain } = options
  const counts = createCounts()
  const ttl = String(ttlMs)
  /** What nobody waits for but the end. */
  const running = new Set<Promise<void>>()
  const reads = new Map<string, Promise<HotCopy>>()
  const folding = new Set<string>()

  const run = (script: Script, key: ContextKey, args: readonly (string | Buffer)[]): Promise<unknown> =>
    link.run(script, keysOf(key), args)
  /** What goes wrong leaves a copy that is found to be old, or none. */
  const begin = (key: ContextKey, work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => {
        if (!(error instanceof RedisRefusal)) return undefined
        if (isOfServer(error)) return watch.refused(error)
        return run(scripts.drop, key, ['', 'copy']).then(
          () => undefined,
          () => undefined,
        )
      })
      .finally(() => running.delete(done))
    running.add(done)
  }

  /** What could not be put behind a copy makes it an old one, which only takes room. */
  const tried = async (
    key: ContextKey,
    token: string,
    answer: Promise<unknown>,
  ): Promise<readonly unknown[]> => {
    try {
      return (await answer) as readonly unknown[]
    } catch (error) {
      if (error instanceof RedisRefusal) await run(scripts.drop, key, [token, 'copy'])
      throw error
    }
  }
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
  const fold = async (key: ContextKey, [, name, times, items]: readonly unknown[]): Promise<void> => {
    const old = items as readonly Buffer[]
    const sealing = sealingOf(key)
    const blocks = blocksOf([...readItems(old, sealing).values()], sealing)
    const bytes = old.reduce((sum, item) => sum + item.length, 0)
    const numbers = [times as number, old.length, bytes, blocks.full].map(String)
    await run(scripts.fold, key, [name as Buffer, ...numbers, ttl, ...blocks.items])
  }

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
    apply: (key, token, { from, to }, turns) =>
      begin(key, async () => {
        const sealing = sealingOf(key)
        const items =
          turns.length > rawTurns
            ? blocksOf(turns, sealing).items
            : turns.map((turn) => rawItem(turn, sealing))
        const limits = [rawTurns + 1, rawBytes, copyMaxBytes].map(String)
        const args = [token, from ?? '', to, ttl, newName(), ...limits, ...items]
        const answer = await tried(key, token, run(scripts.apply, key, args))
        failpoint('after-apply')
        const name = nameOf(key)
        if (String(answer[0]) !== 'ripe' || folding.has(name)) return
        folding.add(name)
        await fold(key, answer).finally(() => folding.delete(name))
      }),
    unmark: (key, token) => begin(key, async () => void (await run(scripts.drop, key, [token, 'mark']))),
    drop: (key, token) => begin(key, async () => void (await run(scripts.drop, key, [token, 'copy']))),
    promote: (key, found, reason, revision, path) => {
      if (found.kind === 'pending' || found.kind === 'unavailable') return
      const { seen } = found
      const adds = found.kind === 'copy' && reason === 'miss'
      begin(key, async () => {
        const known = adds ? found.turns() : undefined
        // Another branch of the same context: what they share is there already.
        const { items, full } = blocksOf(
          known ? path.filter(({ id }) => !known.has(id)) : path,
          sealingOf(key),
        )
        if (items.reduce((sum, item) => sum + item.length, 0) > copyMaxBytes) return
        if (seen === undefined) await run(scripts.drop, key, ['', 'copy'])
        const how = adds ? 'add' : 'replace'
        const numbers = [full, copyMaxBytes].map(String)
        const args = [seen ?? '', how, revision, ttl, newName(), ...numbers, ...items]
        if (String(await run(scripts.promote, key, args)) === 'promoted') counts.repairs[reason] += 1
      })
    },
    close: async () => {
      await Promise.all(running)
      link.close()
    },
  }
}

/** Of a copy among those that were and will be there under the same keys, or of a writer. */
const newName = (): string => randomBytes(9).toString('base64url')

const copyOf = (answer: unknown, sealing: Sealing): HotCopy => {
  const [kind, seen, revision, items] = answer as readonly [Buffer, Buffer?, Buffer?, (readonly Buffer[])?]
  const word = String(kind)
  if (word === 'pending') return { kind: word }
  if (word === 'none') return { kind: word, seen: '' }
  if (word !== 'copy' || !revision || !items) return { kind: 'broken', seen: String(seen) }
  let turns: CopiedTurns | undefined
  return {
    kind: word,
    seen: String(seen),
    revision: String(revision),
    turns: () => (turns ??= readItems(items, sealing)),
  }
}
