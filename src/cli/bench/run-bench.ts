import { makePlan } from '../../bench/make-plan.ts'
import { renderTable } from '../../bench/render/table.ts'
import { buildReport } from '../../bench/report/build.ts'
import type { Report } from '../../bench/report/report.ts'
import { type RunHooks, runPlan } from '../../bench/run.ts'
import { errorBarOfHere } from './error-bar.ts'
import { prepareBench, type PrepareOptions } from './prepare-bench.ts'
import { type BenchFiles, writeOutputs } from './write-outputs.ts'

export interface BenchOptions extends PrepareOptions {
  readonly strictClient: boolean
  /** Whether to measure the client first where that has not been done lately. */
  readonly selftest: boolean
  readonly files: BenchFiles
  readonly hooks: RunHooks
  readonly version: string
}

export interface BenchResult {
  readonly report: Report
  readonly table: string
  readonly exit: number
}

/** One `mcpd bench`: from what was typed to the report and the exit code. */
export const runBench = async (options: BenchOptions): Promise<BenchResult> => {
  const { hooks, version, env, signal } = options
  const { settings, parts, notes } = await prepareBench(options, makePlan)
  const errorBar = await errorBarOfHere(env, options.selftest, signal)
  const run = await runPlan(makePlan(settings, parts), hooks)
  const built = buildReport(run, { version, settings, errorBar, isRepeated: (settings.repeats ?? 1) > 1 })
  const report: Report = { ...built, notes: [...notes, ...built.notes] }
  await writeOutputs(options.files, report, run)
  return { report, table: renderTable(report), exit: exitOf(report, options.strictClient) }
}

/** 130 interrupted, 3 nobody was there, 4 the client cannot be believed, 1 a check failed, else 0. */
export const exitOf = (report: Report, isStrict: boolean): number => {
  if (report.isInterrupted) return 130
  const { total, byClass } = report.errors
  if (report.load.requests > 0 && total === report.load.requests && total === byClass.connect) return 3
  if (report.client.verdict === 'saturated' || (isStrict && report.client.verdict !== 'ok')) return 4
  return report.checks.every(({ ok }) => ok) ? 0 : 1
}
