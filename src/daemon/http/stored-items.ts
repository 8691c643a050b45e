import { messageOf } from '../../core/canonical-json.ts'
import type { ContextKey, StoredTurn, Turn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { FoundTurn } from '../../core/journal.ts'
import { conversationIdOf, turnOfItem, turnOfResponse } from '../../dialects/responses/ids.ts'
import { encodeItems } from '../../dialects/responses/item-encoder.ts'
import type { AnyItem } from '../../dialects/responses/response-schemas.ts'
import type { ContextStore } from '../contexts/store.ts'

/** What clients of OpenAI know by ids, found among the turns of a tenant. */

/** The items of turns. An answer that was cut short is there as far as it came; one that is being written is not. */
export const itemsOf = (turns: readonly StoredTurn[]): AnyItem[] =>
  turns.flatMap(({ id, state, body }) => {
    if (state === 'streaming') return []
    const message = messageOf(body)
    if (state === 'complete') return encodeItems(id, message)
    return message.content || message.reasoning || message.toolCalls
      ? encodeItems(id, message, 'incomplete')
      : []
  })

/** The turn of a response; undefined where there is none, or no head leads to it any more: then it was deleted. */
export const findResponse = async (
  contexts: ContextStore,
  tenant: string,
  id: string,
): Promise<FoundTurn | undefined> => {
  const turn = turnOfResponse(id)
  const found = turn === undefined ? undefined : await contexts.journal.findTurn(tenant, turn)
  return found?.turn.role === 'assistant' && (await isReachable(contexts, found)) ? found : undefined
}

/** An item of any conversation of the tenant; undefined where there is none. */
export const findItem = async (
  contexts: ContextStore,
  tenant: string,
  id: string,
): Promise<AnyItem | undefined> => {
  const turn = turnOfItem(id)
  const found = turn === undefined ? undefined : await contexts.journal.findTurn(tenant, turn)
  if (!found || !(await isReachable(contexts, found))) return undefined
  const { turns } = await contexts.path(found, { turn: found.turn.id }, { last: 1 })
  return itemsOf(turns).find((item) => item.id === id)
}

const isReachable = async (contexts: ContextStore, found: FoundTurn): Promise<boolean> => {
  if (found.heads.length > 0) return true
  const { heads } = await contexts.summary(found)
  return anyPasses(contexts, found, Object.keys(heads), found.turn)
}

/** Whether one of these heads leads to a turn. Most that are younger do, so the first look nearly always tells. */
const anyPasses = async (
  contexts: ContextStore,
  key: ContextKey,
  heads: readonly string[],
  { id, seq }: Turn,
): Promise<boolean> => {
  for (const head of heads) {
    const { turns } = await contexts.path(key, { head }, { from: seq, to: seq })
    if (turns[0]?.id === id) return true
  }
  return false
}

/**
 * Takes a response and what it answers back from the heads that end with it. Where nothing is left, the context is
 * deleted. Throws CONFLICT where that would take more than the response: later ones that go on from it, or the items
 * of a conversation that somebody made.
 */
export const deleteResponse = async (contexts: ContextStore, found: FoundTurn): Promise<void> => {
  const { tenant, context, turn } = found
  const key: ContextKey = { tenant, context }
  const settings = turn.origin?.settings
  if (!settings || settings['conversation'])
    throw keeps('It is part of a conversation that was made by itself.', context, 'Delete its items there')
  const { heads } = await contexts.summary(key)
  const others = Object.keys(heads).filter((head) => !found.heads.includes(head))
  if (found.heads.length === 0 || (await anyPasses(contexts, key, others, turn)))
    throw keeps(
      'Later responses go on from this one, and stored turns never change.',
      context,
      'Delete these first',
    )
  const { turns } = await contexts.path(key, { turn: turn.id })
  // Answers that came as input have no origin; they go with the response that they are input of.
  const before = turns.slice(0, -1).findLast(({ role, origin }) => role === 'assistant' && origin)?.id ?? null
  if (before === null && others.length === 0) return contexts.delete(key)
  for (const head of found.heads) await contexts.rewind({ ...key, head, to: before, expected: turn.id })
}

const keeps = (why: string, context: string, instead: string): McpdError =>
  new McpdError('CONFLICT', why, {
    suggestions: [`${instead}, or all of it by DELETE /v1/conversations/${conversationIdOf(context)}.`],
  })
