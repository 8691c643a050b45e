import type { FastifyRequest } from 'fastify'
import type { ContextKey, ContextSummary } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import type { createCompaction } from '../contexts/compaction.ts'
import type { Migrated } from '../contexts/migrate.ts'
import type { ViewPlan, ViewReport } from '../contexts/look.ts'
import type { ContextStore } from '../contexts/store.ts'
import { exactly } from '../../dialects/exact.ts'
import { idPattern } from './context-id.ts'

/** What the routes of contexts share. */

export interface ContextParts {
  readonly contexts: ContextStore
  readonly newId: () => string
  /** What of a path would go to a model under a budget. */
  readonly preview: (key: ContextKey, ref: string, plan: ViewPlan) => Promise<ViewReport>
  /** Has a model sum up what no longer fits; undefined where there is too little. */
  readonly compact: ReturnType<typeof createCompaction>
  /** Copies everything into the store at a URL. */
  readonly migrate: (url: string, signal: AbortSignal) => Promise<Migrated>
}

/** A number between bounds in a query, where everything is text. */
export const countParameter = (description: string) => ({
  type: 'string',
  pattern: '^[1-9][0-9]{0,6}$',
  description,
})
export const contextParams = {
  type: 'object',
  properties: { context: { type: 'string', pattern: idPattern, description: 'The context.' } },
}
export type OfContext = { Params: { context: string } }

/** Keys of a tenant; while there are no keys every request is the default tenant's. */
export const keyOf = ({
  params: { context },
}: {
  readonly params: { readonly context: string }
}): ContextKey => ({
  tenant: defaultPrincipal.tenant,
  context,
})

/** A head or a turn, by which a query says where to read. */
export const refParameter = {
  type: 'string',
  pattern: idPattern,
  description: 'A head, or a turn. Default: main.',
}

const turnTag = String.raw`^(\*|(W/)?"[A-Za-z0-9_-]{0,64}")?$`

export const ifMatch = {
  type: 'object',
  properties: {
    'if-match': exactly(
      { type: 'string', description: 'The turn that must still be the last, in quotes, or *.' },
      { type: 'string', pattern: turnTag },
    ),
  },
}

/** Of `If-Match: "<turn>"`; `otherwise` without one. An empty pair of quotes means: there are no turns yet. */
export const expectedOf = (headers: FastifyRequest['headers'], otherwise: '*'): string | null => {
  const given = headers['if-match']?.trim()
  if (given === undefined || given === '') return otherwise
  if (given === '*') return '*'
  const [, turn] = /^(?:W\/)?"([A-Za-z0-9_-]{0,64})"$/.exec(given) ?? []
  if (turn === undefined)
    throw new McpdError('BAD_REQUEST', 'If-Match must be a turn in quotes, or *.', { param: 'if-match' })
  return turn === '' ? null : turn
}

export const entryOf = (summary: ContextSummary): object => {
  const { tenant: _, context: id, ...rest } = summary
  return { id, ...rest }
}
