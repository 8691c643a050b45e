import type { Adapter, AdapterHost, AdapterModule } from '../../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../../../core/inference.ts'
import { createApi } from './api.ts'
import { createController, createLoneWorker } from './controller.ts'
import { connectPlace, type Kind, type Place } from './kind.ts'
import { type FastChatOptions, fastchatOperations, fastchatOptions, type KindName } from './options.ts'
import { probe } from './probe.ts'
import { refuse } from './refuse.ts'

const makers: Readonly<Record<KindName, (place: Place) => Kind>> = {
  api: createApi,
  controller: createController,
  worker: createLoneWorker,
}

const create = (options: FastChatOptions, host: AdapterHost): Adapter => {
  const place = connectPlace(options, host)
  const { kind: named = 'auto' } = options
  let name = named === 'auto' ? undefined : named
  let kind = name && makers[name](place)

  const find = async (signal: AbortSignal): Promise<Kind> => {
    if (kind) return kind
    const found = await probe(place, signal)
    // Whoever asked at the same time has made one already.
    if (!kind) {
      name = found
      kind = makers[found](place)
    }
    return kind
  }

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input, signal } = request
    signal.throwIfAborted()
    if (!fastchatOperations.some((known) => known === input.operation))
      throw new McpdError('OPERATION_UNSUPPORTED', `FastChat has no way to ${input.operation}.`)
    const server = await find(signal)
    const reason = refuse(request, name)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason)
    yield* server.infer(request)
  }

  return {
    specVersion: 1,
    operations: fastchatOperations,
    infer,
    models: async (signal) => (await find(signal)).models(signal),
    health: async (signal) => {
      try {
        return await (await find(signal)).health(signal)
      } catch (error) {
        signal.throwIfAborted()
        return { ok: false, detail: toMcpdError(error).message }
      }
    },
    metrics: async (signal) => (await kind?.metrics?.(signal)) ?? {},
    validate: (request) => refuse(request, name),
    describe: async (model, signal) => {
      const server = await find(signal)
      if (server.describe) return server.describe(model, signal)
      throw new McpdError('OPERATION_UNSUPPORTED', 'The API server of FastChat says nothing of its models.')
    },
    close: async () => {
      await Promise.all([place.server.close(), kind?.close?.()])
    },
    uses: [
      'POST /list_models',
      'POST /get_worker_address',
      'GET /test_connection',
      'POST /worker_get_status',
      'POST /worker_generate_stream',
      'POST /worker_get_embeddings',
      'POST /count_token',
      'POST /model_details',
      'POST /worker_get_conv_template',
      'POST /v1/chat/completions',
      'POST /v1/completions',
      'POST /v1/embeddings',
      'GET /v1/models',
      'POST /api/v1/token_check',
    ],
  }
}

const fastchat: AdapterModule<FastChatOptions> = {
  type: 'fastchat',
  description: 'FastChat: its API server, or its controller and workers by their own protocol.',
  host: 'module',
  options: fastchatOptions,
  create,
}

export default fastchat
