import type { StoredTurn } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import { turnOfItem } from '../../dialects/responses/ids.ts'
import type { AnyItem } from '../../dialects/responses/response-schemas.ts'
import { itemsOf } from './stored-items.ts'

/** How a client of OpenAI asks for a page of a list: all text, as queries are. */
export interface PageQuery {
  readonly limit?: string
  readonly order?: 'asc' | 'desc'
  /** The id of the last item of the page before. */
  readonly after?: string
}

const pageDefault = 20

export const pageQuery = {
  type: 'object',
  properties: {
    limit: {
      type: 'string',
      pattern: '^([1-9]\\d?|100)$',
      description: 'How many: 1 to 100, by default 20.',
    },
    order: { type: 'string', enum: ['asc', 'desc'], description: 'By default desc: the last first.' },
    after: { type: 'string', maxLength: 128, description: 'The id after which the page begins.' },
  },
}

/** Items as a list of OpenAI. */
export const listOf = (data: readonly AnyItem[], hasMore = false): Readonly<Record<string, unknown>> => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: hasMore,
})

/**
 * One page of the items of turns, which are given in the order they came; only those of the page are read. Throws
 * NOT_FOUND for an `after` that is not there.
 */
export const pageOf = (
  turns: readonly StoredTurn[],
  { limit, order = 'desc', after }: PageQuery,
): Readonly<Record<string, unknown>> => {
  const isRising = order === 'asc'
  const ordered = isRising ? turns : turns.toReversed()
  const inOrder = (turn: StoredTurn): AnyItem[] => (isRising ? itemsOf([turn]) : itemsOf([turn]).toReversed())
  const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === turnOfItem(after))
  const first = ordered[start]
  const skipped = after === undefined || !first ? 0 : inOrder(first).findIndex(({ id }) => id === after) + 1
  if (after !== undefined && skipped === 0)
    throw new McpdError('NOT_FOUND', `There is no item '${after}' in this list.`, { param: 'after' })
  const count = Number(limit ?? pageDefault)
  const items: AnyItem[] = []
  for (const turn of ordered.slice(start)) {
    items.push(...inOrder(turn))
    if (items.length > skipped + count) break
  }
  return listOf(items.slice(skipped, skipped + count), items.length > skipped + count)
}
