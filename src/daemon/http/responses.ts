import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { messageOf } from '../../core/canonical-json.ts'
import type { ContextAddition, ContextUse } from '../../core/context-use.ts'
import type { StoredTurn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { FoundTurn } from '../../core/journal.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { type DecodedRequest, decodeRequest, inputItems } from '../../dialects/responses/request.ts'
import { ResponseRequest, type ResponseBody } from '../../dialects/responses/request-schemas.ts'
import { encodeResponse, encodeStored } from '../../dialects/responses/response.ts'
import * as schemas from '../../dialects/responses/response-schemas.ts'
import { keptSettings, restoredSettings, settingsOf } from '../../dialects/responses/settings.ts'
import { streamEncoder } from '../../dialects/responses/stream-encoder.ts'
import { idOf } from '../contexts/ids.ts'
import type { ContextStore } from '../contexts/store.ts'
import { answer, type AnswerFacts, type AnswerParts, type StreamEncoder } from './answer.ts'
import { requireCalls } from './call-outputs.ts'
import { contextOf } from './context-of.ts'
import { answers, answersOrStreams } from './documented.ts'
import { pageOf, type PageQuery, pageQuery } from './item-page.ts'
import { renderOpenAiError } from './openai.ts'
import { placeOf, type ResponsePlace, resolveReferences } from './response-place.ts'
import { deleteResponse, findResponse } from './stored-items.ts'

export interface ResponsesParts extends AnswerParts {
  readonly contexts: ContextStore
  /** Makes ids of contexts, and of responses that are not stored. */
  readonly newId: () => string
}

export const openaiFailure = { default: answers('ErrorResponse', 'An error.') }

/** While there are no keys every request is the default tenant's. */
const { tenant } = defaultPrincipal

/** `/v1/responses`: OpenAI's Responses over stored conversations, for every backend that chats. */
export const responsesSurface =
  (parts: ResponsesParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [ResponseRequest, ...Object.values(schemas)]) app.addSchema(schema)
    app.setErrorHandler(renderOpenAiError)
    addCreate(app, parts)
    addStored(app, parts.contexts)
    addItems(app, parts.contexts)
  }

const addCreate = (app: FastifyInstance, parts: ResponsesParts): void => {
  app.post<{ Body: ResponseBody }>(
    '/v1/responses',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'createResponse',
        summary: 'Answer, and keep the conversation',
        description: 'Goes on from any stored response, or with a conversation; store: false keeps nothing.',
        body: { $ref: 'ResponseRequest#' },
        response: {
          200: answersOrStreams('ResponseObject', 'ResponseStreamEvent', 'The answer.'),
          ...openaiFailure,
        },
      },
    },
    (request, reply) => respond(parts, request, reply),
  )
}

const respond = async (
  parts: ResponsesParts,
  request: FastifyRequest<{ Body: ResponseBody }>,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { body } = request
  const { contexts, newId } = parts
  const input = await resolveReferences(contexts, tenant, inputItems(body.input), 'input')
  const decoded = decodeRequest({ ...body, input })
  const place = await placeOf(contexts, tenant, body, contextOf(request, 'chat').context, () =>
    newContextId(request.headers['idempotency-key'], newId),
  )
  if (input.length === 0 && place.begins)
    throw new McpdError('BAD_REQUEST', 'A conversation begins with some input.', { param: 'input' })
  await requireCalls(contexts, tenant, decoded.input.messages, place)
  const settings = settingsOf(body, place)
  const stores = body.store ?? true
  const unstored = newId()
  const factsOf = ({ trace, createdSeconds }: AnswerFacts, model = body.model) => ({
    turn: (stores ? trace.context?.turn : undefined) ?? unstored,
    model: trace.model ?? model,
    createdSeconds,
    settings,
  })
  await answer(parts, request, reply, {
    surface: 'responses',
    model: body.model,
    ...joined(decoded, place, {
      stores,
      truncates: body.truncation === 'auto' || place.use.budgetTokens !== undefined,
      settings: keptSettings(settings),
    }),
    stream: body.stream === true,
    warnings: decoded.warnings,
    streamType: 'text/event-stream; charset=utf-8',
    encoder: (facts) => deferred(() => streamEncoder(factsOf(facts))),
    encode: (answered, facts) => encodeResponse(answered, factsOf(facts, answered.model)),
  })
  return reply
}

/** A stream that has to show that it lives may begin before it is known which turn is to hold its answer. */
const deferred = (make: () => StreamEncoder): StreamEncoder => {
  let encoder: StreamEncoder | undefined
  return {
    encode: (event) => (encoder ??= make()).encode(event),
    fail: (error) => (encoder ??= make()).fail(error),
  }
}

/** A request that is repeated under its idempotency key finds the context that it began. */
const newContextId = (key: string | string[] | undefined, newId: () => string): string =>
  typeof key === 'string' && key !== '' ? idOf(`${tenant}\0response ${key}`) : newId()

/** What neither goes on from something nor is stored needs no context. */
const joined = (
  { input, instructions }: DecodedRequest,
  { use, begins }: ResponsePlace,
  how: Omit<ContextAddition, 'begins' | 'instructions'>,
): { readonly input: DecodedRequest['input']; readonly context?: ContextUse } => {
  if (begins && !how.stores) {
    const system = instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }]
    return { input: { ...input, messages: [...system, ...input.messages] } }
  }
  const addition = { ...how, begins, ...(instructions !== undefined && { instructions }) }
  return { input, context: { ...use, addition } }
}

const idParams = {
  type: 'object',
  properties: {
    response_id: { type: 'string', maxLength: 128, description: 'The id of a stored response.' },
  },
}
type OfResponse = { Params: { response_id: string } }

const found = async (
  contexts: ContextStore,
  { response_id: id }: OfResponse['Params'],
): Promise<FoundTurn> => {
  const response = await findResponse(contexts, tenant, id)
  if (response) return response
  throw new McpdError('NOT_FOUND', `Response with id '${id}' not found.`, { param: 'response_id' })
}

const addStored = (app: FastifyInstance, contexts: ContextStore): void => {
  app.get<OfResponse & { Querystring: { stream?: string } }>(
    '/v1/responses/:response_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'getResponse',
        summary: 'A stored response',
        params: idParams,
        querystring: {
          type: 'object',
          properties: {
            stream: { type: 'string', description: 'true is refused: it is not streamed again.' },
          },
        },
        response: { 200: answers('ResponseObject', 'The response.'), ...openaiFailure },
      },
    },
    async ({ params, query }) => {
      if (query.stream === 'true')
        throw new McpdError('BAD_REQUEST', 'A stored response is not streamed again; ask for it whole.', {
          param: 'stream',
        })
      const response = await found(contexts, params)
      const { turns } = await contexts.path(response, { turn: response.turn.id }, { last: 1 })
      return storedResponse(turns[0]!)
    },
  )

  app.delete<OfResponse>(
    '/v1/responses/:response_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'deleteResponse',
        summary: 'Delete a stored response that no later one goes on from',
        params: idParams,
        response: { 200: answers('ResponseDeleted', 'It is gone.'), ...openaiFailure },
      },
    },
    async ({ params }) => {
      await deleteResponse(contexts, await found(contexts, params))
      return { id: params.response_id, object: 'response', deleted: true }
    },
  )

  app.post<OfResponse>(
    '/v1/responses/:response_id/cancel',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'cancelResponse',
        summary: 'Refused: only background responses can be cancelled, and there are none',
        params: idParams,
        response: openaiFailure,
      },
    },
    async ({ params }) => {
      await found(contexts, params)
      throw new McpdError('BAD_REQUEST', 'Only responses made in the background can be cancelled.', {
        suggestions: ['Close the connection of a request to stop its answer.'],
      })
    },
  )
}

const addItems = (app: FastifyInstance, contexts: ContextStore): void => {
  app.get<OfResponse & { Querystring: PageQuery }>(
    '/v1/responses/:response_id/input_items',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'listInputItems',
        summary: 'What a stored response answers: every item before it',
        params: idParams,
        querystring: pageQuery,
        response: { 200: answers('ConversationItemList', 'A page of items.'), ...openaiFailure },
      },
    },
    async ({ params, query }) => {
      const response = await found(contexts, params)
      const { turns } = await contexts.path(response, { turn: response.turn.id })
      return pageOf(turns.slice(0, -1), query)
    },
  )
}

/** The response that a turn is. */
const storedResponse = ({ id, at, state, body, origin }: StoredTurn): schemas.ResponseBody => {
  const { model = '', finishReason, inputTokens, outputTokens = 0, settings } = origin ?? {}
  return encodeStored(
    {
      message: messageOf(body),
      state,
      ...(finishReason !== undefined && { finishReason }),
      ...(inputTokens !== undefined && { usage: { inputTokens, outputTokens } }),
    },
    { turn: id, model, createdSeconds: Math.floor(at / 1000), settings: restoredSettings(settings) },
  )
}
