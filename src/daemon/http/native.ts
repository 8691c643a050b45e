import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AdapterModule } from '../../core/adapter.ts'
import type { AdapterCode } from '../adapter-code.ts'
import { McpdError } from '../../core/errors.ts'
import type { Input, Operation } from '../../core/inference.ts'
import { decodeChat, decodeComplete, decodeEmbed, decodeMessages } from '../../dialects/openai/request.ts'
import { decodeRerank } from '../../dialects/openai/rerank.ts'
import type { Target } from '../balance.ts'
import type { ListedModel, Registry } from '../registry.ts'
import { explain } from '../explain.ts'
import { answer, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'
import { answers, answersOrStreams, problem } from './documented.ts'
import { nativeAnswer } from './native-answer.ts'
import { decodeInfer, nativeInferSchemas } from './native-infer.ts'
import { nativeSchemas } from './native-schemas.ts'
import { nativeRerankSchemas } from './native-rerank.ts'
import { nativeEncoder } from './native-stream.ts'

export interface NativeParts extends AnswerParts {
  readonly registry: Registry
  readonly modules: readonly (AdapterModule & { readonly source?: undefined })[]
}

type Body = Readonly<Record<string, unknown>>

interface NativeOperation {
  readonly operation: Operation
  readonly summary: string
  readonly request: string
  readonly answer: string
  readonly decode: (body: Body) => Input
}

const nativeOperations: readonly NativeOperation[] = [
  {
    operation: 'chat',
    summary: 'Continue a conversation',
    request: 'NativeChatRequest',
    answer: 'ChatAnswer',
    decode: decodeChat,
  },
  {
    operation: 'complete',
    summary: 'Continue a text',
    request: 'NativeCompleteRequest',
    answer: 'CompleteAnswer',
    decode: decodeComplete,
  },
  {
    operation: 'embed',
    summary: 'Turn texts into vectors',
    request: 'NativeEmbedRequest',
    answer: 'EmbedAnswer',
    decode: decodeEmbed,
  },
  {
    operation: 'rerank',
    summary: 'Put texts in order by how well they answer a query',
    request: 'NativeRerankRequest',
    answer: 'RerankAnswer',
    decode: decodeRerank,
  },
  {
    operation: 'tokenize',
    summary: 'Split a text into tokens',
    request: 'TokenizeRequest',
    answer: 'TokenizeAnswer',
    decode: (body) => decodeTokenize(body),
  },
  {
    operation: 'infer',
    summary: 'Give tensors to a model',
    request: 'NativeInferRequest',
    answer: 'InferAnswer',
    decode: decodeInfer,
  },
]

const generates = (operation: Operation): boolean => operation === 'chat' || operation === 'complete'
const streams = (operation: Operation): boolean => generates(operation) || operation === 'infer'

const params = {
  type: 'object',
  properties: {
    adapter: { type: 'string', description: "An adapter's type, or a backend's name." },
    model: { type: 'string', description: 'The model; slashes may be raw or percent-encoded.' },
  },
}

/** `/mcp/v1/{adapter}/{model}/{operation}` and what there is to ask about adapters and models. */
export const nativeSurface =
  (parts: NativeParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [...nativeSchemas, ...nativeInferSchemas, ...nativeRerankSchemas])
      app.addSchema(schema)
    for (const native of nativeOperations) addOperation(app, parts, native)
    addQuestions(app, parts)
    addLists(app, parts)
  }

const addOperation = (app: FastifyInstance, parts: NativeParts, native: NativeOperation): void => {
  const { operation, summary } = native
  const encode = nativeAnswer(operation, parts.now)
  const encoder = nativeEncoder(parts.now)
  app.post<{ Params: { adapter: string; model: string } }>(
    `/mcp/v1/:adapter/:model/${operation}`,
    {
      schema: {
        tags: ['Native'],
        operationId: operation,
        summary,
        params,
        body: { $ref: `${native.request}#` },
        response: {
          200: streams(operation)
            ? answersOrStreams(native.answer, 'InferenceEvent', 'The answer.')
            : answers(native.answer, 'The answer.'),
          ...problem,
        },
      },
    },
    async (request: FastifyRequest<{ Params: { adapter: string; model: string } }>, reply: FastifyReply) => {
      const body = request.body as Body
      await answer(parts, request, reply, {
        surface: 'native',
        adapter: request.params.adapter,
        model: request.params.model,
        input: native.decode(body),
        stream: streams(operation) && body['stream'] === true,
        ...contextOf(request, operation),
        encoder,
        streamType: 'text/event-stream; charset=utf-8',
        encode,
      })
      return reply
    },
  )
}

const addQuestions = (app: FastifyInstance, { registry }: NativeParts): void => {
  app.get<{ Params: { adapter: string; model: string } }>(
    '/mcp/v1/:adapter/:model/info',
    {
      schema: {
        tags: ['Native'],
        operationId: 'getModelInfo',
        summary: 'What a model is and can do',
        params,
        response: { 200: answers('ModelInfo', 'The model.'), ...problem },
      },
    },
    async ({ params: { adapter, model } }) => {
      const target = await registry.resolve(adapter, model)
      const listed = registry.list().find((entry) => isTarget(entry, target))
      if (!listed)
        throw new McpdError(
          'BACKEND_UNAVAILABLE',
          `The backend ${target.backend.name} has not answered yet.`,
          {
            backend: target.backend.name,
            retryAfterSeconds: 5,
          },
        )
      return modelInfo(listed)
    },
  )

  app.get<{ Params: { adapter: string; model: string } }>(
    '/mcp/v1/:adapter/:model/health',
    {
      schema: {
        tags: ['Native'],
        operationId: 'getModelHealth',
        summary: 'Whether its backend answers now',
        params,
        response: { 200: answers('ModelHealth', 'Its health.'), ...problem },
      },
    },
    async ({ params: { adapter, model } }) => {
      const { backend, model: name } = await registry.resolve(adapter, model)
      await backend.refresh()
      return {
        backend: backend.name,
        adapter: backend.adapterType,
        model: name,
        health: backend.health,
        circuit: backend.breaker.state,
      }
    },
  )
}

const addLists = (app: FastifyInstance, { registry, modules }: NativeParts): void => {
  app.get(
    '/mcp/v1/models',
    {
      schema: {
        tags: ['Native'],
        operationId: 'listModels',
        summary: 'All models of all backends',
        response: { 200: answers('ModelInfoList', 'The models, in the order of the config.'), ...problem },
      },
    },
    async () => ({ models: registry.list().map(modelInfo) }),
  )

  app.get<{ Params: { model: string } }>(
    '/mcp/v1/models/:model/route',
    {
      schema: {
        tags: ['Native'],
        operationId: 'explainRoute',
        summary: 'What would be chosen for a name, and why',
        params: {
          type: 'object',
          properties: { model: { type: 'string', description: 'As in the body of an OpenAI request.' } },
        },
        response: { 200: answers('Route', 'The targets and the choice.'), ...problem },
      },
    },
    async ({ params: { model } }) => explain(model, await registry.resolveRoute(undefined, model)),
  )

  app.get(
    '/mcp/v1/adapters',
    {
      schema: {
        tags: ['Native'],
        operationId: 'listAdapters',
        summary: 'The adapters, and the backends that use them',
        response: { 200: answers('AdapterList', 'The adapters.'), ...problem },
      },
    },
    async () => ({
      adapters: [...modules, ...foreignCode(registry)].map(({ type, description, host, source }) => ({
        type,
        description,
        host,
        ...(source !== undefined && { source }),
        backends: registry.backends
          .filter(({ adapterType, code }) => adapterType === type && code?.source === source)
          .map(({ name }) => name),
      })),
    }),
  )
}

/** The adapters of the running backends that mcpd did not bring, each once. */
const foreignCode = ({ backends }: Registry): readonly AdapterCode[] => [
  ...new Map(
    backends.flatMap(({ code }) =>
      code?.source === undefined ? [] : [[`${code.type} ${code.source}`, code] as const],
    ),
  ).values(),
]

const isTarget = ({ backend, model }: ListedModel, target: Target): boolean =>
  backend === target.backend && model.name === target.model

const modelInfo = ({ backend, model, shadowedBy }: ListedModel): object => {
  const { created: _, ownedBy: __, ...shown } = model
  return {
    id: `${backend.name}/${model.name}`,
    adapter: backend.adapterType,
    backend: backend.name,
    ...shown,
    streaming: model.streaming ?? model.operations.some(generates),
    ...(shadowedBy !== undefined && { shadowedBy }),
  }
}

const decodeTokenize = (body: Body): Input => {
  const { text, messages } = body
  if ((text === undefined) === (messages === undefined))
    throw new McpdError('BAD_REQUEST', 'Send exactly one of "text" and "messages".')
  return typeof text === 'string'
    ? { operation: 'tokenize', text }
    : { operation: 'tokenize', messages: decodeMessages(messages as readonly Body[]) }
}
