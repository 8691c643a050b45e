import { McpdError } from '../../core/errors.ts'
import type { AnyItem } from '../../dialects/responses/response-schemas.ts'

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

/** One page of items, which are given in the order they came. Throws BAD_REQUEST for an `after` that is not there. */
export const pageOf = (
  items: readonly AnyItem[],
  { limit, order = 'desc', after }: PageQuery,
): Readonly<Record<string, unknown>> => {
  const ordered = order === 'asc' ? items : items.toReversed()
  const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0)
    throw new McpdError('BAD_REQUEST', `There is no item '${after}' in this list.`, { param: 'after' })
  const end = start + Number(limit ?? pageDefault)
  const data = ordered.slice(start, end)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: end < ordered.length,
  }
}
