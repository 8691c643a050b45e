import type { Adapter, AdapterHost, AdapterModule } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type { InferenceEvent, InferenceRequest, Input } from '../../core/inference.ts'
import { parseSize } from '../../core/quantity.ts'
import { bodyOf, openaiPaths, wholeOf } from '../../dialects/openai/exchange.ts'
import { decodeStream } from '../../dialects/openai/stream-decoder.ts'
import { readMetrics } from './openai/metrics.ts'
import { askHealth, listModels } from './openai/models.ts'
import { type OpenAiOptions, openaiOperations, openaiOptions } from './openai/options.ts'
import { connectServer, isOk, notJson, parseObject, refusal } from './openai/server.ts'
import { tokenize } from './openai/tokenize.ts'

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
    const { body, usageInjected } = bodyOf(request, options)
    const accept = request.stream ? 'text/event-stream' : 'application/json'
    const response = await server.post(openaiPaths[operation], body, signal, accept)
    if (!isOk(response)) throw await refusal(response)
    const readWhole = async () => {
      const bytes = await response.bytes(answerMaxBytes)
      return wholeOf(operation, parseObject(response, bytes), bytes)
    }
    if (!request.stream || operation === 'embed' || operation === 'rerank') yield await readWhole()
    else if (response.headers['content-type']?.includes('json'))
      // The server does not stream, or found something wrong after it had decided on the status.
      yield* unfold((await readWhole()).response())
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
      stream && operation !== 'chat' && operation !== 'complete'
        ? `${operation} gives one answer, not a stream.`
        : undefined,
    close: () => server.close(),
    uses: [
      'POST /v1/chat/completions',
      'POST /v1/completions',
      'POST /v1/embeddings',
      'POST /v1/rerank',
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

const openai: AdapterModule<OpenAiOptions> = {
  type: 'openai',
  description: 'Any server of the OpenAI API: vLLM, llama.cpp, LM Studio, TGI, SGLang and others.',
  host: 'module',
  options: openaiOptions,
  create,
}

export default openai
