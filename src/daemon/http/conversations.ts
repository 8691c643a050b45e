import type { FastifyInstance } from 'fastify'
import { bodyOf } from '../../core/canonical-json.ts'
import { type ContextKey, type ContextSummary, mainHead, type NewTurn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Message } from '../../core/inference.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { conversationIdOf, turnOfItem } from '../../dialects/responses/ids.ts'
import { encodeItems } from '../../dialects/responses/item-encoder.ts'
import { decodeItems } from '../../dialects/responses/items.ts'
import type { ItemBody } from '../../dialects/responses/item-schemas.ts'
import {
  ConversationItems,
  ConversationRequest,
  ConversationUpdate,
} from '../../dialects/responses/request-schemas.ts'
import type { ContextStore } from '../contexts/store.ts'
import { deleteItem } from './delete-item.ts'
import { answers } from './documented.ts'
import { listOf, pageOf, type PageQuery, pageQuery } from './item-page.ts'
import { renderOpenAiError } from './openai.ts'
import { conversationContext, resolveReferences } from './response-place.ts'
import { openaiFailure } from './responses.ts'
import { itemsOf } from './stored-items.ts'

type Metadata = Readonly<Record<string, string>>
type OfConversation = { Params: { conversation_id: string } }
type OfItem = { Params: { conversation_id: string; item_id: string } }

const { tenant } = defaultPrincipal
const id = (description: string) => ({ type: 'string', maxLength: 128, description })
const ofConversation = {
  type: 'object',
  properties: { conversation_id: id('The id of a conversation.') },
}
const ofItem = {
  type: 'object',
  properties: { ...ofConversation.properties, item_id: id('The id of an item in it.') },
}

/** `/v1/conversations`: stored conversations as OpenAI has them. Each is the main head of its context. */
export const conversationsSurface =
  (contexts: ContextStore) =>
  (app: FastifyInstance): void => {
    for (const schema of [ConversationRequest, ConversationUpdate, ConversationItems]) app.addSchema(schema)
    app.setErrorHandler(renderOpenAiError)
    // Clients send no body where every member is optional.
    app.addHook('preValidation', (request, _, done) => {
      // null is a body, and not the right one.
      if (request.body === undefined) request.body = {}
      done()
    })
    addConversations(app, contexts)
    addAbout(app, contexts)
    addItems(app, contexts)
    addItem(app, contexts)
  }

const addConversations = (app: FastifyInstance, contexts: ContextStore): void => {
  app.post<{ Body: { items?: readonly ItemBody[] | null; metadata?: Metadata | null } }>(
    '/v1/conversations',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'createConversation',
        summary: 'Begin a conversation',
        body: { $ref: 'ConversationRequest#' },
        'x-body-optional': true,
        response: { 200: answers('Conversation', 'The conversation.'), ...openaiFailure },
      },
    },
    async ({ body: { items, metadata } }) => {
      const messages = await messagesOf(contexts, items ?? [])
      const { context } = await contexts.create({
        tenant,
        about: { metadata: metadata ?? {} },
        turns: messages.map(turnOf),
      })
      return conversationOf(await contexts.summary({ tenant, context }))
    },
  )
}

const addAbout = (app: FastifyInstance, contexts: ContextStore): void => {
  app.get<OfConversation>(
    '/v1/conversations/:conversation_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'getConversation',
        summary: 'A conversation, without its items',
        params: ofConversation,
        response: { 200: answers('Conversation', 'The conversation.'), ...openaiFailure },
      },
    },
    async ({ params }) => conversationOf(await contexts.summary(await keyOf(contexts, params))),
  )

  app.post<OfConversation & { Body: { metadata?: Metadata | null } }>(
    '/v1/conversations/:conversation_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'updateConversation',
        summary: 'Put other metadata in place of the old',
        params: ofConversation,
        body: { $ref: 'ConversationUpdate#' },
        'x-body-optional': true,
        response: { 200: answers('Conversation', 'The conversation.'), ...openaiFailure },
      },
    },
    async ({ params, body: { metadata } }) => {
      const key = await keyOf(contexts, params)
      return conversationOf(await contexts.annotate(key, { metadata: metadata ?? {} }))
    },
  )

  app.delete<OfConversation>(
    '/v1/conversations/:conversation_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'deleteConversation',
        summary: 'Delete a conversation with everything in it',
        params: ofConversation,
        response: { 200: answers('ConversationDeleted', 'It is gone.'), ...openaiFailure },
      },
    },
    async ({ params }) => {
      await contexts.delete(await keyOf(contexts, params))
      return { id: params.conversation_id, object: 'conversation.deleted', deleted: true }
    },
  )
}

const addItems = (app: FastifyInstance, contexts: ContextStore): void => {
  app.post<OfConversation & { Body: { items: readonly ItemBody[] } }>(
    '/v1/conversations/:conversation_id/items',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'createConversationItems',
        summary: 'Put items behind the last',
        params: ofConversation,
        body: { $ref: 'ConversationItems#' },
        response: { 200: answers('ConversationItemList', 'The new items.'), ...openaiFailure },
      },
    },
    async ({ params, body: { items } }) => {
      const key = await keyOf(contexts, params)
      const messages = await messagesOf(contexts, items)
      const { turns } = await contexts.append({ ...key, expected: '*', turns: messages.map(turnOf) })
      const created = turns.flatMap((turn, index) => encodeItems(turn.id, messages[index]!))
      return listOf(created)
    },
  )

  app.get<OfConversation & { Querystring: PageQuery }>(
    '/v1/conversations/:conversation_id/items',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'listConversationItems',
        summary: 'What has been said',
        params: ofConversation,
        querystring: pageQuery,
        response: { 200: answers('ConversationItemList', 'A page of items.'), ...openaiFailure },
      },
    },
    async ({ params, query }) => {
      const { turns } = await contexts.path(await keyOf(contexts, params), { head: mainHead })
      return pageOf(turns, query)
    },
  )
}

const addItem = (app: FastifyInstance, contexts: ContextStore): void => {
  app.get<OfItem>(
    '/v1/conversations/:conversation_id/items/:item_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'getConversationItem',
        summary: 'One item',
        params: ofItem,
        response: { 200: answers('ConversationItem', 'The item.'), ...openaiFailure },
      },
    },
    async ({ params }) => {
      const { turns } = await contexts.path(await keyOf(contexts, params), { head: mainHead })
      const turn = turns.find(({ id }) => id === turnOfItem(params.item_id))
      const item = turn && itemsOf([turn]).find((each) => each.id === params.item_id)
      if (item) return item
      throw new McpdError('NOT_FOUND', `Item with id '${params.item_id}' not found.`, { param: 'item_id' })
    },
  )

  app.delete<OfItem>(
    '/v1/conversations/:conversation_id/items/:item_id',
    {
      schema: {
        tags: ['OpenAI'],
        operationId: 'deleteConversationItem',
        summary: 'Take one item out; those behind it get new ids',
        params: ofItem,
        response: { 200: answers('Conversation', 'The conversation.'), ...openaiFailure },
      },
    },
    async ({ params }) => {
      const key = await keyOf(contexts, params)
      await deleteItem(contexts, key, params.item_id)
      return conversationOf(await contexts.summary(key))
    },
  )
}

const keyOf = async (
  contexts: ContextStore,
  { conversation_id: conversation }: OfConversation['Params'],
): Promise<ContextKey> => ({ tenant, context: await conversationContext(contexts, tenant, conversation) })

const messagesOf = async (contexts: ContextStore, items: readonly ItemBody[]): Promise<Message[]> =>
  decodeItems(await resolveReferences(contexts, tenant, items, 'items'), 'items')

const turnOf = (message: Message): NewTurn => ({ role: message.role, body: bodyOf(message) })

const conversationOf = ({ context, createdAt, metadata }: ContextSummary): object => ({
  id: conversationIdOf(context),
  object: 'conversation',
  created_at: Math.floor(createdAt / 1000),
  metadata: metadata ?? {},
})
