import type { Turn } from '../../../core/context.ts'
import { isMcpdError } from '../../../core/errors.ts'
import type { Problem } from '../../../core/journal.ts'

/** A turn as a row has it, or why it cannot be read. */
export type Opened = { readonly turn: Turn } | { readonly error: unknown }

export const openedTurn = (read: () => Turn): Opened => {
  try {
    return { turn: read() }
  } catch (error) {
    return { error }
  }
}

/** A key that is not there is no damage, and said once for a context. */
export const missingKeyOf = (turns: Iterable<Opened>): string | undefined => {
  for (const opened of turns)
    if ('error' in opened && isMcpdError(opened.error) && opened.error.code === 'CONFIG_INVALID')
      return opened.error.message
  return undefined
}

/** What is wrong with a turn whose hashes cannot be read. */
export const unreadable = (id: string, error: unknown): Pick<Problem, 'kind' | 'detail'> => ({
  kind: 'chain-broken',
  detail: `the hashes of the turn ${id} cannot be read: ${String(error)}`,
})
