import type { ContextKey } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { PathEnd } from '../../core/journal.ts'

/** Not there, or another tenant's, which is answered alike. */
export const missingContext = ({ context }: ContextKey): McpdError =>
  new McpdError('CONTEXT_NOT_FOUND', `There is no context ${context}.`, {
    suggestions: ['See `mcpd context list`.'],
  })

/** The context is there, and the head or the turn is not. */
export const missingEnd = ({ context }: ContextKey, end: PathEnd): McpdError =>
  new McpdError(
    'CONTEXT_NOT_FOUND',
    'turn' in end
      ? `The context ${context} has no turn ${end.turn}.`
      : `The context ${context} has no head ${end.head}.`,
  )
