import type { ContextAbout, ContextKey, ContextSummary, StoredTurn } from '../../../core/context.ts'
import type {
  Annotation,
  CollectPolicy,
  Collected,
  ContextPath,
  FoundTurn,
  JournalStats,
  ListPage,
  ListQuery,
  PathEnd,
  PathRange,
  Problem,
  SearchHit,
  SearchQuery,
} from '../../../core/journal.ts'
import { excerptOf, indexText, phrasesOf } from '../search-text.ts'
import { annotated } from './annotation.ts'
import { cursorOf, readCursor } from './cursor.ts'
import { expiryOf, keysBefore } from './policy.ts'
import { placesOf } from './range.ts'
import { withoutBody } from './plan.ts'
import { noTurn } from './refusals.ts'
import { damaged, faultOf, verifyPath } from './verify.ts'

/** A context as the memory driver has it, and what can be read from it. */
export interface MemoryContext extends ContextKey {
  about: ContextAbout
  readonly createdAt: number
  updatedAt: number
  readonly heads: Map<string, string | null>
  /** In the order they were stored. */
  readonly turns: Map<string, StoredTurn>
  readonly keys: Map<string, UsedKey>
}

export interface UsedKey {
  readonly fingerprint: string
  readonly head: string | null
  readonly turns: readonly string[]
  readonly at: number
}

export const pathOf = (context: MemoryContext, end: PathEnd, range: PathRange): ContextPath | undefined => {
  const leaf = 'turn' in end ? end.turn : context.heads.get(end.head)
  if (leaf === null) return { end: null, length: 0, turns: [] }
  if (leaf === undefined || ('turn' in end && !context.turns.has(leaf))) return undefined
  const whole: StoredTurn[] = []
  for (let id: string | null = leaf; id !== null;) {
    const turn: StoredTurn | undefined = context.turns.get(id)
    if (!turn) throw damaged(context, `the turn ${id} is missing`)
    whole.push(turn)
    id = turn.parent
  }
  whole.reverse()
  verifyPath(context, whole, 1)
  const { from, to } = placesOf(range, whole.length)
  return { end: leaf, length: whole.length, turns: whole.slice(from - 1, Math.max(from - 1, to)) }
}

export const summaryOf = (context: MemoryContext): ContextSummary => ({
  tenant: context.tenant,
  context: context.context,
  ...context.about,
  heads: Object.fromEntries([...context.heads].toSorted(([left], [right]) => (left < right ? -1 : 1))),
  turns: context.turns.size,
  createdAt: context.createdAt,
  updatedAt: context.updatedAt,
})

export const listOf = (
  contexts: readonly MemoryContext[],
  { tenant, tag, cursor, limit }: ListQuery,
): ListPage => {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const found = contexts
    .filter((each) => each.tenant === tenant && (tag === undefined || each.about.tags?.includes(tag)))
    .filter(
      (each) =>
        !after ||
        each.updatedAt < after.updatedAt ||
        (each.updatedAt === after.updatedAt && each.context > after.context),
    )
    .toSorted((left, right) => right.updatedAt - left.updatedAt || (left.context < right.context ? -1 : 1))
  const page = found.slice(0, limit).map(summaryOf)
  const last = page.at(-1)
  return { contexts: page, ...(last && found.length > limit && { next: cursorOf(last) }) }
}

export const findTurnIn = (
  contexts: readonly MemoryContext[],
  tenant: string,
  id: string,
): FoundTurn | undefined => {
  const context = contexts.findLast((each) => each.tenant === tenant && each.turns.has(id))
  const turn = context?.turns.get(id)
  if (!context || !turn) return undefined
  const heads = [...context.heads].filter(([, at]) => at === id).map(([name]) => name)
  return { tenant, context: context.context, turn: withoutBody(turn), heads: heads.toSorted() }
}

export const searchIn = (
  contexts: readonly MemoryContext[],
  { tenant, text, context, limit }: SearchQuery,
): readonly SearchHit[] => {
  const phrases = phrasesOf(text)
  if (phrases.length === 0) return []
  const hits = contexts
    .filter((each) => each.tenant === tenant && (context === undefined || each.context === context))
    .flatMap((each) =>
      [...each.turns.values()].flatMap((turn) => {
        if (turn.state === 'streaming') return []
        const words = ` ${indexText(turn.body)} `
        const counts = phrases.map((phrase) => words.split(` ${phrase} `).length - 1)
        if (counts.includes(0)) return []
        const score = counts.reduce((sum, count) => sum + count, 0) / words.length
        const { tenant, context } = each
        return [{ tenant, context, turn: withoutBody(turn), score, excerpt: excerptOf(turn.body, phrases) }]
      }),
    )
  return hits.toSorted((left, right) => right.score - left.score).slice(0, limit)
}

export const annotateIn = (context: MemoryContext, change: Annotation): void => {
  const pins = Object.entries(change.pins ?? {})
  const missing = pins.find(([id]) => !context.turns.has(id))
  if (missing) throw noTurn(context, missing[0])
  for (const [id, pinned] of pins) {
    const turn = context.turns.get(id)
    if (turn) context.turns.set(id, { ...turn, pinned })
  }
  context.about = annotated(context.about, change)
}

export const collectFrom = (
  contexts: readonly MemoryContext[],
  policy: CollectPolicy,
  now: number,
  remove: (context: MemoryContext) => void,
): Collected => {
  const expired = contexts.filter(({ tenant, about, updatedAt }) => {
    const before = expiryOf(policy, tenant, now)
    return before !== undefined && !about.pinned && updatedAt < before
  })
  for (const context of expired) remove(context)
  let idempotencyKeys = 0
  for (const { keys } of contexts)
    for (const [key, { at }] of keys)
      if (at < keysBefore(policy, now) && keys.delete(key)) idempotencyKeys += 1
  return { contexts: expired.length, bodies: 0, segments: 0, idempotencyKeys }
}

export function* problemsOf(context: MemoryContext): Iterable<Problem> {
  const { tenant, context: id, turns, heads } = context
  for (const turn of turns.values()) {
    const parent = turn.parent === null ? null : turns.get(turn.parent)
    if (turn.parent !== null && !parent)
      yield {
        kind: 'parent-missing',
        tenant,
        context: id,
        turn: turn.id,
        detail: `${turn.parent} is missing`,
      }
    const fault = faultOf(turn, parent)
    if (fault) yield { ...fault, tenant, context: id, turn: turn.id }
  }
  for (const [name, at] of heads)
    if (at !== null && !turns.has(at))
      yield { kind: 'head-dangling', tenant, context: id, turn: at, detail: `the head ${name} leads nowhere` }
}

export const statsOf = (contexts: readonly MemoryContext[]): Omit<JournalStats, 'outbox'> => {
  const turns = contexts.flatMap((context) => [...context.turns.values()])
  const content = turns.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
  return {
    contexts: contexts.length,
    heads: contexts.reduce((sum, { heads }) => sum + heads.size, 0),
    turns: turns.length,
    streaming: turns.filter(({ state }) => state === 'streaming').length,
    bodies: turns.length,
    segments: 0,
    bytes: { content, bodies: content, segments: 0, stored: 0 },
  }
}
