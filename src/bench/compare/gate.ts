import type { Phase } from '../load/phase.ts'
import type { PhaseRun } from '../measure/crew.ts'
import { isOk, type RequestRecord } from '../measure/record.ts'
import { windowOf } from '../report/build.ts'
import { type ClientHealth, judgeClient } from '../report/client-verdict.ts'
import { countErrors, type Errors } from '../report/errors.ts'
import { measureRecords } from '../report/metrics.ts'
import type { Check, RunValues } from '../report/report.ts'
import type { Run } from '../run.ts'
import { runsMin } from './bootstrap.ts'
import { compareRuns, type ComparedRow, type CompareOptions } from './compare.ts'
import { valuesOf } from './values.ts'

export const gateSchemaId = 'mcpd-bench-gate/1'

/** What a gate found, as JSON has it. */
export interface GateReport {
  readonly schema: typeof gateSchemaId
  readonly startedAt: string
  readonly isInterrupted: boolean
  readonly baseline: string
  readonly candidate: string
  readonly runs: { readonly baseline: number; readonly candidate: number; readonly paired: boolean }
  readonly margin: number
  readonly alpha: number
  readonly rows: readonly ComparedRow[]
  readonly errors: Errors
  readonly client: ClientHealth
  /** All hold, or the gate falls. */
  readonly checks: readonly Check[]
  /** Why nothing can be concluded; empty when something can. */
  readonly invalid: readonly string[]
}

export interface GateParts {
  readonly baseline: string
  readonly candidate: string
  /** Runs of the baseline where they are from a file; otherwise its runs are phases of `run` for target 0. */
  readonly saved?: readonly RunValues[]
  readonly options: CompareOptions
  readonly errorRateMax: number
}

/** Judges a run whose phases are repeats: of the candidate alone, or of baseline (target 0) and candidate (target 1) in turn. */
export const judgeGate = (run: Run, parts: GateParts): GateReport => {
  const { saved, options, errorRateMax } = parts
  const measured = run.phases.filter(({ phase }) => !phase.isWarmUp)
  const own = saved ? measured : measured.filter(({ phase }) => phase.targets[0] === 1)
  const others = saved ? [] : measured.filter(({ phase }) => phase.targets[0] === 0)
  const candidateRuns = own.map(runValues)
  const baselineRuns = saved ?? others.map(runValues)
  const records = own.flatMap((phase) => phase.records)
  const errors = countErrors(records)
  const client = judgeClient(
    measured.flatMap((phase) => phase.records),
    measured.flatMap(({ health }) => health),
    false,
  )
  const rows = compareRuns(baselineRuns, candidateRuns, options)
  const checks: Check[] = [
    ...rows.map(rowCheck),
    {
      name: 'error rate',
      ok: records.length > 0 && errors.rate <= errorRateMax,
      detail: `${(errors.rate * 100).toFixed(2)} %, limit ${(errorRateMax * 100).toFixed(2)} %`,
    },
  ]
  return {
    schema: gateSchemaId,
    startedAt: new Date(run.startedAtMs).toISOString(),
    isInterrupted: run.isInterrupted,
    baseline: parts.baseline,
    candidate: parts.candidate,
    runs: { baseline: baselineRuns.length, candidate: candidateRuns.length, paired: options.paired },
    margin: options.margin,
    alpha: options.alpha,
    rows,
    errors,
    client,
    checks,
    invalid: invalidity(
      rows,
      client,
      records,
      others.flatMap((phase) => phase.records),
      saved !== undefined,
    ),
  }
}

const runValues = (phase: PhaseRun & { readonly phase: Phase }): RunValues =>
  valuesOf(measureRecords(phase.records, windowOf(phase), undefined))

const rowCheck = ({ label, ratio, verdict, interval }: ComparedRow): Check => ({
  name: label,
  ok: verdict !== 'worse',
  detail: `${percent(ratio)}${interval ? `, 95 % between ${percent(interval.low)} and ${percent(interval.high)}` : ''}`,
})

const percent = (ratio: number): string =>
  `${ratio >= 1 ? '+' : '−'}${Math.abs((ratio - 1) * 100).toFixed(1)} %`

const invalidity = (
  rows: readonly ComparedRow[],
  client: ClientHealth,
  candidate: readonly RequestRecord[],
  baseline: readonly RequestRecord[],
  isSaved: boolean,
): string[] => {
  const reasons: string[] = []
  if (client.verdict === 'saturated') reasons.push(`the client was saturated: ${client.reasons.join('; ')}`)
  if (!isSaved && baseline.every((record) => !isOk(record)))
    reasons.push('no request to the baseline succeeded')
  // A candidate that answers nothing is no invalid run: it falls by its error rate.
  const isSilent = candidate.every((record) => !isOk(record))
  if (!isSilent && rows.every(({ verdict }) => verdict === 'unknown'))
    reasons.push(`a comparison takes ${runsMin} runs of each side`)
  return reasons
}

/** 130 interrupted, 4 nothing can be concluded, 1 fallen, 0 passed. */
export const gateExit = ({ isInterrupted, invalid, checks }: GateReport): number => {
  if (isInterrupted) return 130
  if (invalid.length > 0) return 4
  return checks.every(({ ok }) => ok) ? 0 : 1
}
