import type { RetryConfig } from '../../core/config.ts'
import { errorTable, isMcpdError, McpdError } from '../../core/errors.ts'
import { type InferenceEvent, type InferenceRequest, type Invoke, isContent } from '../../core/inference.ts'
import { pick, type Target, whyPassedOver } from '../balance.ts'
import { whyUnfit } from '../fitness.ts'
import type { Registry, Route } from '../registry.ts'
import type { RetryBudget } from '../retry-budget.ts'

export interface RouteParts {
  readonly registry: Registry
  readonly budget: RetryBudget
  readonly retries: () => RetryConfig
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** 0 ≤ n < 1. */
  readonly random: () => number
}

/** Events held back until the first output: before it a failed attempt can still be forgotten. */
const heldMax = 64

/**
 * Where the pipeline goes over into the chain of one backend, and on to another when that fails. A request that has
 * shown output is never sent again; what came before its first output is held back until then.
 */
export const route = (parts: RouteParts): Invoke =>
  async function* (request) {
    const { registry, budget, retries } = parts
    const found =
      registry.lookupRoute(request.adapter, request.model) ??
      (await registry.resolveRoute(request.adapter, request.model))
    const fit = fittingTargets(found, request)
    const { attemptsMax } = retries()
    budget.deposit()
    if (attemptsMax === 0) return yield* send(request, choose(found, fit, request, parts))
    const said = request.trace.warnings.length
    const tried: Target[] = []
    let failure: unknown
    for (;;) {
      const fresh = fit.filter((target) => !tried.includes(target))
      const target = choose(found, fresh.length > 0 ? fresh : fit, request, parts)
      let committed = false
      const startedMs = parts.now()
      const queuedMs = request.trace.queueMs
      try {
        // None is shown before the first output or the end.
        let held: InferenceEvent[] | undefined = []
        for await (const event of send(request, target)) {
          if (held && !isContent(event) && event.type !== 'end') {
            if (event.type !== 'other' || held.length < heldMax) held.push(event)
            continue
          }
          committed = true
          if (held) yield* held
          held = undefined
          yield event
        }
        if (held) yield* held
        return
      } catch (error) {
        if (committed) throw error
        tried.push(target)
        // That a circuit has just opened says less than what opened it.
        if (failure === undefined || !isMcpdError(error) || error.code !== 'CIRCUIT_OPEN') failure = error
        const waitMs = retryWait(error, target, tried, fit, retries())
        if (waitMs === undefined || tried.length > attemptsMax || request.signal.aborted || !budget.take())
          throw failure
        if (waitMs > 0) await pause(waitMs, request.signal)
        request.trace.warnings.length = said
        request.trace.retriedMs += parts.now() - startedMs - (request.trace.queueMs - queuedMs)
      }
    }
  }

/** The targets that can serve the request at all. Throws why none can. */
const fittingTargets = ({ targets }: Route, request: InferenceRequest): readonly Target[] => {
  const reasons: McpdError[] = []
  const fit = targets.filter((target) => {
    const reason = whyUnfit(target, request)
    if (reason) reasons.push(reason)
    return !reason
  })
  if (fit.length > 0) return fit
  const [first] = reasons
  if (reasons.length === 1 || !first) throw first
  throw new McpdError(
    first.code,
    `No target can serve this: ${reasons.map(({ message }) => message).join(' ')}`,
    {
      ...first.details,
    },
  )
}

const choose = (
  { strategy, stickyBy }: Route,
  targets: readonly Target[],
  request: InferenceRequest,
  { random }: RouteParts,
): Target =>
  pick(targets, {
    strategy,
    key: strategy === 'sticky' ? (stickyKey(stickyBy, request) ?? request.context?.id) : undefined,
    random,
  })

/** What `stickyBy` names, of a request. */
export const stickyKey = (stickyBy: string, { input, header }: InferenceRequest): string | undefined => {
  const value = stickyBy.startsWith('header:')
    ? header?.(stickyBy.slice('header:'.length))
    : 'extra' in input
      ? input.extra[stickyBy]
      : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

const send = (request: InferenceRequest, { backend, model }: Target): AsyncIterable<InferenceEvent> => {
  const { trace } = request
  trace.adapter = backend.adapterType
  trace.backend = backend.name
  trace.model = model
  trace.attempts += 1
  return backend.invoke({ ...request, model })
}

/** Milliseconds to wait before the next attempt; undefined = there is to be none. */
const retryWait = (
  error: unknown,
  target: Target,
  tried: readonly Target[],
  targets: readonly Target[],
  { backoffMs, retryAfterMaxMs }: RetryConfig,
): number | undefined => {
  if (!isMcpdError(error) || !errorTable[error.code].retryable || error.code === 'CANCELLED') return undefined
  const another = targets.some((one) => !tried.includes(one) && whyPassedOver(one) === undefined)
  if (another) return 0
  // Nobody else: the same once more, if it asked for that or may have recovered.
  if (error.code === 'CIRCUIT_OPEN' || error.code === 'BACKEND_TIMEOUT' || error.code === 'DEADLINE_EXCEEDED')
    return undefined
  if (error.code === 'QUEUE_FULL' || error.code === 'QUEUE_TIMEOUT' || error.code === 'SHUTTING_DOWN')
    return undefined
  const asked = error.details.retryAfterSeconds
  if (asked !== undefined) return asked * 1000 <= retryAfterMaxMs ? asked * 1000 : undefined
  const times = tried.filter((one) => one === target).length
  return backoffMs * 2 ** (times - 1) * (0.5 + Math.random())
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', end, { once: true })
  })
