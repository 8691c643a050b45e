import { McpdError } from '../../../core/errors.ts'
import type {
  EmbedInput,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Operation,
  Ranked,
  RerankInput,
  TokenizeInput,
} from '../../../core/inference.ts'
import { type Batch, batchesOf } from '../../../dialects/tei/batches.ts'
import { decodeEmbeddings, encodeEmbed } from '../../../dialects/tei/embed.ts'
import { decodeScores, encodeRerank } from '../../../dialects/tei/rerank.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { parseJson } from '../../adapter-server.ts'
import { configuredModels } from '../../configured-models.ts'
import { healthBy, type Kind, requireModel, unsupported } from './kind.ts'
import type { Place } from './place.ts'
import { idsOf } from './token-ids.ts'

const everything = ['embed', 'rerank', 'tokenize'] as const
/** What it takes where GET /info does not say. */
const batchMaxDefault = 32
/** TEI refuses 2,000,000 bytes; room is left for the query and the JSON around it. */
const batchMaxBytes = 1_500_000
/** Parts of one request that are under way together. */
const batchesAtOnce = 4

/** Text Embeddings Inference: vectors and rankings by its native API, in as many parts as its limits ask for. */
export const createTei = (place: Place): Kind => {
  let info: Wire | undefined

  const learn = async (signal: AbortSignal): Promise<Wire> =>
    (info = await place.server.askObject({ method: 'GET', path: '/info', signal }))

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input, model, signal } = request
    const { operation } = input
    if (operation !== 'embed' && operation !== 'rerank' && operation !== 'tokenize')
      throw unsupported(place, operation)
    // The limit is asked for once, then again with every look at the models.
    const limits = info ?? (await learn(signal))
    if (!operationsOf(limits).includes(operation)) throw unsupported(place, operation)
    requireModel(place, model, nameOf(limits))
    const batchMax = numberOf(limits['max_client_batch_size']) ?? batchMaxDefault
    if (input.operation === 'embed') yield await embed(place, request, input, batchMax)
    else if (input.operation === 'rerank') yield await rerank(place, request, input, batchMax)
    else yield await tokenize(place, request, input)
  }

  return {
    get operations() {
      return info ? operationsOf(info) : everything
    },
    infer,
    models: async (signal) => {
      const limits = await learn(signal)
      const operations = operationsOf(limits)
      const contextLength = numberOf(limits['max_input_length'])
      return (
        configuredModels(place.options.models, operations) ?? [
          { name: nameOf(limits), operations, ...(contextLength !== undefined && { contextLength }) },
        ]
      )
    },
    health: async (signal) => {
      const health = await healthBy(async () => {
        const response = await place.server.ask({ method: 'GET', path: '/health', signal })
        await response.bytes(place.answerMaxBytes)
        await learn(signal)
      }, signal)
      const version = textOf(info?.['version'])
      return { ...health, ...(version !== undefined && { version }) }
    },
    gauges: { te_queue_size: 'requests_waiting' },
  }
}

const nameOf = (info: Wire): string => textOf(info['model_id']) ?? 'tei'

/** By the kind of model that it runs. */
const operationsOf = ({ model_type: type }: Wire): readonly Operation[] => {
  if (!isRecord(type)) return everything
  if ('embedding' in type) return ['embed', 'tokenize']
  return 'reranker' in type ? ['rerank', 'tokenize'] : ['tokenize']
}

interface Part<T> {
  readonly value: T
  /** Tokens it counted in a header; 0 when it does not say. */
  readonly tokens: number
}

const post = async (
  place: Place,
  path: string,
  body: object,
  signal: AbortSignal,
): Promise<Part<unknown>> => {
  const response = await place.ask({ method: 'POST', path, body: JSON.stringify(body), signal })
  const value = parseJson(response, await response.bytes(place.answerMaxBytes))
  return { value, tokens: Number(response.headers['x-compute-tokens'] ?? 0) }
}

/** The answers of all batches, in their order, a few at a time. */
const inBatches = async <T, R>(
  batches: readonly Batch<T>[],
  ask: (batch: Batch<T>) => Promise<Part<R>>,
): Promise<{ readonly values: readonly R[]; readonly tokens: number }> => {
  const parts: Part<R>[] = []
  for (let from = 0; from < batches.length; from += batchesAtOnce)
    parts.push(...(await Promise.all(batches.slice(from, from + batchesAtOnce).map(ask))))
  return {
    values: parts.map(({ value }) => value),
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
  }
}

const wholeOf = (response: InferenceResponse, inputTokens: number): InferenceEvent => {
  const usage = inputTokens > 0 ? { usage: { inputTokens, outputTokens: 0 } } : {}
  return { type: 'whole', ...usage, response: () => ({ ...response, ...usage }) }
}

const warn = ({ trace }: InferenceRequest, dropped: readonly string[]): void => {
  for (const name of dropped) trace.warnings.push(`'${name}' is not known to TEI and was left out.`)
}

const embed = async (
  place: Place,
  request: InferenceRequest,
  input: EmbedInput,
  itemsMax: number,
): Promise<InferenceEvent> => {
  warn(request, encodeEmbed(input, []).dropped)
  const bytesOf = (text: EmbedInput['inputs'][number]): number =>
    typeof text === 'string' ? Buffer.byteLength(text) : text.length * 8
  const { values, tokens } = await inBatches(
    batchesOf(input.inputs, { itemsMax, bytesMax: batchMaxBytes, bytesOf }),
    async ({ items }) => {
      const part = await post(place, '/embed', encodeEmbed(input, items).body, request.signal)
      return { ...part, value: decodeEmbeddings(part.value, items.length) }
    },
  )
  return wholeOf({ model: request.model, choices: [], embeddings: values.flat() }, tokens)
}

/** Each document is scored with the query alone, so the scores of several parts can be compared. */
const rerank = async (
  place: Place,
  request: InferenceRequest,
  input: RerankInput,
  itemsMax: number,
): Promise<InferenceEvent> => {
  warn(request, encodeRerank(input, []).dropped)
  const { values, tokens } = await inBatches(
    batchesOf(input.documents, {
      itemsMax,
      bytesMax: batchMaxBytes,
      bytesOf: (text) => Buffer.byteLength(text),
    }),
    async ({ from, items }) => {
      const part = await post(place, '/rerank', encodeRerank(input, items).body, request.signal)
      const scores = decodeScores(part.value, items.length)
      return { ...part, value: scores.map(({ index, score }): Ranked => ({ index: from + index, score })) }
    },
  )
  const ranking = values.flat().toSorted((left, right) => right.score - left.score)
  return wholeOf({ model: request.model, choices: [], ranking: ranking.slice(0, input.topN) }, tokens)
}

const tokenize = async (
  place: Place,
  { model, signal }: InferenceRequest,
  { text }: TokenizeInput,
): Promise<InferenceEvent> => {
  if (text === undefined)
    throw new McpdError('BAD_REQUEST', 'TEI has no chat template: it counts the tokens of a text.', {
      param: 'messages',
    })
  const { value } = await post(place, '/tokenize', { inputs: text, add_special_tokens: true }, signal)
  const tokens = idsOf(Array.isArray(value) ? value[0] : undefined)
  if (!tokens) throw new McpdError('BACKEND_ERROR', 'The backend’s tokens are no list of numbers.')
  return { type: 'whole', response: () => ({ model, choices: [], tokens }) }
}
