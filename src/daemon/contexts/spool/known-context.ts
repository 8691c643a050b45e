import { emptyBody } from '../../../core/canonical-json.ts'
import type {
  Append,
  Appended,
  ContextAbout,
  ContextKey,
  ContextSummary,
  StoredTurn,
  Turn,
} from '../../../core/context.ts'
import type { ContextPath, PathEnd } from '../../../core/journal.ts'
import { annotated } from '../journal/annotation.ts'
import type { UsedKey } from '../journal/memory-context.ts'
import { fingerprintOf, withoutBody } from '../journal/plan.ts'

/** What this daemon knows of a context, from what it has read and written: all of it, or a part. */
export interface KnownContext extends ContextKey {
  about: ContextAbout
  createdAt: number
  updatedAt: number
  /** Of all its turns, known or not. */
  turnCount: number
  readonly heads: Map<string, string | null>
  readonly turns: Map<string, StoredTurn>
  /** Of the last appends with a key. */
  readonly keys: Map<string, UsedKey>
  /** All heads are known, and what is said about the context. */
  hasHeads: boolean
  /** All turns are known. */
  isWhole: boolean
  /** Bodies and what is around them. */
  bytes: number
}

/** What a turn takes beside its body, about. */
const turnBytes = 512
const contextBytes = 1024
const keysMax = 100

export const unknownContext = ({ tenant, context }: ContextKey): KnownContext => ({
  tenant,
  context,
  about: {},
  createdAt: 0,
  updatedAt: 0,
  turnCount: 0,
  heads: new Map(),
  turns: new Map(),
  keys: new Map(),
  hasHeads: false,
  isWhole: false,
  bytes: contextBytes,
})

/** Of a context that is not there yet: nothing is all there is to know. */
export const noContext = (key: ContextKey, at: number): KnownContext => ({
  ...unknownContext(key),
  createdAt: at,
  hasHeads: true,
  isWhole: true,
})

export const putTurns = (context: KnownContext, turns: readonly StoredTurn[]): void => {
  for (const turn of turns) {
    const before = context.turns.get(turn.id)
    context.bytes += turn.bodyBytes - (before?.bodyBytes ?? -turnBytes)
    context.turns.set(turn.id, turn)
  }
}

/** As they were read: what somebody else is writing would be kept as it is no more. */
export const putSettled = (context: KnownContext, turns: readonly StoredTurn[]): void =>
  putTurns(
    context,
    turns.filter(({ state }) => state !== 'streaming'),
  )

/** What an append has done, wherever it was written. */
export const applyAppend = (
  context: KnownContext,
  request: Append,
  { turns, head }: { readonly turns: readonly Turn[]; readonly head: string | null },
  at: number,
): void => {
  const made = turns.map((turn, index) => ({
    ...turn,
    body: request.turns[index]?.body ?? emptyBody(turn.role),
  }))
  if (context.heads.size === 0) context.about = annotated({}, request.about ?? {})
  putTurns(context, made)
  context.turnCount += turns.length - (request.closes === undefined ? 0 : 1)
  context.heads.set(request.head, head)
  context.updatedAt = at
  const { idempotencyKey: key } = request
  if (key === undefined) return
  context.keys.set(key, {
    fingerprint: fingerprintOf(request),
    head,
    turns: turns.map(({ id }) => id),
    at,
  })
  const [oldest] = context.keys.keys()
  if (context.keys.size > keysMax && oldest !== undefined) context.keys.delete(oldest)
}

/** Returns false where what was known is out of date. */
export const applySummary = (context: KnownContext, summary: ContextSummary): boolean => {
  const { tenant: _, context: __, heads, turns, createdAt, updatedAt, ...about } = summary
  for (const [name, at] of context.heads) if (heads[name] !== at) return false
  for (const [name, at] of Object.entries(heads)) context.heads.set(name, at)
  Object.assign(context, { about, turnCount: turns, createdAt, updatedAt, hasHeads: true })
  return true
}

/** Returns false where what was known is out of date. */
export const applyPath = (context: KnownContext, end: PathEnd, path: ContextPath): boolean => {
  if ('head' in end) {
    const known = context.heads.get(end.head)
    if (known !== undefined && known !== path.end) return false
    context.heads.set(end.head, path.end)
  }
  putSettled(context, path.turns)
  return true
}

export interface KnownPath {
  /** Null where a head has no turns. */
  readonly end: string | null
  /** The end of the path, as far as it is known. */
  readonly turns: readonly StoredTurn[]
  /** The turn before them, which is not known. */
  readonly missing?: string
}

/** Undefined where the end is not known. */
export const pathIn = ({ heads, turns }: KnownContext, end: PathEnd): KnownPath | undefined => {
  const leaf = 'turn' in end ? end.turn : heads.get(end.head)
  if (leaf === null) return { end: null, turns: [] }
  if (leaf === undefined || ('turn' in end && !turns.has(leaf))) return undefined
  const path: StoredTurn[] = []
  for (let id: string | null = leaf; id !== null;) {
    const turn = turns.get(id)
    if (!turn) return { end: leaf, turns: path.toReversed(), missing: id }
    path.push(turn)
    id = turn.parent
  }
  return { end: leaf, turns: path.toReversed() }
}

export const summaryIn = (context: KnownContext): ContextSummary => ({
  tenant: context.tenant,
  context: context.context,
  ...context.about,
  heads: Object.fromEntries([...context.heads].toSorted(([left], [right]) => (left < right ? -1 : 1))),
  turns: context.turnCount,
  createdAt: context.createdAt,
  updatedAt: context.updatedAt,
})

/** The answer to a key that was used; the turns as they are now. */
export const duplicateIn = ({ turns }: KnownContext, used: UsedKey): Appended => ({
  outcome: 'duplicate',
  head: used.head,
  turns: used.turns.flatMap((id) => {
    const turn = turns.get(id)
    return turn ? [withoutBody(turn)] : []
  }),
})
