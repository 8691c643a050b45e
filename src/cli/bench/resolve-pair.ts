import type { Settings } from '../../bench/settings.ts'
import type { Target } from '../../bench/target.ts'
import { findModel } from '../../client/find-model.ts'
import { McpdError } from '../../core/errors.ts'
import type { PrepareOptions } from './prepare-bench.ts'
import { daemonProcesses, type Resolved } from './resolve-targets.ts'

/** The APIs that a backend of an adapter speaks itself, which is also how it is asked through the daemon. */
const apis: Readonly<Record<string, 'openai' | 'ollama'>> = { openai: 'openai', ollama: 'ollama' }

/** The same model of a backend twice: asked directly, and through the daemon in the same API. Throws USAGE. */
export const resolvePair = async (settings: Settings, options: PrepareOptions): Promise<Resolved> => {
  const [name, ...more] = options.names.length > 0 ? options.names : (settings.targets ?? [])
  if (name === undefined || more.length > 0)
    throw new McpdError('USAGE', 'Name one model of the daemon to measure around and through it.')
  await using client = await options.connect()
  const { operation = 'chat' } = settings
  const models = await client.models()
  const id = findModel(models, name, operation)
  const model = models.find((entry) => entry.id === id)
  const backend = (await client.status()).backends.find((entry) => entry.name === model?.backend)
  const api = apis[model?.adapter ?? '']
  if (!model || !backend?.url || !api)
    throw new McpdError(
      'USAGE',
      `${id} cannot be asked directly: its backend has no API of its own that is known here.`,
    )
  const wire = `${api}-${operation}` as const
  const shared = {
    wire,
    stream: operation !== 'embed' && settings.stream !== false,
    streamUsage: true,
    extra: settings.extra ?? {},
  }
  const { MCPD_BENCH_API_KEY: backendKey, MCPD_API_KEY: daemonKey } = options.env
  const direct: Target = {
    ...shared,
    label: `${model.name} at ${new URL(backend.url).host}`,
    url: backend.url.replace(/\/$/, ''),
    model: model.name,
    ...(backendKey && { apiKey: backendKey }),
  }
  const through: Target = {
    ...shared,
    label: `${id} through mcpd`,
    url: api === 'openai' ? `${client.url}/v1` : client.url,
    model: id,
    ...(daemonKey && { apiKey: daemonKey }),
  }
  return { targets: [direct, through], watched: await daemonProcesses(client) }
}
