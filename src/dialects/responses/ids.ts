/**
 * Ids as clients of OpenAI see them. Each says by its prefix what it names and holds the id of the turn or context
 * behind it, so that nothing has to be kept beside the turns.
 */

export const responseIdOf = (turn: string): string => `resp_${turn}`
export const conversationIdOf = (context: string): string => `conv_${context}`

/** The turn of an answer; undefined where the id is none of a response. */
export const turnOfResponse = (id: string): string | undefined => /^resp_([\w-]{1,64})$/.exec(id)?.[1]

/** The context of a conversation; undefined where the id is none of a conversation. */
export const contextOfConversation = (id: string): string | undefined => /^conv_([\w-]{1,64})$/.exec(id)?.[1]

/** A turn is one message; an answer with reasoning and calls is several items. */
export type ItemKind = 'msg' | 'rs' | 'fc' | 'fco'

/**
 * `at` counts the function calls of a message, and what was thought again in a stream: stored reasoning is one item,
 * whose id is that of the first.
 */
export const itemIdOf = (kind: ItemKind, turn: string, at = 0): string =>
  kind === 'fc' || at > 0 ? `${kind}_${turn}_${at}` : `${kind}_${turn}`

/** The turn that an item is of; undefined where the id is none of an item. */
export const turnOfItem = (id: string): string | undefined =>
  /^(?:msg|rs|fco)_([\w-]{1,64})$/.exec(id)?.[1] ?? /^fc_([\w-]{1,64})_\d{1,6}$/.exec(id)?.[1]

/** Of what was thought again in a stream: the item that all of it is stored as. */
export const firstThought = (id: string): string | undefined => /^(rs_[\w-]{1,64})_\d{1,6}$/.exec(id)?.[1]
