import type { FastifyRequest } from 'fastify'
import { type ContextUse, readContextUse } from '../../core/context-use.ts'
import { McpdError } from '../../core/errors.ts'

/** The stored conversation that a request names, in its body or in the header `x-mcpd-context`, as a member of a plan. */
export const contextOf = (
  { body, headers }: FastifyRequest,
  operation: string,
): { readonly context?: ContextUse } => {
  // The route's schema has checked the member.
  const { mcpd } = body as { readonly mcpd?: Parameters<typeof readContextUse>[0] }
  const context = readContextUse(mcpd, headers['x-mcpd-context']?.toString())
  if (context === undefined) return {}
  if (operation === 'chat') return { context }
  throw new McpdError('BAD_REQUEST', `A context is a conversation; "${operation}" cannot go on with one.`, {
    param: 'mcpd.context',
    suggestions: ['Use the chat operation, or leave the context out.'],
  })
}
