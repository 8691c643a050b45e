import type { StoredTurn } from '../../../core/context.ts'
import type { Position } from '../../../core/journal.ts'
import type { HotCopy } from './copy.ts'
import type { ReadOutcome } from './counts.ts'
import { pathIn } from './items.ts'

/** A path out of a copy, or why there is none. */
export type Confirmed =
  | { readonly outcome: 'hit'; readonly turns: readonly StoredTurn[] }
  | { readonly outcome: Exclude<ReadOutcome, 'hit' | 'memory'> }

/**
 * Holds a copy against what the journal says: it must be of the same revision, and the path in it must be as long, and
 * its bodies must have the hash that the journal has of all of them together.
 */
export const confirm = (copy: HotCopy, { revision, end, length, chainHash }: Position): Confirmed => {
  if (copy.kind === 'none') return { outcome: 'miss' }
  if (copy.kind !== 'copy') return { outcome: copy.kind }
  if (copy.revision !== revision) return { outcome: 'stale' }
  if (end === null) return { outcome: 'hit', turns: [] }
  try {
    const turns = pathIn(copy.turns(), end)
    if (!turns) return { outcome: 'miss' }
    const isTrue = turns.length === length && turns.at(-1)?.chainHash === chainHash
    return isTrue ? { outcome: 'hit', turns } : { outcome: 'broken' }
  } catch {
    // Whatever was done to its bytes.
    return { outcome: 'broken' }
  }
}
