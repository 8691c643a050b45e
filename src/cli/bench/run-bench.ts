import { writeFile } from 'node:fs/promises'
import type { Client } from '../../client/index.ts'
import { makePlan, workloadOf } from '../../bench/make-plan.ts'
import { planDefaults, type WatchedProcess } from '../../bench/plan.ts'
import { preflight } from '../../bench/preflight.ts'
import { renderTable } from '../../bench/render/table.ts'
import { buildReport } from '../../bench/report/build.ts'
import type { Report } from '../../bench/report/report.ts'
import { runPlan, type Run } from '../../bench/run.ts'
import { readScenario, requireSettings, type Settings } from '../../bench/settings.ts'
import type { Target } from '../../bench/target.ts'
import { readPrompts } from '../../bench/workload/prompt-file.ts'
import { McpdError } from '../../core/errors.ts'
import { resolveTargets } from './resolve-targets.ts'

export interface BenchOptions {
  readonly names: readonly string[]
  readonly given: Readonly<Record<string, unknown>>
  readonly scenario: string | undefined
  readonly pids: readonly number[]
  readonly preflight: boolean
  readonly strictClient: boolean
  readonly files: BenchFiles
  readonly screen: NodeJS.WriteStream | undefined
  readonly version: string
  readonly connect: () => Promise<Client>
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export type BenchFiles = Readonly<
  Record<'output' | 'records' | 'html' | 'csv' | 'markdown' | 'junit', string | undefined>
>

export interface BenchResult {
  readonly report: Report
  readonly table: string
  readonly exit: number
}

/** One `mcpd bench`: from what was typed to the report and the exit code. */
export const runBench = async (options: BenchOptions): Promise<BenchResult> => {
  const settings = await settingsFor(options)
  const names = options.names.length > 0 ? options.names : (settings.targets ?? [])
  if (names.length === 0) throw new McpdError('USAGE', 'Name a target: a URL or a model.')
  const prompts = settings.prompts === undefined ? undefined : await readPrompts(settings.prompts)
  const workload = workloadOf(settings, prompts)
  const { env, signal, connect } = options
  const resolved = await resolveTargets(names, { settings, connect, env, signal })
  const pids = options.pids.map((pid): WatchedProcess => ({ pid, name: `process ${pid}` }))
  const planFor = (targets: readonly Target[]) =>
    makePlan(settings, { targets, ...(prompts && { prompts }), watched: [...resolved.watched, ...pids] })
  // What contradicts itself is said before anything is sent.
  planFor(resolved.targets)
  const targets: Target[] = []
  const notes: string[] = []
  for (const target of resolved.targets) {
    if (!options.preflight) {
      targets.push(target)
      continue
    }
    const checked = await preflight(target, workload, meterOptions, signal)
    targets.push(checked.target)
    notes.push(...checked.notes)
  }
  const run = await runPlan(planFor(targets), { signal })
  const built = buildReport(run, { version: options.version, errorBar: null })
  const report: Report = { ...built, notes: [...notes, ...built.notes] }
  await writeFiles(options.files, report, run)
  return { report, table: renderTable(report), exit: exitOf(report, options.strictClient) }
}

const meterOptions = {
  timeoutMs: planDefaults.timeoutMs,
  connectTimeoutMs: planDefaults.connectTimeoutMs,
  connectionsMax: 1,
  insecure: false,
}

const settingsFor = async ({ scenario, given }: BenchOptions): Promise<Settings> => {
  const file = scenario === undefined ? {} : await readScenario(scenario)
  return requireSettings({ ...file, ...given }, 'The command line')
}

/** 130 interrupted, 3 nothing answered at all, 4 the client cannot be believed, 1 a check failed, else 0. */
const exitOf = (report: Report, isStrict: boolean): number => {
  if (report.isInterrupted) return 130
  const { total, byClass } = report.errors
  if (report.load.requests > 0 && total === report.load.requests && total === byClass.connect) return 3
  if (report.client.verdict === 'saturated' || (isStrict && report.client.verdict !== 'ok')) return 4
  return report.checks.every(({ ok }) => ok) ? 0 : 1
}

const writeFiles = async (files: BenchFiles, report: Report, run: Run): Promise<void> => {
  if (files.output !== undefined) await write(files.output, `${JSON.stringify(report, null, 2)}\n`)
  void run
}

const write = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text)
  } catch (error) {
    throw new McpdError('USAGE', `${path} cannot be written.`, {}, error)
  }
}
