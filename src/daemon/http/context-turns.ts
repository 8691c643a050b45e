import type { FastifyInstance } from 'fastify'
import { bodyOf } from '../../core/canonical-json.ts'
import { mainHead, type StoredTurn } from '../../core/context.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import type { ContextPath, PathEnd } from '../../core/journal.ts'
import { exactly } from '../../dialects/exact.ts'
import { decodeMessages } from '../../dialects/openai/request.ts'
import { encodeMessages } from '../../dialects/openai/request-encoder.ts'
import { readTurn } from '../contexts/talk.ts'
import {
  type ContextParts,
  contextParams,
  countParameter,
  expectedOf,
  ifMatch,
  keyOf,
  type OfContext,
  refParameter,
} from './context-route.ts'
import { answers, problem } from './documented.ts'

/** A turn, and the place of the next one. */
const cursorShape = /^([A-Za-z0-9_-]{1,64})\.([1-9]\d{0,8})$/
const pageDefault = 1000
const pageMax = 10_000
const idempotencyKeyMax = 250

const headers = {
  type: 'object',
  properties: {
    ...ifMatch.properties,
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: idempotencyKeyMax,
      description: 'The same key with the same turns adds them once.',
    },
  },
}

type Append = {
  Body: { messages: Parameters<typeof decodeMessages>[0]; ref?: string; pinned?: boolean }
}
type Read = {
  Querystring: { ref?: string; limit?: string; cursor?: string; view?: string; budgetTokens?: string }
}

/** Reads and adds turns. Bodies are spliced into an answer as they are stored, never parsed. */
export const addTurns = (app: FastifyInstance, parts: ContextParts): void => {
  addAppend(app, parts)
  addRead(app, parts)
  addPreview(app, parts)
  addSnapshot(app, parts)
}

const addAppend = (app: FastifyInstance, { contexts }: ContextParts): void => {
  app.post<OfContext & Append>(
    '/mcp/v1/contexts/:context/turns',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'appendTurns',
        summary: 'Add turns behind a head',
        description: 'A conflict (409) says in `head` where the head is.',
        params: contextParams,
        headers,
        body: { $ref: 'TurnsAppend#' },
        response: { 200: answers('TurnsAppended', 'They are stored.'), ...problem },
      },
    },
    async ({ params, headers, body: { messages, ref = mainHead, pinned } }) => {
      const key = headers['idempotency-key']
      const appended = await contexts.append({
        ...keyOf({ params }),
        head: ref,
        expected: expectedOf(headers, '*'),
        ...(typeof key === 'string' && { idempotencyKey: key }),
        turns: decodeMessages(messages).map((message) => ({
          role: message.role,
          body: bodyOf(message),
          ...(pinned !== undefined && { pinned }),
        })),
      })
      return {
        head: appended.head,
        turns: appended.turns.map(({ id }) => id),
        ...(appended.outcome === 'duplicate' && { duplicate: true }),
      }
    },
  )
}

const addRead = (app: FastifyInstance, { contexts, preview }: ContextParts): void => {
  app.get<OfContext & Read>(
    '/mcp/v1/contexts/:context',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'getTurns',
        summary: 'The turns on the way to a head',
        params: contextParams,
        querystring: {
          type: 'object',
          properties: {
            ref: refParameter,
            limit: countParameter(`How many; ${pageDefault} by default, ${pageMax} at most.`),
            cursor: exactly(
              { type: 'string', maxLength: 256, description: '`next` of the page before.' },
              { type: 'string', pattern: cursorShape.source },
            ),
            view: {
              type: 'string',
              enum: ['full', 'budget'],
              description: 'budget: only what would go to a model under budgetTokens, and why.',
            },
            budgetTokens: countParameter('With view=budget: most tokens; by default there is no limit.'),
          },
        },
        response: { 200: answers('ContextPage', 'A page of turns.'), ...problem },
      },
    },
    async ({ params, query: { ref = mainHead, limit, cursor, view, budgetTokens } }, reply) => {
      const key = keyOf({ params })
      const { heads } = await contexts.summary(key)
      const at = readCursor(cursor)
      const isHead = Object.hasOwn(heads, ref)
      const end: PathEnd = at ? { turn: at.end } : isHead ? { head: ref } : { turn: ref }
      const from = at?.from ?? 1
      const count = Math.min(Number(limit ?? pageDefault), pageMax)
      const head = isHead ? heads[ref]! : ref
      const facts = { id: params.context, ref, head }
      void reply.type('application/json; charset=utf-8')
      if (view === 'budget') {
        const report = await previewed(preview, key, ref, {
          budgetTokens: Number(budgetTokens ?? Number.MAX_SAFE_INTEGER),
        })
        const kept = new Set(report.kept)
        const { turns } = await contexts.path(key, end)
        return reply.send(
          pageOf(
            facts,
            turns.filter(({ id }) => kept.has(id)),
            { view: report },
          ),
        )
      }
      const path = await contexts.path(key, end, { from, to: from + count - 1 })
      return reply.send(pageOf(facts, path.turns, nextOf(path, from + count)))
    },
  )
}

const addPreview = (app: FastifyInstance, { preview }: ContextParts): void => {
  app.get<OfContext & { Querystring: { ref?: string; budgetTokens: string; query?: string } }>(
    '/mcp/v1/contexts/:context/prune',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'previewPruning',
        summary: 'What would be left out under a budget; nothing is changed',
        params: contextParams,
        querystring: {
          type: 'object',
          required: ['budgetTokens'],
          properties: {
            ref: refParameter,
            budgetTokens: countParameter('Most tokens.'),
            query: {
              type: 'string',
              maxLength: 8192,
              description: 'What turns are to be relevant to. Default: the last message of a user.',
            },
          },
        },
        response: { 200: answers('ContextView', 'What is kept and what is not.'), ...problem },
      },
    },
    async ({ params, query: { ref = mainHead, budgetTokens, query } }) =>
      previewed(preview, keyOf({ params }), ref, {
        budgetTokens: Number(budgetTokens),
        ...(query !== undefined && { query }),
      }),
  )
}

/** A budget is a number like any other; only this conversation is too large for it. */
const previewed = async (preview: ContextParts['preview'], ...asked: Parameters<ContextParts['preview']>) => {
  try {
    return await preview(...asked)
  } catch (error) {
    if (!isMcpdError(error) || error.details.param !== 'mcpd.context.budgetTokens') throw error
    throw new McpdError('CONFLICT', error.message, { ...error.details, param: 'budgetTokens' }, error)
  }
}

const addSnapshot = (app: FastifyInstance, { contexts }: ContextParts): void => {
  app.get<OfContext & { Querystring: { ref?: string } }>(
    '/mcp/v1/contexts/:context/snapshot',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'getSnapshot',
        summary: 'The whole conversation as messages, with the hash that names it',
        params: contextParams,
        querystring: {
          type: 'object',
          properties: {
            ref: refParameter,
          },
        },
        response: { 200: answers('ContextSnapshot', 'The conversation.'), ...problem },
      },
    },
    async ({ params, query: { ref = mainHead } }) => {
      const key = keyOf({ params })
      const { heads } = await contexts.summary(key)
      const path = await contexts.path(key, Object.hasOwn(heads, ref) ? { head: ref } : { turn: ref })
      return {
        id: params.context,
        ref,
        head: path.end,
        chain: path.turns.at(-1)?.chainHash ?? null,
        turns: path.length,
        messages: encodeMessages(path.turns.map((turn) => readTurn(turn).message)),
      }
    },
  )
}

/** `END.FROM`: the turn that the pages lead to, so that all are of one path, and the place of the next turn. */
const readCursor = (cursor: string | undefined): { end: string; from: number } | undefined => {
  if (cursor === undefined) return undefined
  const [, end, from] = cursorShape.exec(cursor) ?? []
  if (end === undefined)
    throw new McpdError('BAD_REQUEST', 'The cursor is not one of a page of turns.', { param: 'cursor' })
  return { end, from: Number(from) }
}

const nextOf = ({ end, length }: ContextPath, from: number): { next?: string } =>
  from <= length && end !== null ? { next: `${end}.${from}` } : {}

/** A JSON object of `facts`, the turns, and `more`. */
const pageOf = (facts: object, turns: readonly StoredTurn[], more: object): Buffer => {
  const pieces: Buffer[] = [Buffer.from(`${JSON.stringify(facts).slice(0, -1)},"turns":[`)]
  for (const [index, turn] of turns.entries()) {
    pieces.push(Buffer.from(`${index === 0 ? '' : ','}${nodeOf(turn)}`), turn.body.subarray(1))
  }
  const rest = JSON.stringify(more)
  pieces.push(Buffer.from(rest === '{}' ? ']}' : `],${rest.slice(1)}`))
  return Buffer.concat(pieces)
}

/** The beginning of a turn's object, to which its body is added; the role is a member of the body. */
const nodeOf = ({ id, parent, seq, state, at, pinned, bodyHash, chainHash, origin }: StoredTurn): string =>
  `${JSON.stringify({ id, parent, seq, state, at, pinned, hash: bodyHash, chain: chainHash, ...(origin && { origin }) }).slice(0, -1)},`
