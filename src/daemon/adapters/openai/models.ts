import type { Health, Model } from '../../../core/adapter.ts'
import { toMcpdError } from '../../../core/errors.ts'
import type { Operation } from '../../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import { configuredModels } from '../../configured-models.ts'
import type { OpenAiOptions } from './options.ts'
import { discard, isOk, readObject, refusal, type Server } from './server.ts'

/** Models of one backend that are listed; the rest are left out. */
const modelsMax = 10_000

/** The models of the config, else those the server lists. */
export const listModels = async (
  server: Server,
  options: OpenAiOptions,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly Model[]> => {
  const configured = configuredModels(options.models, operations)
  if (configured) return configured
  const { data } = await readObject(await server.get('/models', signal))
  const listed = Array.isArray(data) ? data.filter(isRecord).slice(0, modelsMax) : []
  const models = new Map<string, Model>()
  for (const entry of listed) {
    const name = textOf(entry['id'])
    if (name === undefined || models.has(name)) continue
    const slotLength = entry['owned_by'] === 'llamacpp' ? await slotContextLength(server, signal) : undefined
    models.set(name, describe(name, entry, operations, slotLength))
  }
  return [...models.values()]
}

/** Servers of this dialect agree on id, created and owned_by, and each has a name of its own for the window. */
const describe = (
  name: string,
  entry: Wire,
  operations: readonly Operation[],
  slotLength: number | undefined,
): Model => {
  const contextLength =
    slotLength ??
    numberOf(entry['max_model_len']) ??
    numberOf(entry['context_length']) ??
    numberOf(entry['context_window']) ??
    numberOf(entry['max_context_length'])
  const trainedContextLength = isRecord(entry['meta']) ? numberOf(entry['meta']['n_ctx_train']) : undefined
  const created = numberOf(entry['created'])
  const ownedBy = textOf(entry['owned_by'])
  return {
    name,
    operations,
    ...(contextLength !== undefined && { contextLength }),
    ...(trainedContextLength !== undefined && { trainedContextLength }),
    ...(created !== undefined && created > 0 && { created }),
    ...(ownedBy !== undefined && { ownedBy }),
  }
}

/** llama.cpp shares its window among its slots; one slot's part is what a request gets. */
const slotContextLength = async (server: Server, signal: AbortSignal): Promise<number | undefined> => {
  const response = await server.root.get('/props', signal)
  if (!isOk(response)) {
    await discard(response)
    return undefined
  }
  const { default_generation_settings: settings } = await readObject(response)
  return isRecord(settings) ? numberOf(settings['n_ctx']) : undefined
}

/**
 * Whether the server would answer. /health, where there is one, knows of a model that is still loading or an engine
 * that has died; GET /models shows that the address and the credentials are right.
 */
export const askHealth = async (
  server: Server,
  options: OpenAiOptions,
  signal: AbortSignal,
): Promise<Health> => {
  try {
    const alive = await server.root.get('/health', signal)
    if (alive.status >= 500) return { ok: false, detail: (await refusal(alive)).message }
    await discard(alive)
    const listed = await server.get('/models', signal)
    // A server whose models the config lists may well have no list of its own.
    if (options.models && listed.status === 404) {
      await discard(listed)
      return { ok: true }
    }
    await readObject(listed)
    return { ok: true }
  } catch (error) {
    signal.throwIfAborted()
    return { ok: false, detail: toMcpdError(error).message }
  }
}
