import { fold } from '../../core/fold.ts'
import type { InferenceResponse, Input, Invoke } from '../../core/inference.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { newTrace } from '../../core/trace.ts'
import { newId } from './ids.ts'

/** Asks a model on the daemon's own behalf, through the pipeline that clients' requests go through. */
export type Ask = (model: string, input: Input, signal: AbortSignal) => Promise<InferenceResponse>

/** `now`: monotonic milliseconds. Requests count as of the surface `internal`. */
export const createAsk =
  (invoke: Invoke, now: () => number): Ask =>
  (model, input, signal) =>
    fold(
      invoke({
        id: newId(),
        principal: defaultPrincipal,
        model,
        input,
        stream: false,
        signal,
        trace: newTrace('internal', now()),
      }),
    )
