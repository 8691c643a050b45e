import type { Client } from '../../client/index.ts'
import { McpdError } from '../../core/errors.ts'

export interface ChosenContext {
  readonly id: string
  readonly head?: string
}

interface Choice {
  /** `ID`, `ID@HEAD`, or `new`. */
  readonly context?: string | undefined
  /** The one that was used last. */
  readonly continue?: boolean | undefined
}

/** The conversation that flags name; undefined when they name none. Throws USAGE, CONTEXT_NOT_FOUND. */
export const chosenContext = async (
  { contexts }: Pick<Client, 'contexts'>,
  choice: Choice,
): Promise<ChosenContext | undefined> => {
  if (choice.continue === true) {
    const [last] = (await contexts.list({ limit: 1 })).contexts
    if (last) return { id: last.id }
    throw new McpdError('CONTEXT_NOT_FOUND', 'There is no conversation to continue.', {
      suggestions: ['Begin one: mcpd chat --context new'],
    })
  }
  if (choice.context === undefined) return undefined
  if (choice.context === 'new') return { id: (await contexts.create({})).id }
  const [id = '', head] = choice.context.split('@')
  return { id, ...(head !== undefined && { head }) }
}
