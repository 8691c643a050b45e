import { planOf, stepsOf, type PlanParts } from '../../bench/make-plan.ts'
import type { Plan } from '../../bench/plan.ts'
import type { Settings } from '../../bench/settings.ts'
import type { Target } from '../../bench/target.ts'
import type { Client, ModelEntry } from '../../client/index.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import { loadConfig } from '../../core/load-config.ts'
import { discover } from '../../discovery/discover.ts'
import type { PrepareOptions } from './prepare-bench.ts'
import { daemonProcesses, type Resolved, resolveTargets } from './resolve-targets.ts'

/** What `mcpd bench` measures when it is told nothing, and how little it may cost. */

const targetsMax = 4
const tokensMax = 20_000
/** For the steps; what is left of the minute is for asking each target once. */
const stepsMs = 45_000
const stepMaxMs = 10_000
const drainMs = 2000
const loads = [1, 4]

export const localSettings: Settings = { inputTokens: 32, outputTokens: 48, timeout: '10s', warmup: 0 }

/**
 * Models on loopback that are in memory already and need no key. Nothing else is measured without being named: it
 * might cost money, or minutes to load. Throws USAGE when there are none.
 */
export const localModels = async (settings: Settings, options: PrepareOptions): Promise<Resolved> => {
  const found = (await throughDaemon(settings, options)) ?? (await directly(settings, options))
  if (found.targets.length > 0) return { ...found, targets: found.targets.slice(0, targetsMax) }
  throw new McpdError(
    'USAGE',
    'No model is loaded on this machine, as far as it can be seen without loading one.',
    {
      suggestions: [
        'Start the daemon with its demo model: mcpd serve',
        'Name a target: mcpd bench http://host/v1 --model NAME',
      ],
    },
  )
}

/** Undefined when no daemon runs. */
const throughDaemon = async (settings: Settings, options: PrepareOptions): Promise<Resolved | undefined> => {
  await using client = await options.connect()
  try {
    const models = await client.models()
    if (!client.isLocal) return { targets: [], watched: [] }
    const allowed = await allowedBackends(client, options.env)
    const loaded = await loadedModels(client, models)
    const wanted = models.filter(
      ({ backend, id, operations }) => allowed.has(backend) && loaded.has(id) && operations.includes('chat'),
    )
    const names = wanted.slice(0, targetsMax).map(({ id }) => id)
    const { targets } = await resolveTargets(names, { ...options, settings })
    return { targets, watched: await daemonProcesses(client) }
  } catch (error) {
    if (isMcpdError(error) && error.code === 'DAEMON_UNREACHABLE') return undefined
    throw error
  }
}

/** Backends on loopback or inside of the daemon, without a key: one on loopback may hand on to a host that is paid for. */
const allowedBackends = async (client: Client, env: NodeJS.ProcessEnv): Promise<ReadonlySet<string>> => {
  const { backends, configPath } = await client.status()
  const keyed = keyedBackends(configPath, env)
  return new Set(
    backends
      .filter(({ url, health }) => health.ok && (url === undefined || isLoopback(url)))
      .filter(({ name, url }) => (keyed === 'unknown' ? url === undefined : !keyed.has(name)))
      .map(({ name }) => name),
  )
}

const isLoopback = (url: string): boolean =>
  /^(localhost|127(\.\d+){3}|\[::1\])$/.test(URL.canParse(url) ? new URL(url).hostname : '')

/** Without a file the daemon serves what it found on this machine, which needed no key. */
const keyedBackends = (path: string | undefined, env: NodeJS.ProcessEnv): ReadonlySet<string> | 'unknown' => {
  if (path === undefined) return new Set()
  try {
    const { config } = loadConfig({ path, env, cwd: process.cwd() })
    const keyed = config.backends.filter(({ options }) => options['apiKey'] !== undefined)
    return new Set(keyed.map(({ name }) => name))
  } catch {
    // Its secrets are perhaps in the daemon's environment and not in ours.
    return 'unknown'
  }
}

const loadedModels = async (client: Client, models: readonly ModelEntry[]): Promise<ReadonlySet<string>> => {
  const running = new Set((await client.running()).map(({ name }) => name))
  const perBackend = new Map<string, number>()
  for (const { backend } of models) perBackend.set(backend, (perBackend.get(backend) ?? 0) + 1)
  return new Set(
    models
      .filter(
        ({ id, name, adapter, backend }) =>
          running.has(id) ||
          running.has(name) ||
          adapter === 'embedded' ||
          // A server of one model has it; one of several may load them as they are asked for.
          (adapter === 'openai' && perBackend.get(backend) === 1),
      )
      .map(({ id }) => id),
  )
}

/** Runtimes at their usual ports, when there is no daemon. */
const directly = async (settings: Settings, options: PrepareOptions): Promise<Resolved> => {
  const targets: Target[] = []
  for (const { url, runtime } of await discover()) {
    if (runtime.adapter === undefined) continue
    try {
      const { targets: found } = await resolveTargets([url], { ...options, settings })
      targets.push(...found)
    } catch (error) {
      options.signal.throwIfAborted()
      // Several models, or a key is wanted: those have to be named.
      if (!isMcpdError(error)) throw error
    }
  }
  return { targets, watched: [] }
}

/** Two loads per target, each with its part of the minute and of the tokens. */
export const localPlan = (settings: Settings, parts: PlanParts, spentTokens: number): Plan => {
  const count = parts.targets.length * loads.length
  const perRequest = Math.max(
    spentTokens / parts.targets.length,
    Number(settings.inputTokens) + Number(settings.outputTokens),
  )
  const requests = Math.max(1, Math.floor((tokensMax - spentTokens) / count / perRequest))
  const durationMs = Math.min(stepMaxMs, Math.floor(stepsMs / count) - drainMs)
  const steps = stepsOf({
    concurrency: loads,
    ...settings,
    requests,
    duration: `${durationMs}ms`,
    drain: `${drainMs}ms`,
  })
  const phases = parts.targets.flatMap(({ label }, target) =>
    steps.map((step) => ({
      ...step,
      targets: [target],
      name: parts.targets.length > 1 ? `${label}, ${step.name}` : step.name,
    })),
  )
  return planOf(settings, parts, phases)
}
