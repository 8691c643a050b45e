import { makePairedPlan, makePlan, planOf, type PlanParts, stepsOf } from '../../bench/make-plan.ts'
import type { Plan } from '../../bench/plan.ts'
import { renderTable } from '../../bench/render/table.ts'
import { buildReport } from '../../bench/report/build.ts'
import type { Report } from '../../bench/report/report.ts'
import { resourcesOf } from '../../bench/report/resources.ts'
import { type Run, type RunHooks, runPlan } from '../../bench/run.ts'
import { watchGpus } from '../../bench/gpus.ts'
import { watchServers } from '../../bench/server-metrics.ts'
import { type FailureRun, runFailure, withFaults } from '../../bench/scenarios/failure.ts'
import { defaultFaults, type Fault, parseFaults, recoveryMs } from '../../bench/scenarios/faults.ts'
import { startServer, type StartedServer } from '../../bench/scenarios/started-server.ts'
import { childrenOf } from '../../bench/processes.ts'
import { scalingSteps, sizeSteps } from '../../bench/scenarios/sizes.ts'
import { taxOf } from '../../bench/scenarios/tax.ts'
import type { Settings } from '../../bench/settings.ts'
import { McpdError } from '../../core/errors.ts'
import { errorBarOfHere } from './error-bar.ts'
import { localModels, localPlan, localSettings } from './local-models.ts'
import { prepareBench, type PrepareOptions } from './prepare-bench.ts'
import { resolvePair } from './resolve-pair.ts'
import { type BenchFiles, writeOutputs } from './write-outputs.ts'

export interface BenchOptions extends Omit<PrepareOptions, 'scenarioFile' | 'resolve' | 'preflightMs'> {
  /** The name of a scenario, or a file. */
  readonly scenario: string | undefined
  /** `mcpd`: the same load around the daemon and through it. */
  readonly through: string | undefined
  /** A command that runs the target's server, which then is a process of the run. */
  readonly start: string | undefined
  readonly strictClient: boolean
  /** Whether to measure the client first where that has not been done lately. */
  readonly selftest: boolean
  readonly files: BenchFiles
  readonly hooks: RunHooks
  readonly version: string
  /** Says something before the run; it is no part of the report. */
  readonly tell: (text: string) => void
}

export interface BenchResult {
  readonly report: Report
  readonly table: string
  readonly exit: number
}

/** One `mcpd bench`: from what was typed to the report and the exit code. */
export const runBench = async (options: BenchOptions): Promise<BenchResult> => {
  const kind = kindOf(options)
  const scenarioFile = isScenario(options.scenario) ? undefined : options.scenario
  const errorBar = await errorBarOfHere(options.env, options.selftest, options.signal)
  const given = kind === 'local' ? { ...localSettings, ...options.given } : options.given
  await using stack = new AsyncDisposableStack()
  const server = options.start === undefined ? undefined : await startTarget(options.start, options)
  if (server) stack.defer(() => server.close())
  const started = server ? [server.pid, ...childrenOf(server.pid)] : []
  const prepared = await prepareBench(
    {
      ...options,
      pids: [...options.pids, ...started],
      scenarioFile,
      given,
      ...(kind === 'local' && { resolve: localModels, preflightMs: 10_000, preflight: true }),
      ...(kind === 'tax' && { resolve: resolvePair }),
    },
    (settings, parts) => void planFor(kind, settings, parts),
  )
  const { settings, parts, notes, spentTokens } = prepared
  const plan = kind === 'local' ? localPlan(settings, parts, spentTokens) : planFor(kind, settings, parts)
  if (kind === 'local') options.tell(describePlan(plan))
  const faults = kind === 'failure' ? faultsOf(settings) : []
  const servers = await watchServers(plan.targets, options.signal)
  const gpus = watchGpus(options.env)
  let failure: FailureRun | undefined
  let run: Run
  try {
    if (kind === 'failure') failure = await runFailure(plan, faults, options.hooks, server)
    run = failure?.run ?? (await runPlan(plan, options.hooks))
  } finally {
    await gpus.finish()
  }
  const resources = resourcesOf(
    run.processes,
    await gpus.finish(),
    await servers.finish(new AbortController().signal),
  )
  const built = buildReport(run, {
    version: options.version,
    settings,
    errorBar,
    isRepeated: (settings.repeats ?? 1) > 1,
  })
  const report = {
    ...finish(kind, built, run, failure, faults),
    resources,
    notes: [...notes, ...built.notes],
  }
  await writeOutputs(options.files, report, run)
  return { report, table: renderTable(report), exit: exitOf(report, options.strictClient) }
}

const startTarget = async (command: string, { names, signal }: BenchOptions): Promise<StartedServer> => {
  const [url] = names
  if (url === undefined || names.length > 1 || !/^https?:/i.test(url) || !URL.canParse(url))
    throw new McpdError('USAGE', 'With --start there is one target, and it is the URL of what is started.')
  return startServer(command, url, signal)
}

const scenarios = ['baseline', 'scaling', 'failure'] as const
type Scenario = (typeof scenarios)[number]
type Kind = Scenario | 'plain' | 'tax' | 'local'

const isScenario = (name: string | undefined): name is Scenario => scenarios.some((known) => known === name)

const kindOf = ({ scenario, through, names }: BenchOptions): Kind => {
  if (through !== undefined) {
    if (through !== 'mcpd')
      throw new McpdError('USAGE', 'A load can be sent through mcpd, and through nothing else.')
    if (isScenario(scenario))
      throw new McpdError('USAGE', `--through has a load of its own, not that of ${scenario}.`)
    return 'tax'
  }
  if (isScenario(scenario)) return scenario
  return names.length === 0 && scenario === undefined ? 'local' : 'plain'
}

const taxPairs = 6

const planFor = (kind: Kind, settings: Settings, parts: PlanParts): Plan => {
  switch (kind) {
    case 'baseline':
      only(parts, kind)
      return planOf(settings, parts, sizeSteps(stepsOf({ duration: '15s', concurrency: 2, ...settings })))
    case 'scaling': {
      const steps = stepsOf({ duration: '10s', concurrency: [1, 2, 4, 8, 16], ...settings })
      return planOf(
        settings,
        parts,
        scalingSteps(
          steps,
          parts.targets.map(({ label }) => label),
        ),
      )
    }
    case 'failure': {
      only(parts, kind)
      const end = faultsOf(settings).reduce((latest, { toMs }) => Math.max(latest, toMs), 0) + recoveryMs
      return makePlan({ duration: `${end}ms`, timeout: '10s', drain: '5s', ...settings }, parts)
    }
    case 'tax': {
      const { repeats = taxPairs, ...once } = settings
      return makePairedPlan({ duration: '8s', ...once }, parts, repeats)
    }
    default:
      return makePlan(settings, parts)
  }
}

const only = ({ targets }: PlanParts, kind: Kind): void => {
  if (targets.length !== 1)
    throw new McpdError('USAGE', `The scenario ${kind} is of one target, not of ${targets.length}.`)
}

const faultsOf = ({ faults }: Settings): readonly Fault[] => (faults ? parseFaults(faults) : defaultFaults)

const finish = (
  kind: Kind,
  report: Report,
  run: Run,
  failure: FailureRun | undefined,
  faults: readonly Fault[],
): Report => {
  if (failure) return withFaults(report, failure, faults)
  return kind === 'tax' ? { ...report, tax: taxOf(run, run.plan.targets[1]!.label) } : report
}

const describePlan = ({ targets, phases }: Plan): string => {
  const requests = phases.reduce((sum, phase) => sum + (phase.requests ?? 0), 0)
  const seconds = phases.reduce((sum, { durationMs = 0, drainMs }) => sum + durationMs + drainMs, 0) / 1000
  return [
    `Measuring what is loaded on this machine: ${targets.map(({ label }) => label).join(', ')}.`,
    `At most ${requests} requests in ${Math.ceil(seconds)} seconds and 20,000 tokens, ${phases.length} steps; Ctrl-C ends it with a report.`,
  ].join('\n')
}

/** 130 interrupted, 3 nobody was there, 4 the client cannot be believed, 1 a check failed, else 0. */
const exitOf = (report: Report, isStrict: boolean): number => {
  if (report.isInterrupted) return 130
  const { total, byClass } = report.errors
  if (report.load.requests > 0 && total === report.load.requests && total === byClass.connect) return 3
  if (report.client.verdict === 'saturated' || (isStrict && report.client.verdict !== 'ok')) return 4
  return report.checks.every(({ ok }) => ok) ? 0 : 1
}
