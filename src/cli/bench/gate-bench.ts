import { compareDefaults } from '../../bench/compare/compare.ts'
import { type GateReport, judgeGate } from '../../bench/compare/gate.ts'
import { makePairedPlan, makePlan } from '../../bench/make-plan.ts'
import { planDefaults } from '../../bench/plan.ts'
import type { Report } from '../../bench/report/report.ts'
import { runPlan, type RunHooks } from '../../bench/run.ts'
import { McpdError } from '../../core/errors.ts'
import { prepareBench, type PrepareOptions } from './prepare-bench.ts'
import { readReport } from './read-report.ts'

export interface GateOptions extends Omit<PrepareOptions, 'names'> {
  readonly candidate: string
  /** A target, or the file of a report with repeats. */
  readonly baseline: string
  readonly pairs: number
  readonly margin: number
  readonly hooks: RunHooks
}

/** Holds a candidate against a baseline: measured in turn where that is a target, else against what was saved. */
export const gateBench = async (options: GateOptions): Promise<GateReport> => {
  const { candidate, baseline, pairs, margin, hooks } = options
  const saved = baseline.endsWith('.json') ? await readReport(baseline) : undefined
  const names = saved ? [candidate] : [baseline, candidate]
  const given = saved ? { ...loadOf(saved), ...options.given, repeats: pairs } : options.given
  const { settings, parts } = await prepareBench({ ...options, names, given }, (checked, found) => {
    if (saved) makePlan(checked, found)
    else makePairedPlan(checked, found, pairs)
  })
  const plan = saved ? makePlan(settings, parts) : makePairedPlan(settings, parts, pairs)
  const run = await runPlan(plan, hooks)
  return judgeGate(run, {
    baseline: saved ? `${baseline} (${saved.startedAt})` : parts.targets[0]!.label,
    candidate: parts.targets.at(-1)!.label,
    ...(saved && { saved: saved.repeats! }),
    options: { ...compareDefaults, paired: saved === undefined, margin },
    errorRateMax: settings.maxErrorRate ?? planDefaults.errorRateMax,
  })
}

/** What the saved runs were made with, so that the candidate does the same. */
const loadOf = (report: Report): Readonly<Record<string, unknown>> => {
  if (!report.repeats || report.repeats.length === 0)
    throw new McpdError(
      'USAGE',
      'The baseline has no repeats: a single run says nothing of how much runs differ.',
      {
        suggestions: ['mcpd bench TARGET --repeats 10 --output baseline.json'],
      },
    )
  return report.settings
}
