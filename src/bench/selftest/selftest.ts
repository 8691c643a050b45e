import type { Phase } from '../load/phase.ts'
import { planDefaults, type Plan, threadsFor } from '../plan.ts'
import type { ErrorBar } from '../report/report.ts'
import { type ClientHealth, judgeClient } from '../report/client-verdict.ts'
import { type ProcessUse } from '../processes.ts'
import { type Run, runPlan } from '../run.ts'
import type { Behaviour } from '../simulator/behaviour.ts'
import type { Target } from '../target.ts'
import { type Accuracy, measureAccuracy } from './accuracy.ts'
import { startSimulatorProcess } from './simulator-process.ts'

export interface SelftestOptions {
  readonly streams: number
  readonly tokensPerSecond: number
  /** Of each answer. */
  readonly tokens: number
  readonly durationMs: number
  readonly threads: number
  readonly behaviour?: Partial<Behaviour>
}

export interface Selftest {
  /** False when the simulator itself was late or held up: then nothing can be said of the client. */
  readonly isValid: boolean
  /** Why not. */
  readonly reasons: readonly string[]
  readonly accuracy: Accuracy
  readonly errorBar: ErrorBar
  readonly client: ClientHealth
  /** Cores that this process used while it measured. */
  readonly clientCpu: number
  readonly tokensPerSecond: number
  readonly run: Run
}

/** 200 streams of 50 tokens per second for a few seconds. */
export const selftestDefaults: SelftestOptions = {
  streams: 200,
  tokensPerSecond: 50,
  tokens: 100,
  durationMs: 8000,
  threads: 1,
}

/** A simulator that is later than this at p99 is no yardstick. */
const senderLateMaxMs = 1
const ttftMs = 100

/** Measures this client, on this machine, now, against a backend that knows when it sent what. */
export const runSelftest = async (options: SelftestOptions, signal: AbortSignal): Promise<Selftest> => {
  const { streams, tokensPerSecond, behaviour } = options
  const simulator = await startSimulatorProcess(
    ['--behaviour', JSON.stringify({ ttftMs, gapMs: 1000 / tokensPerSecond, ...behaviour })],
    signal,
  )
  try {
    const run = await runPlan(planFor(options, simulator.url), { signal })
    const truths = await simulator.truths()
    const measured = run.phases.find(({ phase }) => !phase.isWarmUp)
    const records = measured?.records ?? []
    const ids = new Set(records.map(({ requestId }) => requestId))
    const isMixed = behaviour?.fault === 'mix'
    const accuracy = measureAccuracy(records, isMixed ? truths : truths.filter(({ id }) => ids.has(id)))
    const reasons = doubts(accuracy)
    const tokens = records.reduce((sum, { stamps }) => sum + stamps.length, 0)
    const seconds = measured ? (measured.endedMs - measured.originMs) / 1000 : 1
    return {
      isValid: reasons.length === 0,
      reasons,
      accuracy,
      errorBar: {
        ttftMs: { p50: accuracy.ttftMs.p50, p99: accuracy.ttftMs.p99 },
        gapMs: { p50: accuracy.gapMs.p50, p99: accuracy.gapMs.p99 },
        issueToReadMs: { p50: accuracy.sendLagMs.p50, p99: accuracy.sendLagMs.p99 },
        tpotShare: accuracy.tpotShare,
        streams,
        tokensPerSecond: streams * tokensPerSecond,
        measuredAt: new Date().toISOString(),
        senderLateP99Ms: accuracy.senderLateP99Ms,
      },
      client: judgeClient(records, measured?.health ?? [], false),
      clientCpu: cpuOf(run.processes, measured?.originMs ?? 0),
      tokensPerSecond: tokens / seconds,
      run,
    }
  } finally {
    await simulator.close()
  }
}

const doubts = ({ matched, senderLateP99Ms, senderWaited }: Accuracy): string[] => {
  const reasons: string[] = []
  if (matched === 0) reasons.push('no request could be matched with what the simulator sent')
  if (!(senderLateP99Ms <= senderLateMaxMs))
    reasons.push(`the simulator was ${senderLateP99Ms.toFixed(2)} ms late at p99: the machine is too busy`)
  if (senderWaited > 0) reasons.push(`the simulator had to wait for the client ${senderWaited} times`)
  return reasons
}

/** Mean over the samples of the measured phase, without its first second. */
const cpuOf = (processes: readonly ProcessUse[], originMs: number): number => {
  const samples = processes[0]?.samples.filter(({ atMs }) => atMs > originMs + 1000) ?? []
  return samples.length === 0 ? Number.NaN : samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length
}

const planFor = (options: SelftestOptions, url: string): Plan => {
  const { streams, tokensPerSecond, tokens, durationMs, threads } = options
  const target: Target = {
    label: 'simulator',
    url,
    wire: 'openai-chat',
    model: 'sim',
    stream: true,
    streamUsage: true,
    extra: {},
  }
  const phase: Omit<Phase, 'name' | 'isWarmUp' | 'firstIndex'> = {
    // Slots begin over the length of one answer, so that streams are as far along as in a long run.
    load: {
      kind: 'closed',
      concurrency: streams,
      rampMs: Math.min(durationMs / 2, (1000 * tokens) / tokensPerSecond),
    },
    targets: [0],
    durationMs,
    drainMs: 10_000,
  }
  return {
    targets: [target],
    workload: {
      seed: 1,
      inputTokens: { kind: 'fixed', tokens: 32 },
      outputTokens: { kind: 'fixed', tokens },
      sharedPrefixTokens: 0,
    },
    phases: [
      // The first second of a process is compiling.
      { ...phase, name: 'warm-up', isWarmUp: true, durationMs: Math.min(1500, durationMs), firstIndex: 0 },
      { ...phase, name: 'measured', isWarmUp: false, firstIndex: 1_000_000 },
    ],
    threads: threads > 0 ? threads : threadsFor(streams * tokensPerSecond, 2),
    timeoutMs: 60_000,
    connectTimeoutMs: planDefaults.connectTimeoutMs,
    insecure: false,
    sloShareMin: 1,
    errorRateMax: 1,
    watched: [],
  }
}
