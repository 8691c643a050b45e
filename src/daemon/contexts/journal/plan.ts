import { emptyBody } from '../../../core/canonical-json.ts'
import type { Append, NewTurn, OpenTurn, StoredTurn, Turn } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import { chainHashOf, sha256 } from './hashes.ts'

/** What a driver knows of the context of an append, read in the transaction that will write. */
export interface KnownContext {
  readonly exists: boolean
  /** The turn that the head of the append is at, null where it has none; undefined: there is no such head. */
  readonly head: string | null | undefined
  /** A turn of the context. */
  readonly turn: (id: string) => Turn | undefined
}

/** What a driver has to write, and nothing else. */
export interface WritePlan {
  readonly outcome: 'ok'
  /** New turns, in order. With `closes` the first takes the place of the open turn. */
  readonly turns: readonly StoredTurn[]
  /** The turn announced behind them. */
  readonly opened?: StoredTurn
  /** Where the head is afterwards. */
  readonly head: string | null
}

/** All that it writes, the announced turn last. */
export const turnsOf = ({ turns, opened }: WritePlan): readonly StoredTurn[] =>
  opened ? [...turns, opened] : turns

export type AppendPlan = WritePlan | { readonly outcome: 'conflict'; readonly head: string | null }

export interface PlanOptions {
  /** Unix milliseconds. */
  readonly now: number
  readonly newId: () => string
}

/**
 * Decides what an append does: the rules of `Append`, the same for every driver. Reads nothing but `known` and
 * changes nothing. Throws as `Journal.append` says.
 */
export const planAppend = (append: Append, known: KnownContext, options: PlanOptions): AppendPlan => {
  if (!known.exists && append.expected !== null) throw notFound(append)
  const open = append.closes === undefined ? undefined : known.turn(append.closes)
  const conflict: AppendPlan = { outcome: 'conflict', head: known.head ?? null }
  if (append.closes !== undefined && open?.state !== 'streaming') return conflict
  if (!isExpected(append, known)) return conflict
  const parent = open ? parentOf(open, known) : baseOf(append, known)
  if (parent?.state === 'streaming') return conflict
  refuseTaken(append, known)
  const turns = chain(append, parent, open, options)
  const opened = append.opens && openedTurn(append.opens, turns.at(-1) ?? parent, options)
  const last = opened?.id ?? turns.at(-1)?.id ?? parent?.id ?? null
  const stays = open !== undefined && known.head !== open.id
  return {
    outcome: 'ok',
    turns,
    ...(opened && { opened }),
    head: stays ? (known.head ?? null) : last,
  }
}

const isExpected = (append: Append, known: KnownContext): boolean => {
  const { expected, turns, opens } = append
  if (expected === null) {
    const writes = turns.length > 0 || opens !== undefined
    return known.head === undefined || (known.head === null && writes)
  }
  if (known.head === undefined) throw notFound(append, 'head', append.head)
  return expected === '*' || expected === known.head
}

const baseOf = (append: Append, known: KnownContext): Turn | undefined => {
  const base = append.base === undefined ? known.head : append.base
  if (base === null || base === undefined) return undefined
  const turn = known.turn(base)
  if (!turn) throw append.base === undefined ? dangling(append, base) : notFound(append, 'turn', base)
  return turn
}

const parentOf = (turn: Turn, known: KnownContext): Turn | undefined =>
  turn.parent === null ? undefined : known.turn(turn.parent)

const refuseTaken = ({ turns, opens, closes }: Append, known: KnownContext): void => {
  const seen = new Set<string>()
  for (const { id } of opens ? [...turns, opens] : turns) {
    if (id === undefined) continue
    if (seen.has(id) || (id !== closes && known.turn(id) !== undefined))
      throw new McpdError('CONFLICT', `The context has a turn with the id ${id} already.`)
    seen.add(id)
  }
}

/** The new turns one behind the other; the first takes id and origin of the open turn that it closes. */
const chain = (
  append: Append,
  parent: Turn | undefined,
  open: Turn | undefined,
  options: PlanOptions,
): readonly StoredTurn[] => {
  const turns: StoredTurn[] = []
  for (const turn of append.turns) {
    const previous = turns.at(-1)
    const place =
      open && !previous ? { ...(open.origin && { origin: open.origin }), ...turn, id: open.id } : turn
    turns.push(nodeOf(place, previous ?? parent, options))
  }
  return turns
}

const nodeOf = (turn: NewTurn, parent: Turn | undefined, { now, newId }: PlanOptions): StoredTurn => {
  const bodyHash = sha256(turn.body)
  return {
    id: turn.id ?? newId(),
    parent: parent?.id ?? null,
    seq: (parent?.seq ?? 0) + 1,
    role: turn.role,
    at: turn.at ?? now,
    state: turn.state ?? 'complete',
    bodyHash,
    chainHash: chainHashOf(parent?.chainHash, bodyHash),
    bodyBytes: turn.body.length,
    pinned: turn.pinned ?? false,
    ...(turn.origin && { origin: turn.origin }),
    body: turn.body,
  }
}

const openedTurn = (
  { id, role, origin }: OpenTurn,
  parent: Turn | undefined,
  options: PlanOptions,
): StoredTurn => ({
  ...nodeOf({ id, role, body: emptyBody(role), ...(origin && { origin }) }, parent, options),
  state: 'streaming',
})

const notFound = ({ context }: Append, what?: 'head' | 'turn', name?: string): McpdError =>
  new McpdError(
    'CONTEXT_NOT_FOUND',
    what ? `The context ${context} has no ${what} ${name}.` : `There is no context ${context}.`,
  )

const dangling = ({ context, head }: Append, turn: string): McpdError =>
  new McpdError(
    'CONTEXT_DAMAGED',
    `The head ${head} of the context ${context} is at the turn ${turn}, which is missing.`,
    { suggestions: ['Run `mcpd context fsck`.'] },
  )

/** The node alone, as answers to an append have it. */
export const withoutBody = (turn: StoredTurn): Turn => {
  const { body, ...rest } = turn
  void body
  return rest
}

/**
 * What of an append must be the same when its idempotency key comes again: what is said, and without anything said
 * where the head goes. Ids may differ, and so may the head, for a retry may have become a fork.
 */
export const fingerprintOf = ({ base, turns, opens, closes }: Append): string =>
  sha256(
    Buffer.from(
      JSON.stringify([
        turns.length > 0 || base === undefined ? [] : base,
        closes !== undefined,
        opens?.role,
        turns.map(({ role, state, pinned, body }) => [role, state, pinned ?? false, sha256(body)]),
      ]),
    ),
  )

export const keyReused = ({ idempotencyKey }: Append): McpdError =>
  new McpdError(
    'CONFLICT',
    `The idempotency key ${idempotencyKey} was used for other content in this context.`,
    { suggestions: ['Send each new content under a new key.'] },
  )
