import { performance } from 'node:perf_hooks'
import type { LookupFunction } from 'node:net'
import type { Spec } from '../openapi/spec.ts'
import type { Check } from './check.ts'
import type { Exchange } from './exchange.ts'
import type { Reproduction } from './report/reproduction.ts'
import { rerun, type Rerun } from './reproduce.ts'
import { openSession } from './run.ts'
import { statusOf } from './session.ts'
import type { FuzzSettings } from './settings.ts'

/** `drifted`: the way there is another one by now, so that nothing can be said of the fault. */
export type Verdict = 'fixed' | 'failing' | 'drifted'

export interface Replay {
  readonly verdict: Verdict
  /** What was seen, for people. */
  readonly message: string
  readonly exchanges: readonly Exchange[]
}

export interface ReplayOptions {
  readonly spec: Spec
  readonly settings: FuzzSettings
  readonly reproduction: Reproduction
  readonly signal: AbortSignal
  readonly lookup?: LookupFunction
  readonly now?: () => number
}

/** Takes the steps of a finding again and says what has become of it. Throws what the signal was aborted with. */
export const replay = async (options: ReplayOptions): Promise<Replay> => {
  const { reproduction, signal, now = () => performance.now() } = options
  await using open = openSession(options, now)
  const stop = (): void => open.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await options.settings.hooks.reset?.()
    const { api } = open.session
    const missing = reproduction.scenario.steps.find(({ call }) => !api.byKey.has(call.operation))
    if (missing)
      return {
        verdict: 'drifted',
        message: `The document has no ${missing.call.operation} any more.`,
        exchanges: [],
      }
    const again = await rerun(open.session, reproduction.scenario)
    signal.throwIfAborted()
    return { ...verdictOf(reproduction, again), exchanges: again.exchanges }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const verdictOf = (
  reproduction: Reproduction,
  again: Rerun,
): { readonly verdict: Verdict; readonly message: string } => {
  const { check, operation } = reproduction
  const seen = again.suspicions.find((each) => each.check === check && each.operation === operation)
  if (seen) return { verdict: 'failing', message: seen.message }
  const drift = driftOf(reproduction, again)
  if (drift !== undefined) return { verdict: 'drifted', message: drift }
  const judged = again.exchanges.at(-1)
  return { verdict: 'fixed', message: `${judged?.operation ?? operation} answers ${statusOf(judged)} now.` }
}

/** Checks of which a refusal is the remedy. */
const refusalHeals: ReadonlySet<Check> = new Set<Check>([
  'negative_data_rejection',
  'missing_required_header',
  'unsupported_method',
  'ignored_auth',
  'use_after_free',
  'cross_user_access',
  'hierarchy',
  'leakage',
])

/** Answers that say nothing of the request: whoever asks or whatever is asked for is not known there. */
const strangerStatuses: ReadonlySet<number> = new Set([401, 403, 404, 410, 429])

/** Why the steps do not lead to the fault any more, or undefined where they do. */
const driftOf = (
  { scenario, exchanges, check }: Reproduction,
  { exchanges: now, isReady }: Rerun,
): string | undefined => {
  for (const [at, exchange] of now.entries()) {
    const step = scenario.steps[at]
    const before = exchanges[at]?.response?.status ?? 0
    const status = statusOf(exchange)
    if (!step || status === before) continue
    const place = `step ${at + 1}, ${exchange.request.method} ${step.call.operation.split(' ')[1]},`
    if (exchange.failure?.kind === 'refused')
      return `The target cannot be reached: ${exchange.failure.message}.`
    if (step.role === 'setup' || step.role === 'control')
      if (classOf(status) !== classOf(before))
        return `The way there has changed: ${place} answered ${before} and answers ${status} now.`
    // An id of its own time that nothing makes anew, or credentials that were not given.
    const isStale =
      status === 401 || (Object.keys(step.call.path).length > 0 && step.intent.subject?.in !== 'path')
    const isBound = step.bindings.some(({ into }) => into.in === 'path')
    if (
      step.role === 'case' &&
      strangerStatuses.has(status) &&
      isStale &&
      !isBound &&
      !refusalHeals.has(check)
    )
      return `${place} answered ${before} and answers ${status} now: what it asks for, or who asks, is not known there.`
  }
  return isReady ? undefined : 'The way there has changed: a step that makes what is needed failed.'
}

const classOf = (status: number): number => Math.floor(status / 100)
