import type { Adapter, AdapterHost, AdapterModule } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import { fold, unfold } from '../../../core/fold.ts'
import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferenceEvent,
  InferenceRequest,
  InferInput,
  WholeEvent,
} from '../../../core/inference.ts'
import { decodeEmbed, embedBatchMax, encodeEmbed } from '../../../dialects/kserve/embeddings.ts'
import { encodePrompt } from '../../../dialects/kserve/generate-request.ts'
import type { Layout } from '../../../dialects/kserve/layout.ts'
import { renderChat } from '../../chat-template.ts'
import { connectGrpc } from './grpc-server.ts'
import { connectHttp } from './http-server.ts'
import { createMetricsReader } from './metrics.ts'
import { askHealth, createModelLister, type ModelLister, requireTensors, templateOf } from './models.ts'
import { type TritonOptions, tritonOptions } from './options.ts'
import { refuse, unnamed } from './refuse.ts'
import type { Server, TextCall } from './server.ts'

const operations = ['chat', 'complete', 'embed', 'infer'] as const

const create = (options: TritonOptions, host: AdapterHost): Adapter => {
  const server = options.protocol === 'grpc' ? connectGrpc(options) : connectHttp(options, host)
  const lister = createModelLister(server, options)
  const metrics = createMetricsReader(server, options, host)
  const parts = { server, lister }

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input, model, signal, trace } = request
    signal.throwIfAborted()
    if (!operations.some((known) => known === input.operation))
      throw new McpdError('OPERATION_UNSUPPORTED', `Triton has no way to ${input.operation}.`)
    const reason = refuse(request)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason)
    const layout = await lister.layout(model, signal)
    requireTensors(model, input.operation, layout)
    for (const name of unnamed(input)) trace.warnings.push(leftOut(name, model))
    if (input.operation === 'embed') yield* embed(parts, request, input, layout)
    else if (input.operation === 'infer') yield* inferRaw(parts, request, input, layout)
    else if (input.operation === 'chat' || input.operation === 'complete')
      yield* generate(parts, request, input, layout)
  }

  return {
    specVersion: 1,
    operations,
    infer,
    models: (signal) => lister.list(signal),
    health: (signal) => askHealth(server, signal),
    metrics: (signal) => metrics.read(signal),
    validate: refuse,
    manage: {
      load: (model, signal) => server.load(model, signal),
      unload: (model, signal) => server.unload(model, signal),
    },
    describe: async (model, signal) => ({ dialect: 'kserve', body: await server.config(model, signal) }),
    close: async () => {
      await Promise.all([server.close(), metrics.close()])
    },
    uses: [
      'GET /v2/health/live',
      'GET /v2/health/ready',
      'GET /v2',
      'POST /v2/repository/index',
      'POST /v2/repository/models/{model}/load',
      'POST /v2/repository/models/{model}/unload',
      'GET /v2/models/{model}',
      'GET /v2/models/{model}/config',
      'GET /v2/models/stats',
      'POST /v2/models/{model}/infer',
      'POST /v2/models/{model}/generate',
      'POST /v2/models/{model}/generate_stream',
    ],
  }
}

interface Parts {
  readonly server: Server
  readonly lister: ModelLister
}

const leftOut = (name: string, model: string): string =>
  `'${name}' is not known to ${model} and was left out.`

/** A text from a text. A model that streams whatever it is asked gives its whole answer as the sum of the stream. */
async function* generate(
  { server, lister }: Parts,
  { model, id, signal, stream, trace, frame }: InferenceRequest,
  input: ChatInput | CompleteInput,
  layout: Layout,
): AsyncGenerator<InferenceEvent, void> {
  const settings = lister.settings(model)
  const text =
    input.operation === 'chat'
      ? await renderChat(requireTemplate(model, templateOf(settings, layout.facts)), input, settings)
      : String(input.prompts[0])
  const { decoupled } = layout.facts
  const isWhole = !decoupled || (server.generatesDecoupled && layout.named('stream') !== undefined)
  const { sampling, extra } = input
  const prompt = encodePrompt(
    {
      text,
      sampling,
      stream,
      extra,
      ...(input.operation === 'chat'
        ? input.responseFormat && { responseFormat: input.responseFormat }
        : { echo: input.echo ?? false }),
    },
    layout,
    settings,
  )
  for (const name of prompt.dropped) trace.warnings.push(leftOut(name, model))
  trace.warnings.push(...prompt.set)
  const call: TextCall = { model, id, signal, layout, prompt, ...(frame && { frame }) }
  if (stream) return yield* server.generateStream(call)
  if (isWhole) return yield await server.generate(call)
  const response = await fold(server.generateStream(call))
  yield { type: 'whole', ...(response.usage && { usage: response.usage }), response: () => response }
}

const requireTemplate = (model: string, template: string | undefined): string => {
  if (template !== undefined) return template
  throw new McpdError('OPERATION_UNSUPPORTED', `${model} has no chat template, so it cannot chat.`, {
    suggestions: [
      `Give it under models.${model}.chatTemplate in the backend's entry of the config, or use the operation complete.`,
    ],
  })
}

/** Texts go as many at a time as the model takes, one batch after the other. */
async function* embed(
  { server }: Parts,
  { model, id, signal }: InferenceRequest,
  { inputs }: EmbedInput,
  layout: Layout,
): AsyncGenerator<InferenceEvent, void> {
  const texts = inputs as readonly string[]
  const size = embedBatchMax(layout)
  const embeddings: number[][] = []
  let named = model
  for (let at = 0; at < texts.length; at += size) {
    const batch = texts.slice(at, at + size)
    const input = encodeEmbed(layout, batch)
    const response = (await server.infer({ model, id, signal, input, facts: layout.facts })).response()
    named = response.model || named
    embeddings.push(...decodeEmbed(layout, response.tensors ?? [], batch.length))
  }
  const whole: WholeEvent = { type: 'whole', response: () => ({ model: named, choices: [], embeddings }) }
  yield whole
}

async function* inferRaw(
  { server }: Parts,
  { model, id, signal, stream, frame }: InferenceRequest,
  input: InferInput,
  { facts }: Layout,
): AsyncGenerator<InferenceEvent, void> {
  const call = { model, id, signal, input, facts, ...(frame && { frame }) }
  if (facts.decoupled && !server.inferStream)
    throw new McpdError(
      'OPERATION_UNSUPPORTED',
      `${model} may give any number of responses, which raw tensors over HTTP cannot carry.`,
      { suggestions: ["Set protocol: grpc and the gRPC port in the backend's entry of the config."] },
    )
  if (server.inferStream && facts.decoupled && !stream) {
    const response = await fold(server.inferStream(call))
    return yield { type: 'whole', response: () => response }
  }
  if (server.inferStream && stream) return yield* server.inferStream(call)
  const whole = await server.infer(call)
  if (stream) yield* unfold(whole.response())
  else yield whole
}

const triton: AdapterModule<TritonOptions> = {
  type: 'triton',
  description:
    'NVIDIA Triton and other servers of the KServe v2 protocol, over HTTP or gRPC: texts, vectors, tensors.',
  host: 'module',
  options: tritonOptions,
  create,
}

export default triton
