import { compose, type Guard, type Invoke } from '../core/inference.ts'
import { answerCacheGuard, type AnswerCacheParts } from './guards/answer-cache.ts'
import type { measureGuard } from './guards/measure.ts'
import { route, type RouteParts } from './guards/route.ts'

export interface PipelineParts extends RouteParts, AnswerCacheParts {
  readonly measure: ReturnType<typeof measureGuard>
  /** Joins a request with the conversation it goes on with. */
  readonly recall: Guard
}

/**
 * What every request goes through, outermost first; who may ask was checked before. `route` hands each attempt to
 * one backend, whose own chain is in backend.ts: breaker → queue → patience → adapter.
 */
export const createPipeline = (parts: PipelineParts): Invoke =>
  compose([parts.measure, answerCacheGuard(parts), parts.recall], route(parts))
