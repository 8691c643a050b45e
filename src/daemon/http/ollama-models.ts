import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Model, ModelFile } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import type { NamedBody } from '../../dialects/ollama/request-schemas.ts'
import type { Backend } from '../backend.ts'
import type { ListedModel } from '../registry.ts'
import { version } from '../version.ts'
import {
  type ManageParts,
  nameIn,
  ollamaAnswer,
  ollamaFailure,
  servedName,
  whileWanted,
} from './ollama-route.ts'

/** The version of Ollama's API that is spoken here. */
const apiVersion = '0.20.0'
/** For models that stay in memory for good. */
const never = '9999-12-31T23:59:59Z'

/** What there is, what is in memory, and what a model can do. */
export const addModels = (app: FastifyInstance, parts: ManageParts): void => {
  const { registry } = parts
  app.get(
    '/api/tags',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaTags',
        summary: 'All models that can be asked for',
        response: { 200: ollamaAnswer('OllamaTags', 'The models.'), ...ollamaFailure },
      },
    },
    async () => ({
      models: [
        ...registry.groups.map(({ config }) => groupEntry(config.name)),
        ...registry.list().map((listed) => ({ ...entryOf(listed), modified_at: modifiedAt(listed.model) })),
      ],
    }),
  )

  app.get(
    '/api/ps',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaPs',
        summary: 'The models that are in memory',
        response: { 200: ollamaAnswer('OllamaPs', 'The models.'), ...ollamaFailure },
      },
    },
    async () => {
      await Promise.all(registry.backends.map((backend) => backend.refresh()))
      // What does not say that a model is in memory keeps it there.
      return {
        models: registry
          .list()
          .filter(({ model }) => model.memory !== null)
          .map(loadedEntry),
      }
    },
  )

  app.post<{ Body: NamedBody }>(
    '/api/show',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaShow',
        summary: 'What a model is and can do',
        body: { $ref: 'OllamaShowRequest#' },
        response: { 200: ollamaAnswer('OllamaShow', 'The model.'), ...ollamaFailure },
      },
    },
    async ({ body }, reply) => {
      const { backend, model: name } = await registry.resolve(undefined, servedName(registry, nameIn(body)))
      const described = await whileWanted(parts, reply, async (signal) =>
        backend.adapter.describe?.(name, signal),
      )
      if (described?.dialect === 'ollama') return described.body
      const model = backend.find(name)
      if (!model)
        throw new McpdError('BACKEND_UNAVAILABLE', `The backend ${backend.name} has not answered yet.`, {
          backend: backend.name,
          retryAfterSeconds: 5,
        })
      return describe(backend, model)
    },
  )

  app.get(
    '/api/version',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaVersion',
        summary: 'What speaks here',
        response: { 200: ollamaAnswer('OllamaVersion', 'The versions.'), ...ollamaFailure },
      },
    },
    async () => ({ version: apiVersion, mcpd: version }),
  )
}

/** A bare name where it is enough, else with its backend before it. */
const entryOf = ({ backend, model, shadowedBy }: ListedModel) => {
  const name = shadowedBy === undefined ? model.name : `${backend.name}/${model.name}`
  return {
    name,
    model: name,
    size: model.file?.sizeBytes ?? 0,
    digest: model.file?.digest ?? digestOf(`${backend.name}/${model.name}`),
    details: detailsOf(model.file),
  }
}

const groupEntry = (name: string): object => ({
  name,
  model: name,
  size: 0,
  digest: digestOf(name),
  details: detailsOf(),
  modified_at: modifiedAt({}),
})

/** For what has no files of its own: the same for the same name. */
const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex')

const loadedEntry = (listed: ListedModel): object => {
  const { memory, contextLength } = listed.model
  return {
    ...entryOf(listed),
    ...(memory?.sizeBytes !== undefined && { size: memory.sizeBytes }),
    size_vram: memory?.gpuBytes ?? 0,
    expires_at: memory?.expiresAt ?? never,
    ...(contextLength !== undefined && { context_length: contextLength }),
  }
}

const detailsOf = ({ format = '', family = '', parameterSize = '', quantization = '' }: ModelFile = {}) => ({
  parent_model: '',
  format,
  family,
  families: family === '' ? [] : [family],
  parameter_size: parameterSize,
  quantization_level: quantization,
})

const modifiedAt = ({ created = 0 }: Pick<Model, 'created'>): string => new Date(created * 1000).toISOString()

/** As Ollama describes a model of its own. The window is the one that requests get, which is what clients plan by. */
const describe = (backend: Backend, model: Model): object => {
  const { file, contextLength = model.trainedContextLength, embeddingDimensions } = model
  const architecture = file?.family ?? backend.adapterType
  return {
    modelfile: '',
    parameters: '',
    template: '',
    details: detailsOf(file),
    model_info: {
      'general.architecture': architecture,
      'general.basename': model.name,
      ...(contextLength !== undefined && { [`${architecture}.context_length`]: contextLength }),
      ...(embeddingDimensions !== undefined && { [`${architecture}.embedding_length`]: embeddingDimensions }),
    },
    capabilities: capabilitiesOf(model),
    modified_at: modifiedAt(model),
  }
}

const capabilityNames = { tools: 'tools', vision: 'vision', audio: 'audio', reasoning: 'thinking' } as const

/**
 * A model is for texts or, if it has nothing else, for vectors. Clients offer no tools to one that does not claim
 * them, so a backend that does not say what its models can do is taken to leave that to be tried.
 */
const capabilitiesOf = ({ operations, capabilities = ['tools'] }: Model): string[] => {
  if (!operations.includes('chat') && !operations.includes('complete')) return ['embedding']
  const more = capabilities.map((name) => (name === 'structured-output' ? undefined : capabilityNames[name]))
  return ['completion', ...more.filter((name) => name !== undefined)]
}
