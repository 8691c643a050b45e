import type { ContextUse } from '../../core/context-use.ts'
import { McpdError } from '../../core/errors.ts'
import { contextOfConversation, firstThought } from '../../dialects/responses/ids.ts'
import type { ItemBody } from '../../dialects/responses/item-schemas.ts'
import type { ResponseBody } from '../../dialects/responses/request-schemas.ts'
import type { Origin } from '../../dialects/responses/settings.ts'
import type { ContextStore } from '../contexts/store.ts'
import { findItem, findResponse } from './stored-items.ts'

/** Where a response goes on: a conversation, a response before it, or nowhere yet. */
export interface ResponsePlace extends Origin {
  /** What the context is used as; its `addition` is the request's business. */
  readonly use: Omit<ContextUse, 'addition'>
  /** Whether the context is yet to be made. */
  readonly begins: boolean
}

/**
 * Finds where a request goes on. `named` is the context that it names in mcpd's own words. Throws BAD_REQUEST where it
 * names two places, and NOT_FOUND, in OpenAI's words, where there is none of that id.
 */
export const placeOf = async (
  contexts: ContextStore,
  tenant: string,
  request: ResponseBody,
  named: ContextUse | undefined,
  newId: () => string,
): Promise<ResponsePlace> => {
  const { previous_response_id: previous, conversation } = request
  requireOne({ previous_response_id: previous, conversation, 'mcpd.context': named })
  if (named) return { use: named, begins: false, context: named.id }
  if (conversation != null) {
    const id = typeof conversation === 'string' ? conversation : conversation.id
    const context = await conversationContext(contexts, tenant, id)
    return { use: { id: context, onConflict: 'reject' }, begins: false, context }
  }
  if (previous == null) return { use: { id: newId(), onConflict: 'reject' }, begins: true }
  const found = await findResponse(contexts, tenant, previous)
  if (!found)
    throw new McpdError('NOT_FOUND', `Previous response with id '${previous}' not found.`, {
      param: 'previous_response_id',
      openaiCode: 'previous_response_not_found',
    })
  const { id: turn, state } = found.turn
  if (state === 'streaming')
    throw new McpdError('CONFLICT', `The response '${previous}' is still being written.`, {
      param: 'previous_response_id',
      suggestions: ['Go on when it is complete.'],
    })
  return {
    use: { id: found.context, head: turn, onConflict: 'fork' },
    begins: false,
    previousTurn: turn,
  }
}

export const requireOne = (places: Readonly<Record<string, unknown>>): void => {
  const [first, second] = Object.keys(places).filter((name) => places[name] != null)
  if (second !== undefined)
    throw new McpdError('BAD_REQUEST', `Send only one of "${first}" and "${second}".`, { param: second })
}

/** The context of a conversation that is there. Throws NOT_FOUND. */
export const conversationContext = async (
  contexts: ContextStore,
  tenant: string,
  id: string,
): Promise<string> => {
  const context = contextOfConversation(id)
  if (context !== undefined && (await contexts.find({ tenant, context }))) return context
  throw new McpdError('NOT_FOUND', `Conversation with id '${id}' not found.`)
}

/** References in one request: each is looked up. */
const referencesMax = 1000

/** The items of `where`, references replaced by what they name. Throws NOT_FOUND for one that names nothing. */
export const resolveReferences = async (
  contexts: ContextStore,
  tenant: string,
  given: readonly ItemBody[],
  where: string,
): Promise<ItemBody[]> => {
  if (given.filter(isReference).length > referencesMax)
    throw new McpdError('BAD_REQUEST', `At most ${referencesMax} item references are taken at once.`, {
      param: where,
    })
  const items: ItemBody[] = []
  for (const [index, item] of given.entries()) {
    const id = item.id ?? ''
    const found = isReference(item) ? await findItem(contexts, tenant, id) : item
    // What was thought again in a stream is stored with what was thought first.
    const first = found ? undefined : firstThought(id)
    if (first !== undefined && (await findItem(contexts, tenant, first))) continue
    if (!found)
      throw new McpdError('NOT_FOUND', `Item with id '${item.id}' not found.`, {
        param: `${where}[${index}].id`,
      })
    items.push(found)
  }
  return items
}

export const isReference = ({ type, role, id }: ItemBody): boolean =>
  type === 'item_reference' || (type == null && role === undefined && id != null)
