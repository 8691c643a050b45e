import { monotonicMs } from '../clock.ts'
import { createPacer } from '../pacer.ts'
import type { Plan } from '../plan.ts'
import { type Run, type RunHooks, runPlan } from '../run.ts'
import type { Report } from '../report/report.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { reportFaults } from './fault-report.ts'
import type { Fault } from './faults.ts'
import { isProcessFault, type StartedServer } from './started-server.ts'

export interface FailureRun {
  readonly run: Run
  /** When the measured phase began, on the monotonic clock. */
  readonly originMs: number
  /** Whether the target is a process of the run. */
  readonly ownsServer: boolean
}

/**
 * The third scenario: runs a plan with one target through a proxy that injects faults at their times. A server that the
 * run started is killed and frozen itself.
 */
export const runFailure = async (
  plan: Plan,
  faults: readonly Fault[],
  hooks: RunHooks,
  server?: StartedServer,
): Promise<FailureRun> => {
  const [target] = plan.targets
  await using stack = new AsyncDisposableStack()
  const proxy = await startFaultProxy(target!.url)
  stack.defer(() => proxy.close())
  const pacer = createPacer()
  stack.defer(() => pacer.close())
  const failures: unknown[] = []
  const set = (fault: Fault['kind'], isOn: boolean): void => {
    if (server && isProcessFault(fault)) server.set(isOn ? fault : undefined)
    else proxy.set(isOn ? fault : undefined).catch((error: unknown) => failures.push(error))
  }
  const onPhase = (index: number): void => {
    hooks.onPhase?.(index)
    if (plan.phases[index]?.isWarmUp !== false) return
    const originMs = monotonicMs()
    for (const { kind, fromMs, toMs } of faults) {
      pacer.at(originMs + fromMs, () => set(kind, true))
      pacer.at(originMs + toMs, () => set(kind, false))
    }
  }
  const proxied = { ...plan, targets: [{ ...target!, url: proxy.url }] }
  const run = await runPlan(proxied, { ...hooks, onPhase })
  if (failures.length > 0) throw failures[0]
  const measured = run.phases.find(({ phase }) => !phase.isWarmUp)
  return { run: { ...run, plan }, originMs: measured?.originMs ?? 0, ownsServer: server !== undefined }
}

/** The report with what became of the faults. A failure that was asked for is no reason to fail. */
export const withFaults = (
  report: Report,
  { run, originMs, ownsServer }: FailureRun,
  faults: readonly Fault[],
): Report => {
  const records = run.phases.filter(({ phase }) => !phase.isWarmUp).flatMap((phase) => phase.records)
  const injected = reportFaults(records, faults, originMs).map((fault, index) => ({
    ...fault,
    in: ownsServer && isProcessFault(faults[index]!.kind) ? ('process' as const) : ('connection' as const),
  }))
  const checks = [
    ...report.checks.filter(({ name }) => name !== 'error rate'),
    ...injected
      // After one that the run's end cut short there was no time to recover.
      .filter(({ after }) => after.requests > 0)
      .map(({ kind, recoveryMs }) => ({
        name: `recovers from ${kind}`,
        ok: recoveryMs !== null,
        detail:
          recoveryMs === null ? 'no request succeeded after it' : `${recoveryMs.toFixed(0)} ms after its end`,
      })),
  ]
  return { ...report, faults: injected, checks }
}
