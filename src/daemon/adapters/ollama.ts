import type { Adapter, AdapterHost, AdapterModule } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import type {
  ChatInput,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Input,
  WholeEvent,
} from '../../core/inference.ts'
import { parseSize } from '../../core/quantity.ts'
import { errorInside } from '../../dialects/ollama/errors.ts'
import { forwardRequest } from '../../dialects/ollama/forward-request.ts'
import {
  encodeChat,
  encodeComplete,
  encodeEmbed,
  type EncodedRequest,
  type EncodeRequestOptions,
} from '../../dialects/ollama/request-encoder.ts'
import { decodeResponse, requireAnswer } from '../../dialects/ollama/response.ts'
import { decodeStream } from '../../dialects/ollama/stream-decoder.ts'
import { decodeUsage } from '../../dialects/ollama/usage.ts'
import { dialects, type Form, formOf } from '../../dialects/ollama/wire.ts'
import { isRecord } from '../../dialects/wire.ts'
import { createManagement } from './ollama/manage.ts'
import { readMetrics } from './ollama/metrics.ts'
import { askHealth, createModelLister } from './ollama/models.ts'
import { type OllamaOptions, ollamaOptions, pinnedContext } from './ollama/options.ts'
import { connectServer, parseObject } from './ollama/server.ts'

const forms = { chat: 'chat', complete: 'generate', embed: 'embed' } as const satisfies Record<string, Form>
const operations = ['chat', 'complete', 'embed'] as const

const isOffered = (operation: string): operation is keyof typeof forms => Object.hasOwn(forms, operation)

const create = (options: OllamaOptions, host: AdapterHost): Adapter => {
  const server = connectServer(options, host)
  const lister = createModelLister(server, options)
  const answerMaxBytes = parseSize(options.answerMax ?? '64MB')

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { input, model, signal, trace } = request
    const { operation } = input
    if (!isOffered(operation)) throw new McpdError('OPERATION_UNSUPPORTED', `Ollama cannot ${operation}.`)
    if (input.operation === 'chat' && showsPictures(input) && lister.isBlind(model))
      trace.warnings.push(`${model} reads no pictures: Ollama leaves them out.`)
    const form = formOf(request.frame?.dialect) ?? forms[operation]
    const body = requestBody(request, options)
    const response = await server.ask({ method: 'POST', path: `/api/${form}`, body, signal })
    if (request.stream && (form === 'chat' || form === 'generate'))
      yield* decodeStream(form, response.body, { id: request.id })
    else {
      const bytes = await response.bytes(answerMaxBytes)
      yield wholeEvent(form, parseObject(response, bytes), bytes, request.id)
    }
  }

  return {
    specVersion: 1,
    operations,
    infer,
    models: (signal) => lister.list(signal),
    health: (signal) => askHealth(server, signal),
    metrics: (signal) => readMetrics(server, signal),
    validate: ({ stream, input: { operation } }) =>
      stream && operation === 'embed' ? 'embed gives one answer, not a stream.' : undefined,
    manage: createManagement(server, options),
    describe: async (model, signal) => ({
      dialect: 'ollama',
      body: await server.askObject({
        method: 'POST',
        path: '/api/show',
        body: JSON.stringify({ model }),
        signal,
      }),
    }),
    close: () => server.close(),
    uses: [
      'POST /api/chat',
      'POST /api/generate',
      'POST /api/embed',
      'POST /api/embeddings',
      'GET /api/tags',
      'POST /api/show',
      'GET /api/ps',
      'GET /api/version',
      'POST /api/pull',
      'DELETE /api/delete',
    ],
  }
}

/** The client's own bytes where it speaks this dialect, else what its input comes to; what the config pins in both. */
const requestBody = (request: InferenceRequest, options: OllamaOptions): Buffer | string => {
  const { input, frame, model, stream, trace } = request
  const numCtx = pinnedContext(options, model)
  const pins = {
    ...(numCtx !== undefined && { numCtx }),
    ...(options.keepAlive !== undefined && { keepAlive: options.keepAlive }),
  }
  if (frame && formOf(frame.dialect)) {
    warnOfPin(frame.body, numCtx, trace.warnings)
    return forwardRequest(frame, { model, ...(input.operation !== 'embed' && { stream }), ...pins })
  }
  const { body, dropped } = encode(input, { model, stream })
  for (const name of dropped) trace.warnings.push(`'${name}' is not known to Ollama and was left out.`)
  warnOfPin(body, numCtx, trace.warnings)
  return JSON.stringify({
    ...(pins.keepAlive !== undefined && { keep_alive: pins.keepAlive }),
    ...body,
    ...(numCtx !== undefined && { options: { ...(body['options'] as object | undefined), num_ctx: numCtx } }),
  })
}

const warnOfPin = (
  { options }: Readonly<Record<string, unknown>>,
  numCtx: number | undefined,
  warnings: string[],
): void => {
  const wanted = isRecord(options) ? options['num_ctx'] : undefined
  if (numCtx !== undefined && wanted != null && wanted !== numCtx)
    warnings.push(`options.num_ctx is ${numCtx}, as the config of the backend pins it.`)
}

const encode = (input: Input, options: EncodeRequestOptions): EncodedRequest => {
  switch (input.operation) {
    case 'chat':
      return encodeChat(input, options)
    case 'complete':
      return encodeComplete(input, options)
    case 'embed':
      return encodeEmbed(input, options)
    default:
      throw new Error(`${input.operation} has no body of its own`)
  }
}

const showsPictures = ({ messages }: ChatInput): boolean =>
  messages.some(({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'image'))

/** The answer with its bytes. Throws BACKEND_ERROR when it is none, or an error in the guise of one. */
const wholeEvent = (
  form: Form,
  body: Readonly<Record<string, unknown>>,
  bytes: Buffer,
  id: string,
): WholeEvent => {
  const failure = errorInside(body)
  if (failure) throw failure
  requireAnswer(form, body)
  let decoded: InferenceResponse | undefined
  return {
    type: 'whole',
    frame: { dialect: dialects[form], bytes },
    ...(form !== 'embeddings' && { usage: decodeUsage(body) }),
    response: () => (decoded ??= decodeResponse(form, body, id)),
  }
}

const ollama: AdapterModule<OllamaOptions> = {
  type: 'ollama',
  description: 'Ollama, by its own API: also loads, unloads, fetches and removes models.',
  host: 'module',
  options: ollamaOptions,
  create,
}

export default ollama
