import type { FastifyInstance } from 'fastify'
import { type ContextKey, mainHead } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { ContextStore } from '../contexts/store.ts'
import {
  type ContextParts,
  contextParams,
  entryOf,
  expectedOf,
  ifMatch,
  keyOf,
  type OfContext,
} from './context-route.ts'
import { answers, problem } from './documented.ts'

type About = Parameters<ContextStore['annotate']>[1]

/** What is said of a context, and where its heads are. */
export const addHeads = (app: FastifyInstance, parts: ContextParts): void => {
  addAbout(app, parts)
  addMoves(app, parts)
  addCompact(app, parts)
}

const addAbout = (app: FastifyInstance, { contexts }: ContextParts): void => {
  app.get<OfContext>(
    '/mcp/v1/contexts/:context/about',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'getContext',
        summary: 'What is known of one beside its turns',
        params: contextParams,
        response: { 200: answers('Context', 'The context.'), ...problem },
      },
    },
    async ({ params }) => entryOf(await contexts.summary(keyOf({ params }))),
  )

  app.patch<OfContext & { Body: About }>(
    '/mcp/v1/contexts/:context',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'changeContext',
        summary: 'Change its title, tags, metadata, or whether it is pinned',
        params: contextParams,
        body: { $ref: 'ContextChange#' },
        response: { 200: answers('Context', 'The context.'), ...problem },
      },
    },
    async ({ params, body }) => entryOf(await contexts.annotate(keyOf({ params }), body)),
  )

  app.delete<OfContext>(
    '/mcp/v1/contexts/:context',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'deleteContext',
        summary: 'Delete a conversation',
        params: contextParams,
        response: { 204: { description: 'It is gone.', type: 'null' }, ...problem },
      },
    },
    async ({ params }, reply) => {
      await contexts.delete(keyOf({ params }))
      return reply.code(204).send()
    },
  )
}

const addMoves = (app: FastifyInstance, { contexts, newId }: ContextParts): void => {
  app.post<OfContext & { Body: { ref?: string; at?: string; name?: string } }>(
    '/mcp/v1/contexts/:context/fork',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'forkContext',
        summary: 'Go on from a turn under another head',
        params: contextParams,
        body: { $ref: 'ContextFork#' },
        response: { 201: answers('ContextHead', 'The new head.'), ...problem },
      },
    },
    async ({ params, body: { ref = mainHead, at, name = `fork-${newId().slice(-12)}` } }, reply) => {
      const { head } = await contexts.fork({
        ...keyOf({ params }),
        from: at === undefined ? { head: ref } : { turn: at },
        name,
      })
      return reply.code(201).send({ id: params.context, ref: name, head })
    },
  )

  app.post<OfContext & { Body: { ref?: string; to?: string; turns?: number } }>(
    '/mcp/v1/contexts/:context/rewind',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'rewindContext',
        summary: 'Move a head back; nothing is deleted',
        params: contextParams,
        headers: ifMatch,
        body: { $ref: 'ContextRewind#' },
        response: { 200: answers('ContextHead', 'Where the head is now.'), ...problem },
      },
    },
    async ({ params, headers, body: { ref = mainHead, to, turns } }) => {
      if ((to === undefined) === (turns === undefined))
        throw new McpdError('BAD_REQUEST', 'Send exactly one of "to" and "turns".')
      const key = keyOf({ params })
      const expected = expectedOf(headers, '*')
      const { head } = await contexts.rewind({
        ...key,
        head: ref,
        to: to ?? (await turnBefore(contexts, key, ref, turns!)),
        ...(expected !== null && { expected }),
      })
      return { id: params.context, ref, head }
    },
  )

  app.post<OfContext & { Body: { turn: string; pinned: boolean } }>(
    '/mcp/v1/contexts/:context/pin',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'pinTurn',
        summary: 'Keep a turn in every pruned view, or no longer',
        params: contextParams,
        body: { $ref: 'TurnPin#' },
        response: { 200: answers('Context', 'The context.'), ...problem },
      },
    },
    async ({ params, body: { turn, pinned } }) =>
      entryOf(await contexts.annotate(keyOf({ params }), { pins: { [turn]: pinned } })),
  )
}

const addCompact = (app: FastifyInstance, { compact }: ContextParts): void => {
  app.post<OfContext & { Body: { model: string; ref?: string } }>(
    '/mcp/v1/contexts/:context/compact',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'compactContext',
        summary: 'Have a model sum up all but the last turns; nothing is deleted',
        params: contextParams,
        body: { $ref: 'ContextCompact#' },
        response: { 200: answers('TurnsAppended', 'The summary is a turn.'), ...problem },
      },
    },
    async ({ params, body: { model, ref = mainHead } }) => {
      const made = await compact(keyOf({ params }), ref, model, AbortSignal.timeout(compactMs))
      if (!made) throw new McpdError('CONFLICT', 'There is too little to sum up.')
      return { head: made.head, turns: made.turns.map(({ id }) => id) }
    },
  )
}

/** Longest wait for a summary. */
const compactMs = 5 * 60_000

/** The turn that is so many turns before the end of a head; null where that is before the first. */
const turnBefore = async (
  contexts: ContextStore,
  key: ContextKey,
  head: string,
  turns: number,
): Promise<string | null> => {
  const { length } = await contexts.path(key, { head }, { last: 1 })
  if (turns > length)
    throw new McpdError('CONFLICT', `The head ${head} has ${length} turns; ${turns} are too many.`, {
      param: 'turns',
    })
  if (turns === length) return null
  const at = length - turns
  return (await contexts.path(key, { head }, { from: at, to: at })).turns[0]!.id
}
