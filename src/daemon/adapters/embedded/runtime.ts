import { basename } from 'node:path'
import { availableParallelism } from 'node:os'
import type {
  ChatWrapper,
  GgufFileInfo,
  Llama,
  LlamaContextOptions,
  LlamaEmbeddingContext,
  LlamaModel,
} from 'node-llama-cpp'
import type { AdapterHost } from '../../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { demoModelName } from './demo-model.ts'
import { checkGguf } from './gguf-check.ts'
import { loadNlc, runtimeMissing, type Nlc } from './nlc.ts'
import { limits, type EmbeddedOptions } from './options.ts'
import { createSequencePool, type SequencePool } from './sequences.ts'
import { createSlots, type Slots } from './slots.ts'

/** A loaded model and all it takes to use it. */
export interface Runtime {
  readonly nlc: Nlc
  readonly llama: Llama
  readonly model: LlamaModel
  /** The name that requests use. */
  readonly modelName: string
  /** The chat template, resolved once: it costs a few hundred milliseconds. */
  readonly wrapper: ChatWrapper
  /** Absent when the model can only embed. */
  readonly sequences?: SequencePool
  readonly contextLength: number
  readonly vocabularySize: number
  /** Made when first wanted, since it takes the memory of one more context. */
  readonly embedding: () => Promise<LlamaEmbeddingContext>
  readonly embeddingSlots: Slots
  close(): Promise<void>
}

/** The file's name without `.gguf` and the number of its first part; the demo model by the name inside it. */
const nameOf = (path: string, info: GgufFileInfo): string =>
  info.metadata.general?.name === demoModelName
    ? demoModelName
    : basename(path).replace(/(-00001-of-\d{5})?\.gguf$/i, '')

const startLlama = async (
  nlc: Nlc,
  host: AdapterHost,
  onError: (message: string) => void,
): Promise<Llama> => {
  const levels = new Map<string, 'error' | 'warn'>([
    ['fatal', 'error'],
    ['error', 'error'],
    ['warn', 'warn'],
  ])
  try {
    return await nlc.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logger: (said, text) => {
        const message = text.trim()
        if (message === '') return
        const level = levels.get(said) ?? 'debug'
        if (level === 'error') onError(message)
        host.log(level, message)
      },
    })
  } catch (error) {
    throw error instanceof nlc.NoBinaryFoundError
      ? runtimeMissing('node-llama-cpp has no build for this machine.', error)
      : error
  }
}

/** Of the cores that are good at arithmetic and not taken by a quota all but one, which the daemon needs. */
const threadsFor = (llama: Llama, model: LlamaModel, wanted: number | undefined): number =>
  wanted ??
  (model.size < limits.smallModelBytes
    ? 1
    : Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()) - 1))

const contextLengthFor = (model: LlamaModel, wanted: number | undefined, host: AdapterHost): number => {
  if (wanted !== undefined && wanted > model.trainContextSize)
    host.log(
      'warn',
      `contextLength ${wanted} is more than the ${model.trainContextSize} the model was trained for`,
    )
  return wanted ?? Math.min(model.trainContextSize, limits.defaultContextLength)
}

/** What the machine or llama.cpp refused, in words of the config. The first error it logged says most. */
const loadFailure = (path: string, error: unknown, nlc: Nlc, logged: string | undefined): McpdError => {
  if (isMcpdError(error)) return error
  const reason = logged?.replace(/^\w+: (error loading model: )?/, '') ?? String(error)
  return error instanceof nlc.InsufficientMemoryError
    ? new McpdError(
        'CONFIG_INVALID',
        `There is not enough memory for ${path}.`,
        { suggestions: ['Lower `contextLength` or `parallel` of the backend, or use a smaller model.'] },
        error,
      )
    : new McpdError('CONFIG_INVALID', `llama.cpp cannot load ${path}: ${reason}.`, {}, error)
}

/**
 * Loads the model. Throws RUNTIME_MISSING, or CONFIG_INVALID with the one reason why the model cannot be used:
 * both are final. The signal's reason when aborted.
 */
export const loadRuntime = async (
  options: EmbeddedOptions,
  host: AdapterHost,
  signal: AbortSignal,
): Promise<Runtime> => {
  const nlc = await loadNlc()
  const path = options.model
  const info = await checkGguf(nlc, path)
  let firstError: string | undefined
  const llama = await startLlama(nlc, host, (message) => {
    firstError ??= message
  })
  try {
    const model = await llama.loadModel({ modelPath: path, loadSignal: signal })
    const threads = threadsFor(llama, model, options.threads)
    llama.maxThreads = threads
    const contextSize = contextLengthFor(model, options.contextLength, host)
    const shared: LlamaContextOptions = { contextSize, threads, createSignal: signal }
    // An encoder looks both ways, so it has no next token to give.
    const embedsOnly = info.architectureMetadata?.attention?.causal === false
    const context = embedsOnly
      ? undefined
      : await model.createContext({
          ...shared,
          sequences: options.parallel ?? limits.defaultParallel,
          failedCreationRemedy: false,
        })
    let embedding: Promise<LlamaEmbeddingContext> | undefined
    return {
      nlc,
      llama,
      model,
      modelName: nameOf(path, info),
      wrapper: nlc.resolveChatWrapper(model, { warningLogs: false }),
      ...(context && { sequences: createSequencePool(context, limits.queueMax) }),
      contextLength: context?.contextSize ?? contextSize,
      vocabularySize: info.metadata.tokenizer?.ggml?.tokens?.length ?? 0,
      // A pooled embedding needs its whole text in one batch.
      embedding: () =>
        (embedding ??= model
          .createEmbeddingContext({ contextSize, batchSize: contextSize, threads })
          .catch((error: unknown) => {
            embedding = undefined
            throw loadFailure(path, error, nlc, undefined)
          })),
      embeddingSlots: createSlots(1, limits.queueMax),
      close: () => llama.dispose(),
    }
  } catch (error) {
    await llama.dispose()
    signal.throwIfAborted()
    throw loadFailure(path, error, nlc, firstError)
  }
}
