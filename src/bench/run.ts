import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from './clock.ts'
import type { Phase } from './load/phase.ts'
import { createCrew, type Crew, type PhaseRun } from './measure/crew.ts'
import type { Plan } from './plan.ts'
import { countTexts } from './tokenizer.ts'
import { type ProcessUse, watchProcesses } from './processes.ts'

/** What came of a plan. */
export interface Run {
  readonly plan: Plan
  /** Unix ms. */
  readonly startedAtMs: number
  /** One per phase that was begun, in order. */
  readonly phases: readonly (PhaseRun & { readonly phase: Phase })[]
  readonly processes: readonly ProcessUse[]
  /** Whether it was ended before its end. */
  readonly isInterrupted: boolean
}

/** What can be told while a plan runs; counts are since its start. */
export interface Progress {
  readonly phase: Phase
  readonly phaseIndex: number
  readonly phases: number
  readonly elapsedMs: number
  readonly issued: number
  readonly running: number
  readonly ok: number
  readonly failed: number
  readonly tokens: number
}

export interface RunHooks {
  /** Ends the run; what is there until then is its result. */
  readonly signal: AbortSignal
  /** Called about four times a second. */
  readonly onProgress?: (progress: Progress) => void
  /** Called when a phase begins to send, with the number it has in the plan and its origin on the monotonic clock. */
  readonly onPhase?: (index: number) => void
}

const tickMs = 250
/** Connections that are opened ahead of a phase; more than these would be a burden to the server of their own. */
const openMax = 512

export const runPlan = async (plan: Plan, { signal, onProgress, onPhase }: RunHooks): Promise<Run> => {
  const startedAtMs = Date.now()
  const watch = watchProcesses(plan.watched)
  const crew = await createCrew({
    targets: plan.targets,
    workload: plan.workload,
    threads: plan.threads,
    meter: {
      timeoutMs: plan.timeoutMs,
      connectTimeoutMs: plan.connectTimeoutMs,
      connectionsMax: planConnections(plan),
      insecure: plan.insecure,
    },
  })
  const phases: (PhaseRun & { phase: Phase })[] = []
  const state = { index: 0, startedMs: monotonicMs() }
  watch.sample()
  const tick = setInterval(() => {
    watch.sample()
    const phase = plan.phases[state.index]!
    onProgress?.({
      phase,
      phaseIndex: state.index,
      phases: plan.phases.length,
      elapsedMs: monotonicMs() - state.startedMs,
      ...crew.counters(),
    })
  }, tickMs)
  try {
    for (const [index, phase] of plan.phases.entries()) {
      if (signal.aborted) break
      state.index = index
      state.startedMs = monotonicMs()
      await openAhead(crew, phase)
      onPhase?.(index)
      phases.push({ phase, ...(await crew.run(phase, index, signal)) })
    }
  } finally {
    clearInterval(tick)
    watch.sample()
    await crew.close()
  }
  const records = phases.flatMap((phase) => phase.records)
  await countTexts(records, plan.targets, signal)
  return { plan, startedAtMs, phases, processes: watch.uses(), isInterrupted: signal.aborted }
}

const planConnections = ({ phases }: Plan): number =>
  phases.reduce(
    (most, { load }) => Math.max(most, load.kind === 'closed' ? load.concurrency : load.concurrencyMax),
    1,
  )

/** For a closed load as many as it uses; for an open one nobody knows, so a second's worth. */
const openAhead = async (crew: Crew, { load, targets }: Phase): Promise<void> => {
  const wanted =
    load.kind === 'closed' ? load.concurrency : Math.min(load.concurrencyMax, Math.ceil(load.arrivals.rate))
  for (const target of targets) await crew.open(target, Math.min(openMax, Math.ceil(wanted / targets.length)))
  // A server that has just taken many connections gets a moment before it is measured.
  await sleep(5)
}
