import type { Adapter, AdapterHost, AdapterModule } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type {
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Input,
  WholeEvent,
} from '../../core/inference.ts'
import { parseSize } from '../../core/quantity.ts'
import type { TransportResponse } from '../../core/transport.ts'
import { errorInside } from '../../dialects/openai/errors.ts'
import { forwardRequest } from '../../dialects/openai/forward-request.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../dialects/openai/request-encoder.ts'
import { decodeResponse, requireAnswer } from '../../dialects/openai/response.ts'
import { decodeStream } from '../../dialects/openai/stream-decoder.ts'
import { decodeUsage } from '../../dialects/openai/usage.ts'
import { isRecord } from '../../dialects/wire.ts'
import { readMetrics } from './openai/metrics.ts'
import { askHealth, listModels } from './openai/models.ts'
import { type OpenAiOptions, openaiOperations, openaiOptions } from './openai/options.ts'
import { connectServer, isOk, notJson, parseObject, refusal } from './openai/server.ts'
import { tokenize } from './openai/tokenize.ts'

const paths = { chat: '/chat/completions', complete: '/completions', embed: '/embeddings' } as const

const create = (options: OpenAiOptions, host: AdapterHost): Adapter => {
  const server = connectServer(options, host)
  const operations = options.operations ?? openaiOperations
  const answerMaxBytes = parseSize(options.answerMax ?? '64MB')

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input, model, signal } = request
    if (!offers(operations, input))
      throw new McpdError(
        'OPERATION_UNSUPPORTED',
        `The backend ${host.name} does not offer ${input.operation}.`,
      )
    const { operation } = input
    if (operation === 'tokenize') {
      const response = await tokenize(server, model, input, signal)
      yield { type: 'whole', response: () => response }
      return
    }
    const { body, usageInjected } = requestBody(request, options)
    const accept = request.stream ? 'text/event-stream' : 'application/json'
    const response = await server.post(paths[operation], body, signal, accept)
    if (!isOk(response)) throw await refusal(response)
    if (!request.stream || operation === 'embed')
      yield wholeEvent(operation, response, await response.bytes(answerMaxBytes))
    else if (response.headers['content-type']?.includes('json'))
      // The server does not stream, or found something wrong after it had decided on the status.
      yield* unfold(wholeEvent(operation, response, await response.bytes(answerMaxBytes)).response())
    else if (response.headers['content-type']?.includes('html')) throw notJson(response.status, 'text/html')
    else
      yield* decodeStream(operation, response.body, {
        dropUsageChunk: usageInjected,
        doneOptional: options.doneOptional ?? false,
      })
  }

  return {
    specVersion: 1,
    operations,
    infer,
    forward: (request) => server.forward(request),
    models: (signal) => listModels(server, options, operations, signal),
    health: (signal) => askHealth(server, options, signal),
    metrics: (signal) => readMetrics(server, signal),
    validate: ({ stream, input: { operation } }) =>
      stream && (operation === 'embed' || operation === 'tokenize')
        ? `${operation} gives one answer, not a stream.`
        : undefined,
    close: () => server.close(),
    uses: [
      'POST /v1/chat/completions',
      'POST /v1/completions',
      'POST /v1/embeddings',
      'GET /v1/models',
      'GET /health',
      'GET /metrics',
      'GET /props',
      'POST /tokenize',
      'POST /apply-template',
    ],
  }
}

type Offered = Extract<Input, { readonly operation: (typeof openaiOperations)[number] }>

const offers = (operations: readonly string[], input: Input): input is Offered =>
  operations.includes(input.operation)

/** The client's own bytes where it speaks this dialect, else what its input comes to. */
const requestBody = (
  { input: asked, frame, model, stream, trace }: InferenceRequest,
  { streamUsage = true, maxTokensMember }: OpenAiOptions,
): { body: Buffer | string; usageInjected: boolean } => {
  const input = frame && frame.dialect !== 'openai' ? withoutForeign(asked, trace.warnings) : asked
  if (frame?.dialect === 'openai') {
    const { bytes, usageInjected } = forwardRequest(frame, { model, stream, streamUsage })
    return { body: bytes, usageInjected }
  }
  const encoding = { model, stream, streamUsage, ...(maxTokensMember && { maxTokensMember }) }
  return { body: JSON.stringify(encode(input, encoding)), usageInjected: true }
}

/** What a client of another dialect asked for in words of its own means nothing here, and may mean another thing. */
const withoutForeign = (input: InferenceRequest['input'], warnings: string[]): InferenceRequest['input'] => {
  if (input.operation === 'tokenize') return input
  const names = Object.entries(input.extra).flatMap(([name, value]) =>
    isRecord(value) ? Object.keys(value).map((member) => `${name}.${member}`) : [name],
  )
  for (const name of names) warnings.push(`'${name}' has no name in the OpenAI dialect and was left out.`)
  return { ...input, extra: {} }
}

const encode = (input: InferenceRequest['input'], encoding: Parameters<typeof encodeChat>[1]): object => {
  switch (input.operation) {
    case 'chat':
      return encodeChat(input, encoding)
    case 'complete':
      return encodeComplete(input, encoding)
    case 'embed':
      return encodeEmbed(input, encoding)
    default:
      throw new Error(`${input.operation} has no body of its own`)
  }
}

/** The answer with its bytes. Throws BACKEND_ERROR when it is none, or an error in the guise of one. */
const wholeEvent = (
  operation: 'chat' | 'complete' | 'embed',
  response: TransportResponse,
  bytes: Buffer,
): WholeEvent => {
  const body = parseObject(response, bytes)
  const failure = errorInside(body)
  if (failure) throw failure
  requireAnswer(operation, body)
  const usage = decodeUsage(body['usage'])
  let decoded: InferenceResponse | undefined
  return {
    type: 'whole',
    frame: { dialect: 'openai', bytes },
    ...(usage && { usage }),
    response: () => (decoded ??= decodeResponse(operation, body)),
  }
}

const openai: AdapterModule<OpenAiOptions> = {
  type: 'openai',
  description: 'Any server of the OpenAI API: vLLM, llama.cpp, LM Studio, TGI, SGLang and others.',
  host: 'module',
  options: openaiOptions,
  create,
}

export default openai
