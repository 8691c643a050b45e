import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { configuredModels } from '../../configured-models.ts'
import { inferOpenAi } from './completions.ts'
import { healthBy, type Kind, unsupported } from './kind.ts'
import type { Place } from './place.ts'

const operations = ['chat', 'complete', 'embed', 'rerank'] as const
const isOffered = (operation: string): operation is (typeof operations)[number] =>
  (operations as readonly string[]).includes(operation)

/** A dedicated endpoint with a container that serves the OpenAI API: vLLM, llama.cpp, SGLang. */
export const createEndpoint = (place: Place): Kind => {
  const list = (signal: AbortSignal): Promise<Wire> =>
    place.server.askObject({ method: 'GET', path: '/v1/models', signal })
  return {
    operations,
    infer: (request) => {
      const { operation } = request.input
      if (!isOffered(operation)) throw unsupported(place, operation)
      return inferOpenAi(place, request, operation)
    },
    models: async (signal) => {
      const configured = configuredModels(place.options.models, operations)
      if (configured) return configured
      const { data } = await list(signal)
      return (Array.isArray(data) ? data.filter(isRecord) : []).flatMap((entry) => {
        const name = textOf(entry['id'])
        const contextLength = numberOf(entry['max_model_len'])
        return name === undefined
          ? []
          : [{ name, operations, ...(contextLength !== undefined && { contextLength }) }]
      })
    },
    health: (signal) => healthBy(() => list(signal), signal),
  }
}
