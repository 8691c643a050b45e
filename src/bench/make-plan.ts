import { availableParallelism } from 'node:os'
import { McpdError } from '../core/errors.ts'
import { parseDuration } from '../core/quantity.ts'
import type { Load, Phase } from './load/phase.ts'
import { type Plan, planDefaults, threadsFor, type WatchedProcess } from './plan.ts'
import { parseSlo } from './report/slo.ts'
import { numbersOf, type Settings } from './settings.ts'
import type { Target } from './target.ts'
import { parseSizes } from './workload/sizes.ts'
import type { Prompt, Workload } from './workload/workload.ts'

export interface PlanParts {
  readonly targets: readonly Target[]
  readonly tokensPerWord?: number
  readonly prompts?: readonly Prompt[]
  readonly watched: readonly WatchedProcess[]
}

const defaults = { inputTokens: '128', outputTokens: '64', duration: '30s', concurrency: 4, seed: 1 } as const
/** Warm-up requests for each slot, and at most. */
const warmUpMax = 16

/** The workload of settings. Throws USAGE. */
export const workloadOf = (
  settings: Settings,
  { prompts, tokensPerWord }: Pick<PlanParts, 'prompts' | 'tokensPerWord'>,
): Workload => ({
  seed: settings.seed ?? defaults.seed,
  inputTokens: parseSizes(String(settings.inputTokens ?? defaults.inputTokens)),
  outputTokens: parseSizes(String(settings.outputTokens ?? defaults.outputTokens)),
  sharedPrefixTokens: settings.sharedPrefix ?? 0,
  ...(prompts && { prompts }),
  ...(tokensPerWord !== undefined && { tokensPerWord }),
})

/** What settings amount to. Throws USAGE for what contradicts itself. */
export const makePlan = (settings: Settings, parts: PlanParts): Plan => {
  const steps = stepsOf(settings)
  const all = parts.targets.map((_, index) => index)
  const measured = repeat(settings, steps).map((step) => ({ ...step, targets: all }))
  return planOf(settings, parts, measured)
}

/**
 * The same step for the first and the second of two targets in turn, `pairs` times over, and each first as often as
 * the other: what changes with time hits both alike. Throws USAGE.
 */
export const makePairedPlan = (settings: Settings, parts: PlanParts, pairs: number): Plan => {
  const steps = stepsOf(settings)
  const [step] = steps
  if (!step || steps.length > 1)
    throw new McpdError('USAGE', 'What is compared runs at one concurrency or one rate, not at several.')
  const phases = Array.from({ length: pairs }, (_, pair) =>
    (pair % 2 === 0 ? [0, 1] : [1, 0]).map((target) => ({
      ...step,
      targets: [target],
      name: `pair ${pair + 1} ${target === 0 ? 'first' : 'second'}`,
    })),
  ).flat()
  return planOf(settings, parts, phases)
}

/** A plan of phases that a scenario laid out, with everything else from the settings. Throws USAGE. */
export const planOf = (settings: Settings, parts: PlanParts, steps: readonly Phase[]): Plan => {
  const { targets, watched } = parts
  const measured = apart(steps)
  const phases = [...warmUp(settings, measured, targets.length), ...measured]
  const slo = settings.slo === undefined ? undefined : parseSlo([settings.slo].flat())
  return {
    targets,
    workload: workloadOf(settings, parts),
    phases,
    threads: settings.threads ?? threadsFor(0, availableParallelism()),
    timeoutMs: durationOf(settings.timeout) ?? planDefaults.timeoutMs,
    connectTimeoutMs: planDefaults.connectTimeoutMs,
    insecure: false,
    ...(slo && { slo }),
    sloShareMin: settings.sloShare ?? planDefaults.sloShareMin,
    errorRateMax: settings.maxErrorRate ?? planDefaults.errorRateMax,
    watched,
  }
}

const durationOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseDuration(text)

/** The phases that a load amounts to, not yet given targets. Throws USAGE. */
export const stepsOf = (settings: Settings): Phase[] => {
  const { requests, duration, rate } = settings
  const durationMs = durationOf(duration ?? (requests === undefined ? defaults.duration : undefined))
  const loads = rate === undefined ? closedLoads(settings) : openLoads(settings, rate, durationMs)
  return loads.map(({ name, load }) => ({
    name,
    isWarmUp: false,
    load,
    targets: [],
    ...(requests !== undefined && { requests }),
    ...(durationMs !== undefined && { durationMs }),
    drainMs: durationOf(settings.drain) ?? planDefaults.drainMs,
    firstIndex: 0,
  }))
}

const repeat = ({ repeats = 1 }: Settings, steps: readonly Phase[]): Phase[] => {
  const [step] = steps
  if (repeats === 1 || !step) return [...steps]
  if (steps.length > 1)
    throw new McpdError('USAGE', 'Repeats are of one concurrency or one rate, not of several.')
  return Array.from({ length: repeats }, (_, run) => ({ ...step, name: `run ${run + 1}` }))
}

/** Steps must not repeat each other's prompts: they would be in the server's prefix cache. */
const apart = (steps: readonly Phase[]): Phase[] => {
  let firstIndex = 0
  return steps.map((step) => {
    const phase = { ...step, firstIndex }
    firstIndex += step.requests ?? 1_000_000
    return phase
  })
}

interface NamedLoad {
  readonly name: string
  readonly load: Load
}

const closedLoads = ({
  concurrency = defaults.concurrency,
  ramp,
  arrivals,
  burstiness,
}: Settings): NamedLoad[] => {
  if (arrivals !== undefined || burstiness !== undefined)
    throw new McpdError('USAGE', 'Arrivals are spread by a rate, and there is none.', {
      suggestions: ['Add --rate.'],
    })
  return numbersOf(concurrency, 'The concurrency').map((slots) => {
    if (!Number.isInteger(slots) || slots > planDefaults.concurrencyMax)
      throw new McpdError(
        'USAGE',
        `A concurrency is a whole number up to ${planDefaults.concurrencyMax}, not ${slots}.`,
      )
    return {
      name: `${slots} at once`,
      load: { kind: 'closed', concurrency: slots, rampMs: durationOf(ramp) ?? 0 },
    }
  })
}

const openLoads = (
  { concurrency, arrivals = 'poisson', burstiness, requests, seed = defaults.seed, ramp }: Settings,
  rates: NonNullable<Settings['rate']>,
  durationMs: number | undefined,
): NamedLoad[] => {
  if (burstiness !== undefined && arrivals !== 'gamma')
    throw new McpdError('USAGE', `Only gamma arrivals have a burstiness, not ${arrivals}.`)
  if (ramp !== undefined)
    throw new McpdError('USAGE', 'A ramp is for a closed load; give several rates instead.')
  const [concurrencyMax = planDefaults.concurrencyMax, ...more] =
    concurrency === undefined ? [] : numbersOf(concurrency, 'The concurrency')
  if (more.length > 0) throw new McpdError('USAGE', 'With a rate there is one concurrency: the most at once.')
  return numbersOf(rates, 'The rate').map((rate) => ({
    name: `${rate} requests/s`,
    load: {
      kind: 'open',
      concurrencyMax,
      arrivals: {
        kind: arrivals,
        rate,
        seed,
        ...(burstiness !== undefined && { burstiness }),
        count: Math.max(1, Math.round(requests ?? (rate * (durationMs ?? 0)) / 1000)),
      },
    },
  }))
}

/** Before the first step, with its load: caches, connections and code are cold only once. */
const warmUp = ({ warmup }: Settings, [first]: readonly Phase[], targets: number): Phase[] => {
  if (!first || warmup === 0) return []
  const slots = first.load.kind === 'closed' ? first.load.concurrency : 4
  const concurrency = Math.min(slots, warmUpMax, warmup ?? warmUpMax)
  return [
    {
      name: 'warm-up',
      isWarmUp: true,
      load: { kind: 'closed', concurrency, rampMs: 0 },
      targets: Array.from({ length: targets }, (_, index) => index),
      requests: Math.max(warmup ?? concurrency, targets),
      drainMs: first.drainMs,
      // The preflight has had the first.
      firstIndex: 1,
    },
  ]
}
