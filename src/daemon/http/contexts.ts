import type { FastifyInstance } from 'fastify'
import { bodyOf } from '../../core/canonical-json.ts'
import { mainHead } from '../../core/context.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { decodeMessages } from '../../dialects/openai/request.ts'
import { contextSchemas } from './context-schemas.ts'
import { addContextFiles } from './context-files.ts'
import { addHeads } from './context-heads.ts'
import { type ContextParts, countParameter, entryOf } from './context-route.ts'
import { addTurns } from './context-turns.ts'
import { exactly } from '../../dialects/exact.ts'
import { cursorPattern } from '../contexts/journal/cursor.ts'
import { answers, problem } from './documented.ts'

/** `/mcp/v1/contexts…`: conversations that are kept. */
export const contextSurface =
  (parts: ContextParts) =>
  (app: FastifyInstance): void => {
    for (const schema of contextSchemas) app.addSchema(schema)
    addContexts(app, parts)
    addTurns(app, parts)
    addHeads(app, parts)
    addContextFiles(app, parts)
  }

interface CreateBody {
  readonly id?: string
  readonly title?: string
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly pinned?: boolean
  readonly messages?: Parameters<typeof decodeMessages>[0]
}

const addContexts = (app: FastifyInstance, { contexts, newId }: ContextParts): void => {
  app.post<{ Body?: CreateBody }>(
    '/mcp/v1/contexts',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'createContext',
        summary: 'Keep a conversation',
        body: { $ref: 'ContextCreate#' },
        response: { 201: answers('ContextHead', 'The new context.'), ...problem },
      },
    },
    async ({ body = {} }, reply) => {
      const { id = newId(), messages, ...about } = body
      const { head } = await contexts.create({
        tenant: defaultPrincipal.tenant,
        context: id,
        about,
        turns: (messages ? decodeMessages(messages) : []).map((message) => ({
          role: message.role,
          body: bodyOf(message),
        })),
      })
      return reply.code(201).header('location', `/mcp/v1/contexts/${id}`).send({ id, ref: mainHead, head })
    },
  )

  app.get<{ Querystring: { limit?: string; cursor?: string; tag?: string } }>(
    '/mcp/v1/contexts',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'listContexts',
        summary: 'The conversations, the last used first',
        querystring: {
          type: 'object',
          properties: {
            limit: countParameter('How many; 100 by default, 1000 at most.'),
            cursor: exactly(
              { type: 'string', maxLength: 256, description: '`next` of the page before.' },
              { type: 'string', pattern: cursorPattern },
            ),
            tag: { type: 'string', maxLength: 64, description: 'Only those with this tag.' },
          },
        },
        response: { 200: answers('ContextList', 'A page of them.'), ...problem },
      },
    },
    async ({ query: { limit, cursor, tag } }) => {
      const { contexts: found, next } = await contexts.journal.list({
        tenant: defaultPrincipal.tenant,
        limit: Math.min(Number(limit ?? 100), 1000),
        ...(cursor !== undefined && { cursor }),
        ...(tag !== undefined && { tag }),
      })
      return { contexts: found.map(entryOf), ...(next !== undefined && { next }) }
    },
  )

  app.post<{ Body: { query: string; limit?: number } }>(
    '/mcp/v1/contexts/search',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'searchContexts',
        summary: 'Find turns by their words',
        body: { $ref: 'ContextSearch#' },
        response: { 200: answers('ContextFound', 'The best first.'), ...problem },
      },
    },
    async ({ body: { query, limit = 20 } }) => {
      const hits = await contexts.journal.search({ tenant: defaultPrincipal.tenant, text: query, limit })
      return {
        results: hits.map(({ context, turn: { id, role }, excerpt, score }) => ({
          context,
          turn: id,
          role,
          snippet: excerpt,
          score,
        })),
      }
    },
  )
}
