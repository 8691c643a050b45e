import type { Health, Model } from '../../../core/adapter.ts'
import { isMcpdError, toMcpdError } from '../../../core/errors.ts'
import type { Operation } from '../../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../../../dialects/wire.ts'
import type { AdapterServer } from '../../adapter-server.ts'
import { configuredModels } from '../../configured-models.ts'
import type { AnthropicOptions } from './options.ts'

/** Models of one backend that are listed, and pages that are asked for them; the rest is left out. */
const modelsMax = 10_000
const pagesMax = 50
const pageSize = 1000

/** The models of the config, else those the server lists, in as many pages as it takes. */
export const listModels = async (
  server: AdapterServer,
  options: AnthropicOptions,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly Model[]> => {
  const configured = configuredModels(options.models, operations)
  if (configured) return configured
  const models = new Map<string, Model>()
  let after: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const { data, has_more: hasMore, last_id: last } = await readPage(server, after, signal)
    for (const entry of Array.isArray(data) ? data.filter(isRecord) : []) {
      const name = textOf(entry['id'])
      if (name !== undefined && models.size < modelsMax) models.set(name, describe(name, entry, operations))
    }
    const next = textOf(last)
    if (hasMore !== true || next === undefined || next === after) break
    after = next
  }
  return [...models.values()]
}

const readPage = (server: AdapterServer, after: string | undefined, signal: AbortSignal): Promise<Wire> => {
  const query = new URLSearchParams({
    limit: String(pageSize),
    ...(after !== undefined && { after_id: after }),
  })
  return server.askObject({ method: 'GET', path: `/v1/models?${query.toString()}`, signal })
}

/** Servers that speak this dialect beside OpenAI's may list their models in that one's shape. */
const describe = (name: string, entry: Wire, operations: readonly Operation[]): Model => {
  const contextLength = numberOf(entry['max_input_tokens']) ?? numberOf(entry['max_model_len'])
  const createdMs = Date.parse(textOf(entry['created_at']) ?? '')
  const created = Number.isNaN(createdMs) ? numberOf(entry['created']) : Math.floor(createdMs / 1000)
  return {
    name,
    operations,
    ...(contextLength !== undefined && { contextLength }),
    ...(created !== undefined && created > 0 && { created }),
  }
}

/** GET /v1/models shows that the address and the credentials are right. */
export const askHealth = async (
  server: AdapterServer,
  options: AnthropicOptions,
  signal: AbortSignal,
): Promise<Health> => {
  try {
    await readPage(server, undefined, signal)
    return { ok: true }
  } catch (error) {
    signal.throwIfAborted()
    // A server whose models the config lists may well have no list of its own.
    if (options.models && isMcpdError(error) && error.code === 'OPERATION_UNSUPPORTED') return { ok: true }
    return { ok: false, detail: toMcpdError(error).message }
  }
}
