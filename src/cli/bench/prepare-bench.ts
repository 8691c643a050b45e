import { planDefaults, type WatchedProcess } from '../../bench/plan.ts'
import { preflight } from '../../bench/preflight.ts'
import { workloadOf, type PlanParts } from '../../bench/make-plan.ts'
import { readScenario, requireSettings, type Settings } from '../../bench/settings.ts'
import type { Target } from '../../bench/target.ts'
import { readPrompts } from '../../bench/workload/prompt-file.ts'
import type { Client } from '../../client/index.ts'
import { McpdError } from '../../core/errors.ts'
import { resolveTargets } from './resolve-targets.ts'

export interface PrepareOptions {
  readonly names: readonly string[]
  /** What the flags say, unchecked. */
  readonly given: Readonly<Record<string, unknown>>
  readonly scenarioFile: string | undefined
  readonly pids: readonly number[]
  readonly preflight: boolean
  readonly connect: () => Promise<Client>
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface Prepared {
  readonly settings: Settings
  readonly parts: PlanParts
  readonly notes: readonly string[]
}

/** Scenario file and flags, checked; flags win. Throws USAGE. */
export const settingsFor = async (
  scenarioFile: string | undefined,
  given: PrepareOptions['given'],
): Promise<Settings> => {
  const file = scenarioFile === undefined ? {} : await readScenario(scenarioFile)
  return requireSettings({ ...file, ...given }, 'The command line')
}

/** Finds and asks the targets of a run. `check` is called with them before anything is sent. Throws as preflight does. */
export const prepareBench = async (
  options: PrepareOptions,
  check: (settings: Settings, parts: PlanParts) => void,
): Promise<Prepared> => {
  const settings = await settingsFor(options.scenarioFile, options.given)
  const names = options.names.length > 0 ? options.names : (settings.targets ?? [])
  if (names.length === 0)
    throw new McpdError('USAGE', 'Name a target: a URL, or a model of the daemon.', {
      suggestions: ['See what the daemon serves: mcpd models'],
    })
  const prompts = settings.prompts === undefined ? undefined : await readPrompts(settings.prompts)
  const { env, signal, connect } = options
  const { targets, watched } = await resolveTargets(names, { settings, connect, env, signal })
  const pids = options.pids.map((pid): WatchedProcess => ({ pid, name: `process ${pid}` }))
  const parts = { targets, ...(prompts && { prompts }), watched: [...watched, ...pids] }
  check(settings, parts)
  if (!options.preflight) return { settings, parts, notes: [] }
  const asked = await askAll(targets, settings, parts, signal)
  return { settings, parts: { ...parts, targets: asked.targets }, notes: asked.notes }
}

const meterOptions = {
  timeoutMs: planDefaults.timeoutMs,
  connectTimeoutMs: planDefaults.connectTimeoutMs,
  connectionsMax: 1,
  insecure: false,
}

const askAll = async (
  targets: readonly Target[],
  settings: Settings,
  { prompts }: PlanParts,
  signal: AbortSignal,
): Promise<{ targets: readonly Target[]; notes: readonly string[] }> => {
  const workload = workloadOf(settings, prompts)
  const asked: Target[] = []
  const notes: string[] = []
  for (const target of targets) {
    const checked = await preflight(target, workload, meterOptions, signal)
    asked.push(checked.target)
    notes.push(...checked.notes)
  }
  return { targets: asked, notes }
}
