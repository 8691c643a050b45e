import { outputTokensOf, type RequestRecord } from '../../bench/measure/record.ts'
import { planDefaults, type WatchedProcess } from '../../bench/plan.ts'
import { preflight } from '../../bench/preflight.ts'
import { workloadOf, type PlanParts } from '../../bench/make-plan.ts'
import { readScenario, requireSettings, type Settings } from '../../bench/settings.ts'
import { operationOf, type Target } from '../../bench/target.ts'
import { hasTokenizer } from '../../bench/tokenizer.ts'
import { readPrompts } from '../../bench/workload/prompt-file.ts'
import type { Client } from '../../client/index.ts'
import { McpdError } from '../../core/errors.ts'
import { type Resolved, resolveTargets } from './resolve-targets.ts'

export interface PrepareOptions {
  readonly names: readonly string[]
  /** What the flags say, unchecked. */
  readonly given: Readonly<Record<string, unknown>>
  readonly scenarioFile: string | undefined
  readonly pids: readonly number[]
  readonly preflight: boolean
  /** Longest time for the first request to a target; that of any request when absent. */
  readonly preflightMs?: number
  /** Finds the targets; by their names when absent. */
  readonly resolve?: (settings: Settings, options: PrepareOptions) => Promise<Resolved>
  readonly connect: () => Promise<Client>
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface Prepared {
  readonly settings: Settings
  readonly parts: PlanParts
  readonly notes: readonly string[]
  /** What asking once has cost. */
  readonly spentTokens: number
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
  const prompts = settings.prompts === undefined ? undefined : await readPrompts(settings.prompts)
  const { targets, watched } = await (options.resolve ?? resolveNames)(settings, options)
  const pids = options.pids.map((pid): WatchedProcess => ({ pid, name: `process ${pid}` }))
  const parts = { targets, ...(prompts && { prompts }), watched: [...watched, ...pids] }
  check(settings, parts)
  if (!options.preflight) return { settings, parts, notes: [], spentTokens: 0 }
  const { notes, spentTokens, ...asked } = await askAll(settings, parts, options)
  return { settings, parts: { ...parts, ...asked }, notes, spentTokens }
}

const resolveNames = async (settings: Settings, options: PrepareOptions): Promise<Resolved> => {
  const names = options.names.length > 0 ? options.names : (settings.targets ?? [])
  if (names.length === 0)
    throw new McpdError('USAGE', 'Name a target: a URL, or a model of the daemon.', {
      suggestions: ['See what the daemon serves: mcpd models'],
    })
  const { env, signal, connect } = options
  return resolveTargets(names, { settings, connect, env, signal })
}

/** The target, with its texts kept where it does not count its tokens and something else can. */
const countable = async (target: Target, { outputTokens }: RequestRecord, signal: AbortSignal) => {
  if (outputTokens !== undefined || operationOf(target.wire) === 'embed') return { target, notes: [] }
  const keepTexts = await hasTokenizer(target, signal)
  const by = keepTexts ? 'its tokenizer after the run' : 'their events'
  return {
    target: { ...target, keepTexts },
    notes: [`${target.label} does not count its tokens: they are counted by ${by}.`],
  }
}

/** A word is no less and no more tokens than this to any tokenizer that is worth asking. */
const tokensPerWordMin = 0.5
const tokensPerWordMax = 8

const askAll = async (settings: Settings, parts: PlanParts, { signal, preflightMs }: PrepareOptions) => {
  const workload = workloadOf(settings, parts)
  const meter = {
    timeoutMs: preflightMs ?? planDefaults.timeoutMs,
    connectTimeoutMs: planDefaults.connectTimeoutMs,
    connectionsMax: 1,
    insecure: false,
  }
  const targets: Target[] = []
  const notes: string[] = []
  let spentTokens = 0
  let tokensPerWord: number | undefined
  for (const target of parts.targets) {
    const { record, ...checked } = await preflight(target, workload, meter, signal)
    const counted = await countable(checked.target, record, signal)
    targets.push(counted.target)
    notes.push(...checked.notes, ...counted.notes)
    spentTokens += (record.inputTokens ?? record.askedInputTokens ?? 0) + outputTokensOf(record)
    const { inputTokens = 0, askedInputTokens } = record
    // Of several tokenizers the most wordy one, so that no prompt is longer than it was meant to be.
    if (inputTokens > 0 && askedInputTokens !== undefined)
      tokensPerWord = Math.max(tokensPerWord ?? 0, inputTokens / askedInputTokens)
  }
  return {
    targets,
    notes,
    spentTokens,
    ...(tokensPerWord !== undefined && {
      tokensPerWord: Math.min(tokensPerWordMax, Math.max(tokensPerWordMin, tokensPerWord)),
    }),
  }
}
