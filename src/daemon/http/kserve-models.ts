import type { FastifyInstance, FastifyReply } from 'fastify'
import { McpdError } from '../../core/errors.ts'
import { factsOfConfig } from '../../dialects/kserve/model.ts'
import { textFormats } from '../../dialects/kserve/text-tensors.ts'
import type { Activity } from '../activity.ts'
import type { ListedModel, Registry } from '../registry.ts'
import { version } from '../version.ts'
import {
  kserveAnswer,
  kserveFailure,
  modelPlaces,
  type ModelParams,
  paramsOf,
  servedName,
} from './kserve-route.ts'
import { whileWanted } from './ollama-route.ts'

export interface KserveModelParts {
  readonly registry: Registry
  readonly activity: Activity
}

/** What there is, whether it is well, and which tensors a model takes. */
export const addKserveModels = (app: FastifyInstance, parts: KserveModelParts): void => {
  const { registry } = parts
  addServer(app, registry)
  for (const { base, suffix } of modelPlaces) {
    app.get<{ Params: ModelParams }>(
      base,
      {
        schema: {
          tags: ['KServe'],
          operationId: `kserveModel${suffix}`,
          summary: 'The tensors of a model',
          params: paramsOf(suffix),
          response: { 200: kserveAnswer('KserveModel', 'The model.'), ...kserveFailure },
        },
      },
      async ({ params }, reply) => describe(parts, params, reply),
    )
    app.get<{ Params: ModelParams }>(
      `${base}/ready`,
      {
        schema: {
          tags: ['KServe'],
          operationId: `kserveModelReady${suffix}`,
          summary: 'Whether a model can be asked now',
          params: paramsOf(suffix),
          response: { 200: kserveAnswer('KserveNothing', 'It can.'), ...kserveFailure },
        },
      },
      async ({ params }) => {
        const { backend } = await registry.resolve(undefined, servedName(registry, params))
        await backend.refresh()
        if (!backend.health.ok || backend.draining) throw unready(`${params.model} is not ready.`)
        return {}
      },
    )
  }
}

/** Triton's status for what is not ready. */
const unready = (message: string): McpdError =>
  new McpdError('BACKEND_UNAVAILABLE', message, { status: 400, retryAfterSeconds: 5 })

const addServer = (app: FastifyInstance, registry: Registry): void => {
  const about = (operationId: string, summary: string, schema: string) => ({
    schema: {
      tags: ['KServe'],
      operationId,
      summary,
      response: { 200: kserveAnswer(schema, 'Yes.'), ...kserveFailure },
    },
  })
  app.get('/v2', about('kserveServer', 'What speaks here', 'KserveServer'), async () => ({
    name: 'mcpd',
    version,
    extensions: ['binary_tensor_data', 'generate', 'model_repository'],
  }))
  app.get('/v2/health/live', about('kserveLive', 'Whether mcpd is up', 'KserveNothing'), async () => ({}))
  app.get(
    '/v2/health/ready',
    about('kserveReady', 'Whether any model can be asked', 'KserveNothing'),
    async () => {
      if (!registry.backends.some(({ health, draining }) => health.ok && !draining))
        throw unready('No backend is ready.')
      return {}
    },
  )
  app.post<{ Body: { readonly ready?: boolean } | undefined }>(
    '/v2/repository/index',
    {
      schema: {
        tags: ['KServe'],
        operationId: 'kserveIndex',
        summary: 'All models that can be asked for',
        body: { $ref: 'KserveIndexRequest#' },
        'x-body-optional': true,
        response: { 200: kserveAnswer('KserveIndex', 'The models.'), ...kserveFailure },
      },
    },
    async ({ body }) => {
      const entries = [
        ...registry.groups.map(({ config }) => ({
          name: config.name,
          version: '1',
          state: 'READY',
          reason: '',
        })),
        ...registry.list().map(indexEntry),
      ]
      return body?.ready === true ? entries.filter(({ state }) => state === 'READY') : entries
    },
  )
}

const indexEntry = ({ backend, model, shadowedBy }: ListedModel) => {
  const isReady = backend.health.ok && !backend.draining && model.operations.length > 0
  return {
    name: shadowedBy === undefined ? model.name : `${backend.name}/${model.name}`,
    version: '1',
    state: isReady ? 'READY' : 'UNAVAILABLE',
    reason: isReady ? '' : (backend.health.detail ?? model.description ?? ''),
  }
}

/** What a server of the same dialect tells of its model, else the tensors that mcpd makes texts of. */
const describe = async (
  parts: KserveModelParts,
  params: ModelParams,
  reply: FastifyReply,
): Promise<object> => {
  const { registry } = parts
  const { backend, model: name } = await registry.resolve(undefined, servedName(registry, params))
  const head = { name: params.model, versions: [params.version ?? '1'] }
  const described = await whileWanted(parts, reply, async (signal) =>
    backend.adapter.describe?.(name, signal),
  )
  if (described?.dialect === 'kserve') {
    const { inputs, outputs, backend: platform = backend.adapterType } = factsOfConfig(described.body)
    const told = (tensors: typeof inputs) =>
      tensors.map((tensor) => ({ name: tensor.name, datatype: tensor.datatype, shape: tensor.shape }))
    return { ...head, platform, inputs: told(inputs), outputs: told(outputs) }
  }
  const model = backend.find(name)
  if (!model)
    throw new McpdError('BACKEND_UNAVAILABLE', `The backend ${backend.name} has not answered yet.`, {
      backend: backend.name,
      retryAfterSeconds: 5,
    })
  return {
    ...head,
    platform: backend.adapterType,
    ...textFormats(model.operations, model.embeddingDimensions),
  }
}
