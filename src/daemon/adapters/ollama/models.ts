import type { Health, Model, ModelCapability, ModelFile, ModelMemory } from '../../../core/adapter.ts'
import { isMcpdError, toMcpdError } from '../../../core/errors.ts'
import type { Operation } from '../../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { type OllamaOptions, pinnedContext, withoutLatest } from './options.ts'
import type { Server } from './server.ts'

/** Models of one backend that are listed; the rest are left out. */
const modelsMax = 10_000
/** Questions about single models at a time. */
const showsMax = 4

/** What POST /api/show says that GET /api/tags does not. Does not change while the digest is the same. */
interface Shown {
  /** Absent on versions before 2025-04. */
  readonly capabilities?: readonly string[]
  readonly trainedContextLength?: number
  readonly embeddingLength?: number
}

export interface ModelLister {
  list(signal: AbortSignal): Promise<readonly Model[]>
  /** Whether the model was seen not to read pictures, which Ollama then overlooks in silence. */
  isBlind(model: string): boolean
}

export const createModelLister = (server: Server, options: OllamaOptions): ModelLister => {
  let shown = new Map<string, Shown>()
  let sighted: ReadonlyMap<string, boolean> = new Map()

  const list = async (signal: AbortSignal): Promise<readonly Model[]> => {
    const [tags, loaded] = await Promise.all([listTags(server, signal), listLoaded(server, signal)])
    const kept = new Map<string, Shown>()
    const models = new Map<string, Model>()
    const waiting = tags.values()
    const describeNext = async (): Promise<void> => {
      for (const tag of waiting) {
        const { name, digest = name } = tag
        const facts = shown.get(digest) ?? (await show(server, name, signal))
        if (facts) kept.set(digest, facts)
        models.set(name, describe(tag, facts ?? {}, loaded, options))
      }
    }
    await Promise.all(Array.from({ length: showsMax }, describeNext))
    shown = kept
    sighted = new Map(
      [...models].flatMap(([name, { capabilities }]) =>
        capabilities ? [[name, capabilities.includes('vision')] as const] : [],
      ),
    )
    return tags.map(({ name }) => models.get(name)!)
  }

  return { list, isBlind: (model) => sighted.get(model) === false }
}

interface Tag {
  readonly name: string
  readonly digest: string | undefined
  readonly entry: Wire
}

const listTags = async (server: Server, signal: AbortSignal): Promise<Tag[]> => {
  const { models } = await server.askObject({ method: 'GET', path: '/api/tags', signal })
  const tags = new Map<string, Tag>()
  for (const entry of (Array.isArray(models) ? models : []).filter(isRecord).slice(0, modelsMax)) {
    const name = textOf(entry['model']) ?? textOf(entry['name'])
    if (name !== undefined) tags.set(name, { name, digest: textOf(entry['digest']), entry })
  }
  return [...tags.values()]
}

/** What is in memory, by name; undefined where nobody can say, which is no reason to list nothing. */
const listLoaded = async (
  server: Server,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Wire> | undefined> => {
  try {
    const { models } = await server.askObject({ method: 'GET', path: '/api/ps', signal })
    const entries = (Array.isArray(models) ? models : []).filter(isRecord)
    return new Map(entries.map((entry) => [textOf(entry['model']) ?? textOf(entry['name']) ?? '', entry]))
  } catch (error) {
    if (isMcpdError(error) && error.code === 'OPERATION_UNSUPPORTED') return undefined
    throw error
  }
}

/** Undefined when the model cannot be described: it may have gone since it was listed, or be broken. */
const show = async (server: Server, model: string, signal: AbortSignal): Promise<Shown | undefined> => {
  try {
    const body = JSON.stringify({ model })
    return decodeShown(await server.askObject({ method: 'POST', path: '/api/show', body, signal }))
  } catch (error) {
    signal.throwIfAborted()
    if (isMcpdError(error) && error.code !== 'BACKEND_UNAVAILABLE') return undefined
    throw error
  }
}

const decodeShown = ({ capabilities, model_info: info }: Wire): Shown => {
  const facts = isRecord(info) ? info : {}
  const architecture = textOf(facts['general.architecture']) ?? ''
  const trainedContextLength = numberOf(facts[`${architecture}.context_length`])
  const embeddingLength = numberOf(facts[`${architecture}.embedding_length`])
  return {
    ...(Array.isArray(capabilities) && { capabilities: capabilities.map(String) }),
    ...(trainedContextLength !== undefined && { trainedContextLength }),
    ...(embeddingLength !== undefined && { embeddingLength }),
  }
}

const describe = (
  { name, digest, entry }: Tag,
  { capabilities, trainedContextLength, embeddingLength }: Shown,
  loaded: ReadonlyMap<string, Wire> | undefined,
  options: OllamaOptions,
): Model => {
  const alias = withoutLatest(name)
  const inMemory = loaded?.get(name)
  const contextLength = effectiveContext(pinnedContext(options, name), trainedContextLength, inMemory)
  const modifiedMs = Date.parse(textOf(entry['modified_at']) ?? '')
  const remote = textOf(entry['remote_host'])
  return {
    name,
    ...(alias !== name && { aliases: [alias] }),
    operations: operationsOf(capabilities),
    ...(contextLength !== undefined && { contextLength }),
    ...(trainedContextLength !== undefined && { trainedContextLength }),
    ...(embeddingLength !== undefined && { embeddingDimensions: embeddingLength }),
    ...(capabilities && { capabilities: capabilitiesOf(capabilities) }),
    ...(remote !== undefined && { description: `Runs on ${remote}, not on the machine of this Ollama.` }),
    ...(modifiedMs > 0 && { created: Math.floor(modifiedMs / 1000) }),
    ownedBy: 'ollama',
    file: fileOf(entry, digest),
    ...(loaded && { memory: inMemory ? memoryOf(inMemory) : null }),
  }
}

/** Ollama never gives more than the model was trained for. */
const effectiveContext = (
  pinned: number | undefined,
  trained = Number.POSITIVE_INFINITY,
  inMemory: Wire | undefined,
): number | undefined =>
  pinned === undefined ? numberOf(inMemory?.['context_length']) : Math.min(pinned, trained)

/** A model that generates has vectors too; one that was made for vectors generates nothing. */
const operationsOf = (capabilities: readonly string[] | undefined): readonly Operation[] =>
  capabilities?.includes('embedding') && !capabilities.includes('completion')
    ? ['embed']
    : ['chat', 'complete', 'embed']

const capabilityNames: Readonly<Record<string, ModelCapability>> = {
  completion: 'structured-output',
  tools: 'tools',
  vision: 'vision',
  audio: 'audio',
  thinking: 'reasoning',
}

const capabilitiesOf = (capabilities: readonly string[]): ModelCapability[] =>
  capabilities.map((name) => capabilityNames[name]).filter((name) => name !== undefined)

const fileOf = (entry: Wire, digest: string | undefined): ModelFile => {
  const details = isRecord(entry['details']) ? entry['details'] : {}
  const sizeBytes = numberOf(entry['size'])
  const format = textOf(details['format'])
  const family = textOf(details['family'])
  const parameterSize = textOf(details['parameter_size'])
  const quantization = textOf(details['quantization_level'])
  return {
    ...(digest !== undefined && { digest }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(format !== undefined && { format }),
    ...(family !== undefined && { family }),
    ...(parameterSize !== undefined && { parameterSize }),
    ...(quantization !== undefined && { quantization }),
  }
}

const memoryOf = (entry: Wire): ModelMemory => {
  const sizeBytes = numberOf(entry['size'])
  const gpuBytes = numberOf(entry['size_vram'])
  const expiresAt = textOf(entry['expires_at'])
  return {
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(gpuBytes !== undefined && { gpuBytes }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** Whether an Ollama answers. Its version is what only an Ollama tells there. */
export const askHealth = async (server: Server, signal: AbortSignal): Promise<Health> => {
  try {
    const { version } = await server.askObject({ method: 'GET', path: '/api/version', signal })
    const said = textOf(version)
    return said === undefined
      ? { ok: false, detail: 'What answers there tells no version: it is no Ollama.' }
      : { ok: true, version: said }
  } catch (error) {
    signal.throwIfAborted()
    const { message, details } = toMcpdError(error)
    return { ok: false, detail: [message, ...(details.suggestions ?? [])].join(' ') }
  }
}
