import { availableParallelism, cpus, loadavg, platform } from 'node:os'
import { valuesOf } from '../compare/values.ts'
import type { Phase } from '../load/phase.ts'
import type { PhaseRun } from '../measure/crew.ts'
import type { RequestRecord } from '../measure/record.ts'
import type { Run } from '../run.ts'
import { describeSizes } from '../workload/sizes.ts'
import { judgeClient } from './client-verdict.ts'
import { definitions } from './definitions.ts'
import { countErrors } from './errors.ts'
import { extent, measureRecords, type Window } from './metrics.ts'
import {
  type Check,
  type ErrorBar,
  type LoadFacts,
  type Point,
  type Report,
  reportSchemaId,
} from './report.ts'
import { curvesOf } from './curves.ts'
import { timelineOf } from './timeline.ts'
import { slowestOf } from './slowest.ts'
import { countTokens, bundlingMin } from './tokens.ts'

export interface BuildOptions {
  readonly version: string
  /** What the self-test of the client said on this machine. */
  readonly errorBar: ErrorBar | null
  readonly settings: Readonly<Record<string, unknown>>
  /** Whether the phases are repeats of each other. */
  readonly isRepeated?: boolean
}

type RunPhase = PhaseRun & { readonly phase: Phase }

/** The report of a run: everything that any output shows, as plain data. */
export const buildReport = (
  run: Run,
  { version, settings, errorBar, isRepeated = false }: BuildOptions,
): Report => {
  const { plan } = run
  const measured = run.phases.filter(({ phase }) => !phase.isWarmUp)
  const records = measured.flatMap((phase) => phase.records)
  const window = unite(measured.map(windowOf))
  const isGated = measured.some(
    ({ phase: { load }, records }) => load.kind === 'open' && records.length > load.concurrencyMax,
  )
  const client = judgeClient(
    records,
    measured.flatMap(({ health }) => health),
    isGated,
  )
  const metrics = measureRecords(records, window, plan.slo)
  const tokens = countTokens(records)
  const errors = countErrors(records)
  const points = measured.map((phase) => pointOf(run, phase))
  return {
    schema: reportSchemaId,
    version,
    startedAt: new Date(run.startedAtMs).toISOString(),
    isInterrupted: run.isInterrupted,
    machine: machineFacts(),
    targets: plan.targets.map(({ label, url, wire, model, stream }) => ({
      label,
      url: shown(url),
      wire,
      model,
      stream,
    })),
    workload: {
      seed: plan.workload.seed,
      inputTokens: plan.workload.prompts ? 'from file' : describeSizes(plan.workload.inputTokens),
      outputTokens: describeSizes(plan.workload.outputTokens),
      sharedPrefixTokens: plan.workload.sharedPrefixTokens,
    },
    settings,
    client: { ...client, threads: plan.threads, errorBar },
    load: loadOf(measured, window),
    metrics,
    tokens,
    errors,
    checks: checksOf(run, metrics.goodput?.share ?? null, errors.rate, records.length),
    notes: notesOf(records, tokens.tokensPerEvent, metrics),
    points,
    ...(isRepeated && { repeats: points.map(({ metrics }) => valuesOf(metrics)) }),
    timeline: timelineOf(records, extent(records), run.processes),
    curves: curvesOf(records),
    slowest: slowestOf(records),
    definitions,
  }
}

const cachedShare = (records: readonly RequestRecord[]): number => {
  const { input, cachedInput } = countTokens(records)
  return input === 0 ? 0 : cachedInput / input
}

/** Userinfo and queries of a URL may be secrets. */
const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return (origin + pathname).replace(/\/$/, '')
}

const machineFacts = (): Report['machine'] => ({
  node: process.version,
  platform: `${platform()} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
})

/** Rates are counted from the end of the ramp to the end of sending; where that leaves nothing, over the whole phase. */
export const windowOf = ({ phase, originMs, lastSentMs, endedMs }: RunPhase): Window => {
  const rampMs = phase.load.kind === 'closed' ? phase.load.rampMs : 0
  const fromMs = originMs + rampMs
  const isTimed = phase.durationMs !== undefined && phase.requests === undefined
  const toMs = isTimed ? Math.min(originMs + phase.durationMs, Math.max(endedMs, lastSentMs)) : lastSentMs
  // So short that it has no steady state: the run was one wave of requests.
  return toMs - fromMs < (endedMs - originMs) / 2 ? { fromMs: originMs, toMs: endedMs } : { fromMs, toMs }
}

const unite = (windows: readonly Window[]): Window => ({
  fromMs: windows.reduce((least, { fromMs }) => Math.min(least, fromMs), windows[0]?.fromMs ?? 0),
  toMs: windows.reduce((most, { toMs }) => Math.max(most, toMs), windows[0]?.toMs ?? 0),
})

const loadOf = (phases: readonly RunPhase[], { fromMs, toMs }: Window): LoadFacts => {
  const offered = phases.map(({ phase: { load } }) => (load.kind === 'open' ? load.arrivals.rate : null))
  const sent = phases.reduce((sum, { records }) => sum + records.length, 0)
  const [only] = offered
  const seconds =
    phases.reduce(
      (sum, { phase: { load }, originMs, lastSentMs, endedMs }) =>
        sum + (load.kind === 'open' ? lastSentMs : endedMs) - originMs,
      0,
    ) / 1000
  return {
    offeredRate: offered.length === 1 ? (only ?? null) : null,
    achievedRate: seconds > 0 ? sent / seconds : 0,
    concurrency: phases.reduce(
      (most, { phase: { load }, records }) =>
        Math.max(most, load.kind === 'closed' ? load.concurrency : mostAtOnce(records)),
      0,
    ),
    requests: sent,
    durationMs: toMs - fromMs,
  }
}

/** How many requests were under way at the same time. */
const mostAtOnce = (records: readonly RequestRecord[]): number => {
  const begins = Float64Array.from(records, ({ issuedMs }) => issuedMs).sort()
  const ends = Float64Array.from(records, ({ endedMs }) => endedMs).sort()
  let most = 0
  let ended = 0
  for (let begun = 0; begun < begins.length; begun += 1) {
    while (ends[ended]! <= begins[begun]!) ended += 1
    most = Math.max(most, begun + 1 - ended)
  }
  return most
}

const pointOf = ({ plan }: Run, phase: RunPhase): Point => {
  const window = windowOf(phase)
  const metrics = measureRecords(phase.records, window, plan.slo)
  return {
    name: phase.phase.name,
    targets: phase.phase.targets.map((index) => plan.targets[index]!.label),
    load: loadOf([phase], window),
    metrics,
    tokens: countTokens(phase.records),
    errors: countErrors(phase.records),
  }
}

const checksOf = (run: Run, sloShare: number | null, errorRate: number, requests: number): Check[] => {
  const { slo, sloShareMin, errorRateMax } = run.plan
  const checks: Check[] = [
    {
      name: 'error rate',
      ok: requests > 0 && errorRate <= errorRateMax,
      detail:
        requests === 0 ? 'no request was sent' : `${percent(errorRate)}, limit ${percent(errorRateMax)}`,
    },
  ]
  if (slo && sloShare !== null)
    checks.push({
      name: `SLO ${Object.entries(slo)
        .map(([name, ms]) => `${name} ≤ ${ms} ms`)
        .join(', ')}`,
      ok: sloShare >= sloShareMin,
      detail: `met by ${percent(sloShare)}, wanted ${percent(sloShareMin)}`,
    })
  return checks
}

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`

const notesOf = (
  records: readonly RequestRecord[],
  tokensPerEvent: number | null,
  { ttftMs, fromSchedule, e2eMs }: ReturnType<typeof measureRecords>,
): string[] => {
  const notes: string[] = []
  if (tokensPerEvent !== null && tokensPerEvent > bundlingMin)
    notes.push(
      `Token batching detected (${tokensPerEvent.toFixed(2)} tokens per event): per-token gaps are not observable.`,
    )
  const differs = (one: number | null, other: number | null) =>
    one !== null && other !== null && other > one * 1.01
  if (differs(ttftMs.p99, fromSchedule.ttftMs.p99) || differs(e2eMs.p99, fromSchedule.e2eMs.p99))
    notes.push(
      'Times from the schedule differ from times from issue by more than 1 % at p99: requests waited in the client.',
    )
  const whole = records.filter(({ outcome, stamps }) => outcome === 'ok' && stamps.length === 0).length
  const cached = records.filter(({ cachedTokens = 0 }) => cachedTokens > 0).length
  if (whole > 0 && whole < records.length)
    notes.push(`${whole} answers came whole although a stream was asked for.`)
  if (cached > 0)
    notes.push(
      `${cached} answers used a prefix cache of the server, for ${percent(cachedShare(records))} of the input.`,
    )
  return notes
}
