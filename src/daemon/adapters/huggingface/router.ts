import type { Model } from '../../../core/adapter.ts'
import type { EmbedInput, InferenceEvent, InferenceRequest } from '../../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { decodeEmbeddings } from '../../../dialects/tei/embed.ts'
import { parseJson } from '../../adapter-server.ts'
import { configuredModels } from '../../configured-models.ts'
import { inferOpenAi } from './completions.ts'
import { healthBy, type Kind, unsupported } from './kind.ts'
import type { Place } from './place.ts'

/** Models that are listed; the rest is left out. */
const modelsMax = 10_000

/** The router of the Inference Providers: chat of all of them, and the vectors that Hugging Face itself makes. */
export const createRouter = (place: Place): Kind => {
  const list = (signal: AbortSignal): Promise<Wire> =>
    place.server.askObject({ method: 'GET', path: '/v1/models', signal })

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input } = request
    if (input.operation === 'chat') yield* inferOpenAi(place, request, 'chat')
    else if (input.operation === 'embed') yield* embed(place, request, input)
    else throw unsupported(place, input.operation)
  }

  return {
    operations: ['chat', 'embed'],
    infer,
    models: async (signal) => {
      const configured = configuredModels(place.options.models, ['chat'])
      if (configured) return configured
      const { data } = await list(signal)
      const listed = Array.isArray(data) ? data.filter(isRecord) : []
      return [...new Map(listed.flatMap(modelsOf).map((model) => [model.name, model])).values()].slice(
        0,
        modelsMax,
      )
    },
    health: (signal) => healthBy(() => list(signal), signal),
    // A provider that is not listed, or a policy such as `:fastest`: the router knows.
    variantOf: (name) => /^(.+):[^:/]+$/.exec(name)?.[1],
  }
}

/** A model by its own name, and by that of each provider that serves it now, whose windows differ. */
const modelsOf = (entry: Wire): Model[] => {
  const name = textOf(entry['id'])
  if (name === undefined) return []
  const created = numberOf(entry['created'])
  const ownedBy = textOf(entry['owned_by'])
  const model: Model = {
    name,
    operations: ['chat'],
    ...(created !== undefined && created > 0 && { created }),
    ...(ownedBy !== undefined && { ownedBy }),
  }
  const providers = Array.isArray(entry['providers']) ? entry['providers'].filter(isRecord) : []
  const served = providers.flatMap((provider): Model[] => {
    const providerName = textOf(provider['provider'])
    const contextLength = numberOf(provider['context_length'])
    if (providerName === undefined || (textOf(provider['status']) ?? 'live') !== 'live') return []
    return [
      {
        ...model,
        name: `${name}:${providerName}`,
        ...(contextLength !== undefined && contextLength > 0 && { contextLength }),
      },
    ]
  })
  return [model, ...served]
}

/** Vectors have no route of OpenAI's there. */
async function* embed(
  place: Place,
  { model, trace, signal }: InferenceRequest,
  { inputs, dimensions, extra }: EmbedInput,
): AsyncGenerator<InferenceEvent, void> {
  for (const name of [...(dimensions === undefined ? [] : ['dimensions']), ...Object.keys(extra)])
    trace.warnings.push(`'${name}' is not known to the router's pipeline and was left out.`)
  const response = await place.ask({
    method: 'POST',
    path: `/hf-inference/models/${model.split('/').map(encodeURIComponent).join('/')}/pipeline/feature-extraction`,
    body: JSON.stringify({ inputs }),
    signal,
  })
  const embeddings = decodeEmbeddings(
    parseJson(response, await response.bytes(place.answerMaxBytes)),
    inputs.length,
  )
  yield { type: 'whole', response: () => ({ model, choices: [], embeddings }) }
}
