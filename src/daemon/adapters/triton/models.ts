import type { Health, Model, ModelMemory } from '../../../core/adapter.ts'
import { isMcpdError, McpdError, toMcpdError } from '../../../core/errors.ts'
import type { Operation } from '../../../core/inference.ts'
import { type Layout, layoutOf } from '../../../dialects/kserve/layout.ts'
import { contextLengthOf, type ModelFacts } from '../../../dialects/kserve/model.ts'
import { splitVersion } from '../../../dialects/kserve/wire.ts'
import { numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import type { TritonModelOptions, TritonOptions } from './options.ts'
import type { Server } from './server.ts'

/** Models of one server that are listed; the rest are left out. */
const modelsMax = 1000
/** Questions about single models at a time. */
const asksMax = 4

export interface ModelLister {
  list(signal: AbortSignal): Promise<readonly Model[]>
  /** What a model was last seen to be; asks where it was not seen yet. Throws MODEL_NOT_FOUND. */
  layout(model: string, signal: AbortSignal): Promise<Layout>
  settings(model: string): TritonModelOptions
}

export const createModelLister = (server: Server, options: TritonOptions): ModelLister => {
  let seen = new Map<string, ModelFacts>()
  const settings = (model: string): TritonModelOptions =>
    options.models?.[model] ?? options.models?.[splitVersion(model).name] ?? {}
  const isGrpc = options.protocol === 'grpc'

  const list = async (signal: AbortSignal): Promise<readonly Model[]> => {
    const entries = await readIndex(server, options, signal)
    const memory = await readMemory(server, signal)
    const found = new Map<string, ModelFacts>()
    const models = new Map<string, Model>()
    const waiting = entries.values()
    const describeNext = async (): Promise<void> => {
      for (const entry of waiting) {
        const facts = entry.isReady ? await factsOf(server, entry.name, signal) : undefined
        if (facts) found.set(entry.name, facts)
        models.set(entry.name, describe(entry, facts, settings(entry.name), memory.get(entry.name), isGrpc))
      }
    }
    await Promise.all(Array.from({ length: asksMax }, describeNext))
    seen = found
    return entries.map(({ name }) => models.get(name)!)
  }

  const layout = async (model: string, signal: AbortSignal): Promise<Layout> => {
    const { name } = splitVersion(model)
    const facts =
      seen.get(model) ?? (model === name ? undefined : seen.get(name)) ?? (await server.facts(model, signal))
    seen.set(model, facts)
    return layoutOf(facts, settings(model).tensors)
  }

  return { list, layout, settings }
}

interface Entry {
  readonly name: string
  readonly versions: readonly string[]
  readonly isReady: boolean
  /** Why it is not. */
  readonly reason?: string
}

/** The models there are, each once. Servers without the extension have those of the config. */
const readIndex = async (server: Server, options: TritonOptions, signal: AbortSignal): Promise<Entry[]> => {
  const configured = Object.keys(options.models ?? {})
  const index = await server.index(signal).catch((error: unknown) => {
    if (isMcpdError(error) && tellsNoIndex(error) && configured.length > 0) return undefined
    throw error
  })
  if (!index) return configured.map((name) => ({ name, versions: [], isReady: true }))
  const entries = new Map<string, Entry>()
  // PyTriton keeps its models out of its repository; that they are counted shows that they are there.
  const lines = index.length > 0 ? index : await readCounted(server, signal)
  for (const line of lines.slice(0, modelsMax)) {
    const name = textOf(line['name'])
    if (name === undefined) continue
    const before = entries.get(name)
    const isReady = isReadyState(line)
    const version = textOf(line['version'])
    const reason = textOf(line['reason']) ?? before?.reason
    entries.set(name, {
      name,
      versions: [...(before?.versions ?? []), ...(isReady && version !== undefined ? [version] : [])],
      isReady: isReady || (before?.isReady ?? false),
      ...(reason !== undefined && { reason }),
    })
  }
  return [...entries.values()]
}

/** A server without the extension, or one that keeps it to itself. */
const tellsNoIndex = ({ code, message }: McpdError): boolean =>
  code === 'OPERATION_UNSUPPORTED' || (code === 'BACKEND_ERROR' && message.includes('restricts'))

/** MLServer says State.READY over gRPC. */
const isReadyState = ({ state }: Wire): boolean => state === 'READY' || state === 'State.READY'

/** The models that the server has statistics of. */
const readCounted = async (server: Server, signal: AbortSignal): Promise<readonly Wire[]> => {
  const statistics = await server.statistics(signal).catch((error: unknown) => {
    signal.throwIfAborted()
    if (isMcpdError(error) && error.code !== 'BACKEND_UNAVAILABLE') return []
    throw error
  })
  return statistics.map(({ name, version }) => ({ name, version, state: 'READY' }))
}

/** undefined when the model cannot be described: it may have gone since it was listed. */
const factsOf = async (
  server: Server,
  model: string,
  signal: AbortSignal,
): Promise<ModelFacts | undefined> => {
  try {
    return await server.facts(model, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (isMcpdError(error) && error.code !== 'BACKEND_UNAVAILABLE') return undefined
    throw error
  }
}

/** What its statistics say of memory, by model; nothing where it keeps none. */
const readMemory = async (server: Server, signal: AbortSignal): Promise<ReadonlyMap<string, ModelMemory>> => {
  const memory = new Map<string, ModelMemory>()
  const statistics = await server.statistics(signal).catch((error: unknown) => {
    signal.throwIfAborted()
    if (isMcpdError(error) && error.code !== 'BACKEND_UNAVAILABLE') return []
    throw error
  })
  for (const { name, memory_usage: usages } of statistics) {
    const model = textOf(name)
    if (model === undefined || !Array.isArray(usages) || usages.length === 0) continue
    const bytes = (list: readonly Wire[]): number =>
      list.reduce((sum, { byte_size: size }) => sum + (numberOf(Number(size)) ?? 0), 0)
    const known = usages as readonly Wire[]
    const before = memory.get(model)
    memory.set(model, {
      sizeBytes: (before?.sizeBytes ?? 0) + bytes(known),
      gpuBytes: (before?.gpuBytes ?? 0) + bytes(known.filter(({ type }) => type === 'GPU')),
    })
  }
  return memory
}

/** The template of the config of mcpd, else that which the model's own config carries. */
export const templateOf = (settings: TritonModelOptions, { parameters }: ModelFacts): string | undefined =>
  settings.chatTemplate ?? parameters['chat_template']

const describe = (
  { name, versions, isReady, reason }: Entry,
  facts: ModelFacts | undefined,
  settings: TritonModelOptions,
  memory: ModelMemory | undefined,
  isGrpc: boolean,
): Model => {
  const contextLength = settings.contextLength ?? (facts && contextLengthOf(facts))
  const operations = facts ? operationsOf(facts, settings, isGrpc) : []
  return {
    name,
    ...(versions.length > 0 && { aliases: versions.map((version) => `${name}:${version}`) }),
    operations,
    ...(contextLength !== undefined && { contextLength }),
    ...(facts && { capabilities: capabilitiesOf(facts) }),
    ...(!isReady && { description: `Not loaded${reason === undefined ? '' : `: ${reason}`}.` }),
    ...(facts?.backend !== undefined && { file: { format: facts.backend } }),
    ownedBy: 'triton',
    ...(!isReady ? { memory: null } : memory && { memory }),
  }
}

const operationsOf = (facts: ModelFacts, settings: TritonModelOptions, isGrpc: boolean): Operation[] => {
  // Over HTTP, a model that may give any number of responses takes no raw tensors.
  const raw: Operation[] = facts.decoupled && !isGrpc ? [] : ['infer']
  try {
    const { prompt, text, embedding } = layoutOf(facts, settings.tensors)
    if (!prompt) return raw
    const generates: Operation[] =
      templateOf(settings, facts) === undefined ? ['complete'] : ['chat', 'complete']
    return [...(text ? generates : []), ...(embedding ? (['embed'] as const) : []), ...raw]
  } catch {
    // Names of the config that the model does not have: whoever asks is told which.
    return ['chat', 'complete', 'embed', ...raw]
  }
}

const capabilitiesOf = ({ inputs }: ModelFacts) =>
  inputs.some(({ name }) => name === 'guided_decoding_guide') ? (['structured-output'] as const) : []

/** Whether a server answers. It may be well although some of its models are not. */
export const askHealth = async (server: Server, signal: AbortSignal): Promise<Health> => {
  try {
    const [live, ready] = [await server.isLive(signal), await server.isReady(signal)]
    if (!live) return { ok: false, detail: 'It is not live: what answers there may be no KServe server.' }
    const { version } = await server.describe(signal).catch((): Wire => ({}))
    const known = textOf(version)
    const told = known !== undefined && { version: known }
    if (ready) return { ok: true, ...told }
    const index = await server.index(signal)
    return index.some(isReadyState)
      ? { ok: true, detail: 'Not all of its models are ready.', ...told }
      : { ok: false, detail: 'None of its models is ready.', ...told }
  } catch (error) {
    signal.throwIfAborted()
    const { message, details } = toMcpdError(error)
    return { ok: false, detail: [message, ...(details.suggestions ?? [])].join(' ') }
  }
}

/** Throws OPERATION_UNSUPPORTED for a model that is not made for it. */
export const requireTensors = (
  model: string,
  operation: Operation,
  { prompt, text, embedding }: Layout,
): void => {
  const missing = operation === 'embed' ? !prompt || !embedding : operation !== 'infer' && (!prompt || !text)
  if (missing)
    throw new McpdError(
      'OPERATION_UNSUPPORTED',
      `${model} cannot ${operation}: mcpd finds no tensors for that in what the model says of itself.`,
      {
        suggestions: [
          `Name them under models.${model}.tensors in the backend's entry of the config, or use the operation infer.`,
        ],
      },
    )
}
