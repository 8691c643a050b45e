import type { Health } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import { unfold } from '../../../core/fold.ts'
import type {
  CompleteInput,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  TokenizeInput,
} from '../../../core/inference.ts'
import { encodeMessages } from '../../../dialects/openai/request-encoder.ts'
import { errorInside } from '../../../dialects/tgi/errors.ts'
import { encodeGenerate } from '../../../dialects/tgi/request.ts'
import { decodeGenerated, usageOf } from '../../../dialects/tgi/response.ts'
import { decodeStream } from '../../../dialects/tgi/stream-decoder.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { parseJson } from '../../adapter-server.ts'
import { configuredModels } from '../../configured-models.ts'
import { inferOpenAi } from './completions.ts'
import { healthBy, type Kind, requireModel, unsupported } from './kind.ts'
import type { Place } from './place.ts'
import { idsOf } from './token-ids.ts'

const operations = ['chat', 'complete', 'tokenize'] as const

/** Text Generation Inference: texts by its native API, conversations by the route of OpenAI's that it has. */
export const createTgi = (place: Place): Kind => {
  let info: Wire | undefined

  const learn = async (signal: AbortSignal): Promise<Wire> =>
    (info = await place.server.askObject({ method: 'GET', path: '/info', signal }))

  /** It would answer to any name. */
  const require = async ({ model, signal }: InferenceRequest): Promise<void> =>
    requireModel(place, model, nameOf(info ?? (place.options.models ? {} : await learn(signal))))

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input } = request
    if (!(operations as readonly string[]).includes(input.operation))
      throw unsupported(place, input.operation)
    await require(request)
    if (input.operation === 'chat') yield* inferOpenAi(place, request, 'chat')
    else if (input.operation === 'complete') yield* generate(place, request, input)
    else if (input.operation === 'tokenize') yield await tokenize(place, request, input)
  }

  return {
    operations,
    infer,
    models: async (signal) => {
      const configured = configuredModels(place.options.models, operations)
      if (configured) return configured
      const limits = await learn(signal)
      const contextLength = numberOf(limits['max_total_tokens'])
      return [{ name: nameOf(limits), operations, ...(contextLength !== undefined && { contextLength }) }]
    },
    health: async (signal): Promise<Health> => {
      const health = await healthBy(async () => {
        const response = await place.server.ask({ method: 'GET', path: '/health', signal })
        await response.bytes(place.answerMaxBytes)
        await learn(signal)
      }, signal)
      const version = textOf(info?.['version'])
      return { ...health, ...(version !== undefined && { version }) }
    },
    gauges: { tgi_batch_current_size: 'requests_running', tgi_queue_size: 'requests_waiting' },
  }
}

const nameOf = (info: Wire): string => textOf(info['model_id']) ?? 'tgi'

async function* generate(
  place: Place,
  request: InferenceRequest,
  input: CompleteInput,
): AsyncGenerator<InferenceEvent, void> {
  const { model, stream, signal, trace } = request
  const { body, dropped } = encodeGenerate(input)
  for (const name of dropped) trace.warnings.push(`'${name}' is not known to TGI and was left out.`)
  const response = await place.ask({
    method: 'POST',
    path: stream ? '/generate_stream' : '/generate',
    body: JSON.stringify(body),
    signal,
  })
  const logprobs = input.topLogprobs !== undefined
  if (stream && !response.headers['content-type']?.includes('json')) {
    const prompt = input.echo === true ? String(input.prompts[0]) : ''
    yield* decodeStream(response.body, { model, logprobs, prompt })
    return
  }
  const value = parseJson(response, await response.bytes(place.answerMaxBytes))
  const failure = isRecord(value) ? errorInside(value) : undefined
  if (failure) throw failure
  const decoded: InferenceResponse = decodeGenerated(value, response.headers, { model, logprobs })
  if (stream) yield* unfold(decoded)
  else yield { type: 'whole', ...usageMember(decoded), response: () => decoded }
}

const usageMember = ({ usage }: InferenceResponse): { readonly usage?: ReturnType<typeof usageOf> & {} } =>
  usage ? { usage } : {}

const tokenize = async (
  place: Place,
  { model, signal }: InferenceRequest,
  { text, messages }: TokenizeInput,
): Promise<InferenceEvent> => {
  const response = await place.ask({
    method: 'POST',
    path: messages ? '/chat_tokenize' : '/tokenize',
    body: JSON.stringify(messages ? { model, messages: encodeMessages(messages) } : { inputs: text }),
    signal,
  })
  const value = parseJson(response, await response.bytes(place.answerMaxBytes))
  const tokens = idsOf(isRecord(value) ? value['tokenize_response'] : value)
  if (!tokens) throw new McpdError('BACKEND_ERROR', 'The backend’s tokens are no list of numbers.')
  return { type: 'whole', response: () => ({ model, choices: [], tokens }) }
}
