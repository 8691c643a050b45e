import type { Adapter, AdapterHost, AdapterModule } from '../../../core/adapter.ts'
import { McpdError } from '../../../core/errors.ts'
import { unfold } from '../../../core/fold.ts'
import type {
  ChatInput,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  TokenizeInput,
  WholeEvent,
} from '../../../core/inference.ts'
import { parseSize } from '../../../core/quantity.ts'
import type { TransportResponse } from '../../../core/transport.ts'
import { decodeError, errorInside } from '../../../dialects/anthropic/errors.ts'
import { forwardRequest } from '../../../dialects/anthropic/forward-request.ts'
import { encodeChat, encodeMessages } from '../../../dialects/anthropic/request-encoder.ts'
import { decodeResponse, decodeTokenCount, requireAnswer } from '../../../dialects/anthropic/response.ts'
import { decodeStream } from '../../../dialects/anthropic/stream-decoder.ts'
import { decodeUsage } from '../../../dialects/anthropic/usage.ts'
import { connectAdapterServer, parseJson, requireObject } from '../../adapter-server.ts'
import { askHealth, listModels } from './models.ts'
import { anthropicOperations, type AnthropicOptions, anthropicOptions } from './options.ts'

const maxTokensDefault = 4096
const versionDefault = '2023-06-01'
/** What the client's own headers say of the body that is passed on untouched. */
const bodyHeaders = ['anthropic-version', 'anthropic-beta'] as const

const create = (options: AnthropicOptions, host: AdapterHost): Adapter => {
  const server = connectAdapterServer(
    {
      url: options.url.replace(/\/v1\/?$/, ''),
      headers: headersOf(options),
      decodeError,
    },
    host,
  )
  const operations = options.operations ?? anthropicOperations
  const answerMaxBytes = parseSize(options.answerMax ?? '64MB')

  const post = (request: InferenceRequest, path: string, body: Buffer | string): Promise<TransportResponse> =>
    server.ask({ method: 'POST', path, body, headers: passedHeaders(request), signal: request.signal })

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input } = request
    if (input.operation === 'chat' && operations.includes('chat')) yield* chat(request, input)
    else if (input.operation === 'tokenize' && operations.includes('tokenize'))
      yield await count(request, input)
    else
      throw new McpdError(
        'OPERATION_UNSUPPORTED',
        `The backend ${host.name} does not offer ${input.operation}.`,
      )
  }

  async function* chat(request: InferenceRequest, input: ChatInput): AsyncGenerator<InferenceEvent, void> {
    const response = await post(request, '/v1/messages', chatBody(request, input, options))
    const isStream = response.headers['content-type']?.includes('event-stream') ?? false
    if (request.stream && isStream) return yield* decodeStream(response.body)
    const whole = wholeEvent(response, await response.bytes(answerMaxBytes))
    // The server does not stream, or found something wrong after it had decided on the status.
    if (request.stream) yield* unfold(whole.response())
    else yield whole
  }

  const count = async (request: InferenceRequest, input: TokenizeInput): Promise<WholeEvent> => {
    const response = await post(request, '/v1/messages/count_tokens', countBody(request, input))
    const bytes = await response.bytes(answerMaxBytes)
    const tokenCount = decodeTokenCount(requireObject(parseJson(response, bytes)))
    return {
      type: 'whole',
      frame: { dialect: 'anthropic', bytes },
      response: () => ({ model: request.model, choices: [], tokens: [], tokenCount }),
    }
  }

  return {
    specVersion: 1,
    operations,
    infer,
    models: (signal) => listModels(server, options, operations, signal),
    health: (signal) => askHealth(server, options, signal),
    validate: ({ stream, input: { operation } }) =>
      stream && operation !== 'chat' ? `${operation} gives one answer, not a stream.` : undefined,
    close: () => server.close(),
    uses: ['POST /v1/messages', 'POST /v1/messages/count_tokens', 'GET /v1/models'],
  }
}

const headersOf = ({ apiKey, keyHeader = 'x-api-key', version, headers }: AnthropicOptions) => ({
  'anthropic-version': version ?? versionDefault,
  ...(apiKey !== undefined && {
    [keyHeader]: keyHeader === 'authorization' ? `Bearer ${apiKey}` : apiKey,
  }),
  ...headers,
})

const passedHeaders = ({ frame, header }: InferenceRequest): Record<string, string> =>
  frame?.dialect === 'anthropic'
    ? Object.fromEntries(
        bodyHeaders.map((name) => [name, header?.(name) ?? '']).filter(([, value]) => value !== ''),
      )
    : {}

/** The client's own bytes where it speaks this dialect, else what its input comes to. */
const chatBody = (
  { frame, model, stream, trace }: InferenceRequest,
  input: ChatInput,
  { maxTokens = maxTokensDefault }: AnthropicOptions,
): Buffer | string => {
  if (frame?.dialect === 'anthropic') return forwardRequest(frame, { model, stream })
  const { body, warnings } = encodeChat(input, { model, stream, maxTokens })
  trace.warnings.push(...warnings)
  return JSON.stringify(body)
}

const countBody = (
  { frame, model, trace }: InferenceRequest,
  { text, messages = [{ role: 'user', content: text ?? '' }] }: TokenizeInput,
): Buffer | string =>
  frame?.dialect === 'anthropic'
    ? forwardRequest(frame, { model, stream: false })
    : JSON.stringify({ model, ...encodeMessages(messages, (sentence) => trace.warnings.push(sentence)) })

/** The answer with its bytes. Throws BACKEND_ERROR when it is none, or an error in the guise of one. */
const wholeEvent = (response: TransportResponse, bytes: Buffer): WholeEvent => {
  const body = requireObject(parseJson(response, bytes))
  const failure = errorInside(body)
  if (failure) throw failure
  requireAnswer(body)
  const usage = decodeUsage(body['usage'])
  let decoded: InferenceResponse | undefined
  return {
    type: 'whole',
    frame: { dialect: 'anthropic', bytes },
    ...(usage && { usage }),
    response: () => (decoded ??= decodeResponse(body)),
  }
}

const anthropic: AdapterModule<AnthropicOptions> = {
  type: 'anthropic',
  description: "Any server of Anthropic's Messages API: Anthropic itself, vLLM, llama.cpp, Ollama.",
  host: 'module',
  options: anthropicOptions,
  create,
}

export default anthropic
