import { compose, type Invoke } from '../core/inference.ts'
import type { MetricsRegistry } from '../core/metrics.ts'
import { measureGuard } from './guards/measure.ts'
import { route } from './guards/route.ts'
import type { Registry } from './registry.ts'

export interface PipelineParts {
  readonly registry: Registry
  readonly metrics: MetricsRegistry
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * What every request goes through, outermost first. After `route` it is in the hands of one backend, whose own
 * chain is in backend.ts: breaker → queue → patience → adapter.
 */
export const createPipeline = ({ registry, metrics, now }: PipelineParts): Invoke =>
  compose([measureGuard(metrics, now)], route(registry))
