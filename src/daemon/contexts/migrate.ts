import type { ContextKey, ContextSummary, StoredTurn } from '../../core/context.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import { type Exportable, exportContext } from './export.ts'
import { readExport } from './import.ts'
import { sha256 } from './journal/hashes.ts'

export interface Migrated {
  /** Contexts that were not there, and now are. */
  readonly copied: number
  /** That were there from an earlier run, and have grown since. */
  readonly renewed: number
  /** That were there already, turn for turn. */
  readonly same: number
  /** Ids of those in which an answer is being written: the next run takes them. */
  readonly busy: readonly string[]
  /** Ids of those that went on in the other store, or are others: nothing of them was touched. */
  readonly differing: readonly string[]
}

type Source = Exportable & Pick<Journal, 'list'>
type Target = Exportable & Pick<Journal, 'restore' | 'delete'>

const pageMax = 200

/**
 * Copies every context of a tenant into another store, the oldest first, and reads each copy back: all its hashes must
 * be there. It can be run again at any time; what is there already is left alone. Throws CONTEXT_DAMAGED for a copy
 * that does not read back as it was.
 */
export const migrateContexts = async (
  source: Source,
  target: Target,
  tenant: string,
  signal: AbortSignal,
): Promise<Migrated> => {
  const found: Record<Outcome, string[]> = { copied: [], renewed: [], same: [], busy: [], differing: [] }
  for (const context of await contextsOf(source, tenant, signal)) {
    signal.throwIfAborted()
    const outcome = await migrateOne(source, target, { tenant, context })
    if (outcome) found[outcome].push(context)
  }
  const { copied, renewed, same, busy, differing } = found
  return { copied: copied.length, renewed: renewed.length, same: same.length, busy, differing }
}

type Outcome = keyof Migrated

/** The last changed last, so that the copies are listed in the order of the originals. */
const contextsOf = async (
  source: Source,
  tenant: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    signal.throwIfAborted()
    const page = await source.list({ tenant, limit: pageMax, ...(cursor !== undefined && { cursor }) })
    ids.push(...page.contexts.map(({ context }) => context))
    cursor = page.next
    if (cursor === undefined) return ids.toReversed()
  }
}

/** Undefined for one that was deleted meanwhile. */
const migrateOne = async (source: Source, target: Target, key: ContextKey): Promise<Outcome | undefined> => {
  const original = await whole(source, key)
  if (!original) return undefined
  if (original.turns.some(({ state }) => state === 'streaming')) return 'busy'
  const there = await whole(target, key)
  if (there && isSame(original, there)) return 'same'
  if (there && !isEarlier(original, there)) return 'differing'
  const lines = await exportContext(
    { summary: async () => original.summary, turns: async () => original.turns },
    key,
  )
  const appends = readExport([...(lines ?? [])].join(''), key)
  if (there) await target.delete(key)
  try {
    await target.restore(appends)
  } catch (error) {
    // Somebody has made one of this name in this moment.
    if (isMcpdError(error) && error.code === 'CONFLICT') return 'differing'
    throw error
  }
  const copy = await whole(target, key)
  if (!copy || !isSame(original, copy))
    throw new McpdError('CONTEXT_DAMAGED', `The copy of the context ${key.context} is not what was copied.`, {
      suggestions: ['Run `mcpd context fsck`, then migrate again.'],
    })
  return there ? 'renewed' : 'copied'
}

interface Whole {
  readonly summary: ContextSummary
  readonly turns: readonly StoredTurn[]
}

const whole = async (journal: Exportable, key: ContextKey): Promise<Whole | undefined> => {
  const turns = await journal.turns(key)
  const summary = await journal.summary(key)
  return turns && summary && { turns, summary }
}

/** Every turn, its place, its hashes and its bytes, and where the heads are. */
const isSame = (original: Whole, copy: Whole): boolean =>
  original.turns.length === copy.turns.length &&
  isEarlier(original, copy) &&
  Object.keys(original.summary.heads).length === Object.keys(copy.summary.heads).length &&
  Object.entries(original.summary.heads).every(([name, at]) => copy.summary.heads[name] === at)

/** Whether all turns of the copy are in the original, as they are there. */
const isEarlier = (original: Whole, copy: Whole): boolean => {
  const known = new Map(original.turns.map((turn) => [turn.id, turn]))
  return copy.turns.every((turn) => {
    const first = known.get(turn.id)
    return (
      first?.chainHash === turn.chainHash &&
      first.parent === turn.parent &&
      first.state === turn.state &&
      sha256(turn.body) === first.bodyHash
    )
  })
}
