import type { ContextKey, StoredTurn, Turn } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import { chainHashOf, sha256 } from './hashes.ts'

/** A stored conversation that is not what was written. */
export const damaged = ({ context }: ContextKey, what: string, cause?: unknown): McpdError =>
  new McpdError(
    'CONTEXT_DAMAGED',
    `The context ${context} is damaged: ${what}.`,
    { suggestions: ['Run `mcpd context fsck`, and restore a copy.'] },
    cause,
  )

/** What is wrong with a turn by itself and behind its parent; undefined when nothing is. `parent` is not looked at where unknown. */
export const faultOf = (
  turn: StoredTurn,
  parent: Turn | null | undefined,
): { readonly kind: 'body-changed' | 'chain-broken'; readonly detail: string } | undefined => {
  if (sha256(turn.body) !== turn.bodyHash)
    return { kind: 'body-changed', detail: `the body of the turn ${turn.id} does not have its hash` }
  if (parent === undefined) return undefined
  const fits =
    turn.parent === (parent?.id ?? null) &&
    turn.seq === (parent?.seq ?? 0) + 1 &&
    turn.chainHash === chainHashOf(parent?.chainHash, turn.bodyHash)
  return fits
    ? undefined
    : { kind: 'chain-broken', detail: `the turn ${turn.id} does not follow from the one before it` }
}

/** Holds a path, or a part of one from the place `from`, to its hashes. Throws CONTEXT_DAMAGED. */
export const verifyPath = (key: ContextKey, turns: readonly StoredTurn[], from: number): void => {
  let parent: Turn | null | undefined = from === 1 ? null : undefined
  for (const [index, turn] of turns.entries()) {
    const fault = faultOf(turn, parent)
    if (fault) throw damaged(key, fault.detail)
    if (turn.seq !== from + index) throw damaged(key, `the turn ${turn.id} is not in its place`)
    parent = turn
  }
}
