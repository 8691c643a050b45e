import type { FastifyInstance } from 'fastify'
import { McpdError } from '../../core/errors.ts'
import {
  AnthropicError,
  AnthropicModel,
  AnthropicModelList,
} from '../../dialects/anthropic/response-schemas.ts'
import type { ListedModel, Registry } from '../registry.ts'
import { renderAnthropicError } from './anthropic.ts'
import {
  anthropicModel,
  anthropicModels,
  anthropicPageQuery,
  isAnthropicClient,
  type NamedModel,
} from './anthropic-models.ts'
import type { RenderError } from './server.ts'

/** The schema of one dialect or the other: two APIs have these routes. */
const either = (openai: string, schema: object & { readonly $id?: string }) => {
  // The surface of the other API has it under its name; this scope does not know that.
  const { $id: _, ...anthropic } = schema
  return { 'application/json': { schema: { anyOf: [{ $ref: `${openai}#` }, anthropic] } } }
}

const failure = {
  default: { description: 'An error.', content: either('ErrorResponse', AnthropicError) },
}

/** What can be asked for, as the OpenAI API lists it, or as Anthropic's to a client that sends anthropic-version. */
export const addModels = (app: FastifyInstance, registry: Registry, render: RenderError): void => {
  const errorHandler: RenderError = (thrown, request, reply) =>
    (isAnthropicClient(request) ? renderAnthropicError : render)(thrown, request, reply)

  app.get(
    '/v1/models',
    {
      errorHandler,
      schema: {
        tags: ['OpenAI', 'Anthropic'],
        operationId: 'listOpenAiModels',
        summary: 'All models that can be asked for',
        querystring: { type: 'object', properties: anthropicPageQuery },
        response: {
          200: { description: 'The models.', content: either('ModelList', AnthropicModelList) },
          ...failure,
        },
      },
    },
    async ({ headers, query }) => {
      const models = named(registry)
      return isAnthropicClient({ headers })
        ? anthropicModels(models, query)
        : { object: 'list', data: models.map(openaiModel) }
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/models/:id',
    {
      errorHandler,
      schema: {
        tags: ['OpenAI', 'Anthropic'],
        operationId: 'getOpenAiModel',
        summary: 'One model',
        params: {
          type: 'object',
          properties: { id: { type: 'string', description: 'The id, slashes raw or percent-encoded.' } },
        },
        response: {
          200: { description: 'The model.', content: either('Model', AnthropicModel) },
          ...failure,
        },
      },
    },
    async ({ headers, params }) => {
      const model = await find(registry, params.id)
      return isAnthropicClient({ headers }) ? anthropicModel(model) : openaiModel(model)
    },
  )
}

type ServedModel = NamedModel & { readonly ownedBy: string }

const named = (registry: Registry): readonly ServedModel[] => [
  ...registry.groups.map(({ config }) => ({ id: config.name, ownedBy: 'mcpd' })),
  ...registry.list().map((listed) => servedModel(listed, idOf(listed))),
]

const find = async (registry: Registry, id: string): Promise<ServedModel> => {
  if (registry.groups.some(({ config }) => config.name === id)) return { id, ownedBy: 'mcpd' }
  const { backend, model } = await registry.resolve(undefined, id)
  const listed = registry.list().find((entry) => entry.backend === backend && entry.model.name === model)
  if (!listed)
    throw new McpdError('MODEL_NOT_FOUND', `No backend serves a model "${id}".`, { param: 'model' })
  return servedModel(listed, id)
}

/** A bare name where it is enough, else with its backend before it. */
const idOf = ({ backend, model, shadowedBy }: ListedModel): string =>
  shadowedBy === undefined ? model.name : `${backend.name}/${model.name}`

const servedModel = ({ backend, model }: ListedModel, id: string): ServedModel => ({
  id,
  model,
  ownedBy: model.ownedBy ?? backend.name,
})

const openaiModel = ({ id, model, ownedBy }: ServedModel): object => ({
  id,
  object: 'model',
  created: model?.created ?? 0,
  owned_by: ownedBy,
})
