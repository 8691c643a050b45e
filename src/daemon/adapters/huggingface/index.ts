import type { Adapter, AdapterHost, AdapterModule } from '../../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { InferenceEvent, InferenceRequest, Operation } from '../../../core/inference.ts'
import { parseGauges } from '../../../dialects/prometheus.ts'
import { configuredModels } from '../../configured-models.ts'
import { createEndpoint } from './endpoint.ts'
import type { Kind } from './kind.ts'
import { type HuggingFaceOptions, huggingfaceOptions, type KindName } from './options.ts'
import { connectPlace, type Place } from './place.ts'
import { probe } from './probe.ts'
import { createRouter } from './router.ts'
import { createTei } from './tei.ts'
import { createTgi } from './tgi.ts'

const makers: Readonly<Record<KindName, (place: Place) => Kind>> = {
  router: createRouter,
  tgi: createTgi,
  tei: createTei,
  openai: createEndpoint,
}

/** What one of the kinds can, as long as it is not known which it is. */
const possible: readonly Operation[] = ['chat', 'complete', 'embed', 'rerank', 'tokenize']
const pageMaxBytes = 4 * 1024 * 1024

const create = (options: HuggingFaceOptions, host: AdapterHost): Adapter => {
  const { kind: named = 'auto', scaleToZero = false } = options
  if (scaleToZero && !options.models)
    throw new McpdError(
      'CONFIG_INVALID',
      'scaleToZero needs models: an endpoint that may sleep is not asked for them.',
    )
  const place = connectPlace(options, host)
  let kind = named === 'auto' ? undefined : makers[named](place)

  const find = async (signal: AbortSignal, wait: boolean): Promise<Kind> =>
    (kind ??= makers[await probe(place, signal, wait)](place))

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    request.signal.throwIfAborted()
    yield* (await find(request.signal, true)).infer(request)
  }

  return {
    specVersion: 1,
    get operations() {
      return kind?.operations ?? possible
    },
    infer,
    variantOf: (name) => kind?.variantOf?.(name),
    models: async (signal) =>
      scaleToZero
        ? (configuredModels(place.options.models, kind?.operations ?? possible) ?? [])
        : (await find(signal, false)).models(signal),
    health: async (signal) => {
      if (scaleToZero) return { ok: true, detail: 'Not asked, so that it can sleep.' }
      try {
        return await (await find(signal, false)).health(signal)
      } catch (error) {
        signal.throwIfAborted()
        return { ok: false, detail: toMcpdError(error).message }
      }
    },
    metrics: async (signal) => {
      const gauges = kind?.gauges
      if (!gauges || scaleToZero) return {}
      const response = await place.server.ask({ method: 'GET', path: '/metrics', signal })
      return parseGauges((await response.bytes(pageMaxBytes)).toString(), gauges)
    },
    validate: ({ stream, input: { operation } }) =>
      stream && operation !== 'chat' && operation !== 'complete'
        ? `${operation} gives one answer, not a stream.`
        : undefined,
    close: () => place.server.close(),
    uses: [
      'POST /v1/chat/completions',
      'POST /v1/completions',
      'POST /v1/embeddings',
      'POST /v1/rerank',
      'GET /v1/models',
      'POST /hf-inference/models/{model}/pipeline/feature-extraction',
      'POST /generate',
      'POST /generate_stream',
      'POST /tokenize',
      'POST /chat_tokenize',
      'POST /embed',
      'POST /rerank',
      'GET /info',
      'GET /health',
      'GET /metrics',
    ],
  }
}

const huggingface: AdapterModule<HuggingFaceOptions> = {
  type: 'huggingface',
  description: 'Hugging Face: the router of its Inference Providers, dedicated endpoints, TGI and TEI.',
  host: 'module',
  options: huggingfaceOptions,
  create,
}

export default huggingface
