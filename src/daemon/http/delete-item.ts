import { bodyOf, messageOf } from '../../core/canonical-json.ts'
import { type ContextKey, mainHead, type NewTurn, type StoredTurn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import { turnOfItem } from '../../dialects/responses/ids.ts'
import { encodeItems } from '../../dialects/responses/item-encoder.ts'
import { decodeItems } from '../../dialects/responses/items.ts'
import type { ContextStore } from '../contexts/store.ts'

/**
 * Takes an item out of a conversation. Turns never change, so those behind it are put again behind what is left of its
 * own, under new ids. Throws NOT_FOUND, and CONFLICT for a call whose output is still there.
 */
export const deleteItem = async (contexts: ContextStore, key: ContextKey, id: string): Promise<void> => {
  const { end, turns } = await contexts.path(key, { head: mainHead })
  const at = turns.findIndex((each) => each.id === turnOfItem(id))
  const turn = turns[at]
  const items = turn ? encodeItems(turn.id, messageOf(turn.body)) : []
  const item = items.find((each) => each.id === id)
  if (!turn || !item)
    throw new McpdError('NOT_FOUND', `Item with id '${id}' not found.`, { param: 'item_id' })
  const behind = turns.slice(at + 1)
  if (item.type === 'function_call' && behind.some((each) => isOutputOf(each, item.call_id)))
    throw new McpdError('CONFLICT', 'The output of this call is in the conversation; delete that first.')
  // Items do not say who spoke, nor what only some backends understand.
  const { name, extra } = messageOf(turn.body)
  const left = decodeItems(items.filter((each) => each.id !== id)).map((message) => ({
    ...message,
    ...(name !== undefined && { name }),
    ...(extra && { extra }),
  }))
  await contexts.append({
    ...key,
    expected: end,
    base: turn.parent,
    turns: [...left.map((message) => ({ ...again(turn), body: bodyOf(message) })), ...behind.map(again)],
  })
}

const isOutputOf = ({ role, body }: StoredTurn, call: string): boolean =>
  role === 'tool' && messageOf(body).toolCallId === call

/** The same turn, to be stored at another place. */
const again = ({ role, body, state, pinned, origin, at }: StoredTurn): NewTurn => ({
  role,
  body,
  state: state === 'aborted' ? 'aborted' : 'complete',
  pinned,
  at,
  ...(origin && { origin }),
})
