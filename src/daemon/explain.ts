import { cost, pick, whyPassedOver, type Target } from './balance.ts'
import type { Route } from './registry.ts'

/** What would be chosen for a name now, and why. */
export interface Explanation {
  readonly model: string
  readonly group?: string
  readonly strategy: string
  readonly stickyBy?: string
  /** `backend/model` of the target that a request without peculiarities would get now. */
  readonly chosen: string
  readonly targets: readonly TargetState[]
}

export interface TargetState {
  readonly id: string
  readonly adapter: string
  readonly weight: number
  readonly healthy: boolean
  readonly circuit: 'closed' | 'open' | 'half-open'
  readonly inFlight: number
  readonly queued: number
  /** Expected milliseconds to the first output; null until something was seen. */
  readonly latencyMs: number | null
  /** What p2c compares: lower is better. */
  readonly cost: number
  /** Why it is passed over; absent when it is not. */
  readonly passedOver?: string
}

export const explain = (model: string, route: Route): Explanation => {
  const { targets, strategy, stickyBy, group } = route
  // Without chance: what p2c tends to, since of any two it takes the better.
  const chosen =
    strategy === 'p2c' || strategy === 'sticky'
      ? cheapest(targets)
      : pick(targets, { strategy, key: undefined, random: () => 0 })
  return {
    model,
    ...(group !== undefined && { group }),
    strategy,
    ...(strategy === 'sticky' && { stickyBy }),
    chosen: idOf(chosen),
    targets: targets.map(stateOf),
  }
}

const cheapest = (targets: readonly Target[]): Target => {
  const able = targets.filter((target) => whyPassedOver(target) === undefined)
  return (able.length > 0 ? able : targets).reduce((best, target) =>
    cost(target) < cost(best) ? target : best,
  )
}

const idOf = ({ backend, model }: Target): string => `${backend.name}/${model}`

const stateOf = (target: Target): TargetState => {
  const { backend, weight } = target
  const passedOver = whyPassedOver(target)
  const latencyMs = backend.latency.valueMs
  return {
    id: idOf(target),
    adapter: backend.adapterType,
    weight,
    healthy: backend.health.ok,
    circuit: backend.breaker.state,
    inFlight: backend.queue.inFlight,
    queued: backend.queue.waiting,
    latencyMs: latencyMs === 0 ? null : latencyMs,
    cost: cost(target),
    ...(passedOver !== undefined && { passedOver }),
  }
}
