import { randomInt } from 'node:crypto'
import { basename } from 'node:path'
import type { Adapter, AdapterHost, AdapterModule, Model } from '../../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import type { InferenceRequest, Operation } from '../../../core/inference.ts'
import { chat } from './chat.ts'
import { complete } from './complete.ts'
import { demoModelName } from './demo-model.ts'
import { embed } from './embed.ts'
import { runJob, type Job } from './generate.ts'
import { embeddedOptions, type EmbeddedOptions } from './options.ts'
import { harmless, refuse } from './refuse.ts'
import { loadRuntime, type Runtime } from './runtime.ts'
import { tokenize } from './tokenize.ts'

const describeModel = (
  { modelName, model, wrapper, sequences, contextLength }: Runtime,
  path: string,
): Model => ({
  name: modelName,
  operations: sequences ? ['chat', 'complete', 'embed', 'tokenize'] : ['embed', 'tokenize'],
  contextLength,
  trainedContextLength: model.trainContextSize,
  embeddingDimensions: model.embeddingVectorSize,
  capabilities: sequences
    ? ['tools', 'structured-output', ...(wrapper.settings.segments?.thought ? (['reasoning'] as const) : [])]
    : [],
  description:
    modelName === demoModelName
      ? 'A toy for trying out the API: it only knows which word follows which in a short text about mcpd. ' +
        'For a real model, start mcpd with any GGUF file: mcpd serve --model path.gguf'
      : `${model.typeDescription} from ${basename(path)}, run by llama.cpp inside mcpd.`,
  ownedBy: 'embedded',
})

const work = async (runtime: Runtime, { input }: InferenceRequest, job: Job): Promise<void> => {
  const { sequences } = runtime
  switch (input.operation) {
    case 'chat':
    case 'complete':
      if (!sequences)
        throw new McpdError('OPERATION_UNSUPPORTED', `${runtime.modelName} can only embed and tokenize.`)
      return input.operation === 'chat'
        ? chat(runtime, sequences, input, job)
        : complete(runtime, sequences, input, job)
    case 'embed':
      return embed(runtime, input, job)
    case 'tokenize':
      return tokenize(runtime, input, job)
    default:
      throw new McpdError('OPERATION_UNSUPPORTED', `${runtime.modelName} cannot ${input.operation}.`)
  }
}

/** Waits for the model, or until the signal aborts; the model goes on loading for the next one. */
const until = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * The model begins to load at once and every call waits for it. When it can never be loaded, `health` and `models`
 * throw the reason, CONFIG_INVALID or RUNTIME_MISSING, and requests fail with BACKEND_UNAVAILABLE.
 */
const create = (options: EmbeddedOptions, host: AdapterHost): Adapter => {
  const closing = new AbortController()
  const loading = loadRuntime(options, host, closing.signal)
  loading.catch(() => undefined)

  const usable = async (signal: AbortSignal): Promise<Runtime> => {
    try {
      closing.signal.throwIfAborted()
      return await until(loading, signal)
    } catch (error) {
      if (signal.aborted || !isMcpdError(error) || error.code === 'RUNTIME_MISSING') throw error
      throw new McpdError('BACKEND_UNAVAILABLE', error.message, error.details, error)
    }
  }

  async function* infer(request: InferenceRequest) {
    const reason = refuse(request.input)
    if (reason !== undefined) throw new McpdError('BAD_REQUEST', reason)
    const runtime = await usable(request.signal)
    if (request.model !== runtime.modelName)
      throw new McpdError(
        'MODEL_NOT_FOUND',
        `This runtime has the model '${runtime.modelName}', not '${request.model}'.`,
      )
    const { warnings } = request.trace
    warnings.push(...harmless(request.input))
    yield* runJob(AbortSignal.any([request.signal, closing.signal]), (emit, signal) =>
      work(runtime, request, {
        emit,
        signal,
        warn: (warning) => warnings.push(warning),
        randomSeed: () => randomInt(2 ** 32),
      }),
    )
  }

  return {
    specVersion: 1,
    operations: ['chat', 'complete', 'embed', 'tokenize'] satisfies Operation[],
    infer,
    models: async (signal) => [describeModel(await until(loading, signal), options.model)],
    health: async (signal) => {
      const { llama, modelName } = await until(loading, signal)
      return {
        ok: true,
        detail: `${modelName} is loaded`,
        version: `llama.cpp ${llama.llamaCppRelease.release}`,
      }
    },
    close: async () => {
      closing.abort(new McpdError('SHUTTING_DOWN', 'The embedded runtime is closed.'))
      const runtime = await loading.catch(() => undefined)
      await runtime?.close()
    },
    validate: ({ input }) => refuse(input),
    uses: [],
  }
}

/** Any GGUF model through llama.cpp, in a process of its own: some bad files end the whole process. */
const embedded: AdapterModule<EmbeddedOptions> = {
  type: 'embedded',
  description: 'Runs a GGUF model inside mcpd with llama.cpp, on the CPU.',
  host: 'sidecar',
  options: embeddedOptions,
  create,
}

export default embedded
