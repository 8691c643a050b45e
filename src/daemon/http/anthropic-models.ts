import type { FastifyRequest } from 'fastify'
import type { Model } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'

/** A name and, where it is one of a backend's models and no group, what is known of it. */
export interface NamedModel {
  readonly id: string
  readonly model?: Model
}

/** Whether a client of the Messages API asks: it always says which version of it. */
export const isAnthropicClient = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers['anthropic-version'] !== undefined

const pageDefault = 20
const pageMax = 1000

/** The query of the list, as the route declares it. */
export const anthropicPageQuery = {
  limit: {
    type: 'string',
    description: `To clients that send anthropic-version: models a page (${pageDefault}).`,
  },
  after_id: { type: 'string', description: 'To these: the model before the page.' },
  before_id: { type: 'string', description: 'To these: the model after the page.' },
}

/** A page of the models as the Messages API lists them. Throws BAD_REQUEST for a cursor or limit that is none. */
export const anthropicModels = (models: readonly NamedModel[], query: unknown): object => {
  const { limit, after_id: after, before_id: before } = query as Readonly<Record<string, string | undefined>>
  const size = limit === undefined ? pageDefault : Number(limit)
  if (!Number.isInteger(size) || size < 1 || size > pageMax)
    throw new McpdError('BAD_REQUEST', `limit must be a whole number from 1 to ${pageMax}.`, {
      param: 'limit',
    })
  const place = (id: string, param: string): number => {
    const at = models.findIndex((model) => model.id === id)
    if (at === -1) throw new McpdError('BAD_REQUEST', `There is no model "${id}" to go on from.`, { param })
    return at
  }
  const end = before === undefined ? models.length : place(before, 'before_id')
  const from =
    after !== undefined ? place(after, 'after_id') + 1 : before === undefined ? 0 : Math.max(0, end - size)
  const page = models.slice(from, Math.min(end, from + size))
  return {
    data: page.map(anthropicModel),
    has_more: before === undefined || after !== undefined ? from + size < end : from > 0,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}

/** One model as the Messages API shows it. */
export const anthropicModel = ({ id, model }: NamedModel): object => ({
  id,
  type: 'model',
  display_name: id,
  created_at: new Date((model?.created ?? 0) * 1000).toISOString(),
  max_input_tokens: model?.contextLength ?? null,
  max_tokens: null,
})
