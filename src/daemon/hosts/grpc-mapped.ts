import type { Model } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import type {
  FinishReason,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Usage,
} from '../../core/inference.ts'
import { numberOf, textOf, type Wire } from '../../dialects/wire.ts'
import type { GrpcChannel, GrpcMethod } from '../grpc-channel.ts'
import { asOurs } from './grpc-errors.ts'
import type { GrpcMethodOptions, GrpcOptions } from './grpc-options.ts'
import { expand, pickValue, valuesOf, variablesOf } from './grpc-template.ts'

/** A service that mcpd does not know, asked by templates. */
export interface MappedService {
  infer(channel: GrpcChannel, request: InferenceRequest): AsyncGenerator<InferenceEvent, void>
  readonly models: readonly Model[]
  /** Methods, by their operation. */
  readonly methods: ReadonlyMap<string, GrpcMethodOptions>
}

/** `found` has every method of the options. Throws CONFIG_INVALID for a template that names what there is not. */
export const mapService = (
  { methods: given = [], models }: GrpcOptions,
  name: string,
  found: ReadonlyMap<string, GrpcMethod>,
): MappedService => {
  const methods = new Map(given.map((method) => [method.operation as string, method]))
  const used = new Map(given.map((method) => [method, variablesOf(method.requestTemplate)]))
  const operations = given.map(({ operation }) => operation)

  async function* infer(
    channel: GrpcChannel,
    request: InferenceRequest,
  ): AsyncGenerator<InferenceEvent, void> {
    const { input, model, signal, trace } = request
    const mapped = methods.get(input.operation)
    if (!mapped) throw new McpdError('OPERATION_UNSUPPORTED', `${name} has no method for ${input.operation}.`)
    const reason = refuse(request)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason)
    const { values, set } = valuesOf(request)
    const variables: ReadonlySet<string> = used.get(mapped)!
    for (const word of set)
      if (!variables.has(word))
        trace.warnings.push(`'${word}' has no place in requestTemplate and was left out.`)
    const method = found.get(mapped.method)!
    // A template that is an object expands to one.
    const message = expand(mapped.requestTemplate, values) as object
    if (method.responseStream) return yield* streamed(channel.stream(method, message, signal), model, mapped)
    try {
      const answer = await channel.unary(method, message, signal)
      const response = responseOf(answer, model, mapped)
      yield { type: 'whole', ...(response.usage && { usage: response.usage }), response: () => response }
    } catch (error) {
      throw asOurs(error, false)
    }
  }

  return {
    infer,
    methods,
    models: (models ?? [name]).map((each) => ({ name: each, operations })),
  }
}

const refuse = ({ input }: InferenceRequest): string | undefined => {
  if ((input.operation === 'chat' || input.operation === 'complete') && (input.choices ?? 1) > 1)
    return 'n must be 1: a method gives one answer.'
  if (input.operation === 'complete' && input.prompts.length !== 1) return 'prompt must be one text.'
  return undefined
}

const malformed = (what: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The service's answer has no ${what}.`, {
    suggestions: ["Correct pick in the backend's entry of the config."],
  })

async function* streamed(
  messages: AsyncIterable<Wire>,
  model: string,
  { pick }: GrpcMethodOptions,
): AsyncGenerator<InferenceEvent, void> {
  let begun = false
  let reason: FinishReason | undefined
  let usage: Usage | undefined
  try {
    for await (const message of messages) {
      if (!begun) yield { type: 'start', model }
      begun = true
      const text = pick.text === undefined ? undefined : pickValue(message, pick.text)
      if (typeof text === 'string' && text !== '') yield { type: 'text-delta', index: 0, text }
      reason = reasonOf(message, pick) ?? reason
      usage = usageOf(message, pick) ?? usage
    }
  } catch (error) {
    throw asOurs(error, begun)
  }
  if (!begun) throw new McpdError('BACKEND_INCOMPLETE', 'The service ended its stream without any message.')
  yield { type: 'finish', index: 0, reason: reason ?? 'other' }
  if (usage) yield { type: 'usage', usage }
  yield { type: 'end' }
}

const responseOf = (
  message: Wire,
  model: string,
  { operation, pick }: GrpcMethodOptions,
): InferenceResponse => {
  const usage = usageOf(message, pick)
  const shared = { model, ...(usage && { usage }) }
  if (operation === 'embed') {
    const vectors = pick.embeddings === undefined ? undefined : pickValue(message, pick.embeddings)
    if (!isVectors(vectors)) throw malformed(`vectors at ${pick.embeddings ?? 'pick.embeddings'}`)
    return { ...shared, choices: [], embeddings: vectors }
  }
  if (operation === 'tokenize') {
    const tokens = pick.tokens === undefined ? undefined : pickValue(message, pick.tokens)
    if (!Array.isArray(tokens)) throw malformed(`tokens at ${pick.tokens ?? 'pick.tokens'}`)
    return { ...shared, choices: [], tokens: tokens.map(Number) }
  }
  const text = pick.text === undefined ? undefined : pickValue(message, pick.text)
  if (typeof text !== 'string') throw malformed(`text at ${pick.text ?? 'pick.text'}`)
  return { ...shared, choices: [{ index: 0, text, finishReason: reasonOf(message, pick) ?? 'other' }] }
}

const isVectors = (value: unknown): value is number[][] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((vector) => Array.isArray(vector) && vector.every((number) => typeof number === 'number'))

const reasonOf = (
  message: Wire,
  { finishReason: path }: GrpcMethodOptions['pick'],
): FinishReason | undefined => {
  const said = path === undefined ? undefined : textOf(pickValue(message, path))?.toLowerCase()
  if (said === undefined || said.endsWith('unspecified')) return undefined
  if (/(^|_)(stop|eos)/.test(said)) return 'stop'
  return /length|max/.test(said) ? 'length' : 'other'
}

const usageOf = (
  message: Wire,
  { inputTokens, outputTokens }: GrpcMethodOptions['pick'],
): Usage | undefined => {
  const count = (path: string | undefined): number | undefined => {
    const value = path === undefined ? undefined : pickValue(message, path)
    // 64-bit numbers are text.
    return value === undefined || value === null ? undefined : numberOf(Number(value))
  }
  const [read, written] = [count(inputTokens), count(outputTokens)]
  return read === undefined || written === undefined
    ? undefined
    : { inputTokens: read, outputTokens: written }
}
