import type { Adapter, Health, Model } from '../../core/adapter.ts'
import { isErrorCode, isMcpdError, McpdError } from '../../core/errors.ts'
import { createFold, unfold } from '../../core/fold.ts'
import type { InferenceEvent, InferenceRequest, InferenceResponse, Operation } from '../../core/inference.ts'
import { said } from './sidecar-schemas.ts'

/** What stands between the daemon and adapter code that mcpd did not bring, whichever host that runs in. */

const wrong = (what: string): McpdError => new McpdError('BACKEND_ERROR', `The adapter sent ${what}.`)

/** Events as the daemon relies on them. Throws BACKEND_ERROR at one out of place, BACKEND_INCOMPLETE at a missing end. */
export async function* fence(
  { stream, signal }: InferenceRequest,
  events: AsyncIterable<InferenceEvent>,
): AsyncGenerator<InferenceEvent> {
  let state: 'before' | 'between' | 'after' = 'before'
  // Of an answer that is not streamed nothing is shown before it is complete, so that another may still be asked.
  const folding = stream ? undefined : createFold()
  try {
    for await (const event of events) {
      if (event.type !== 'other') state = follow(state, event)
      // A client that asked for a stream gets one, even from an adapter that cannot.
      if (event.type === 'whole') yield* stream ? unfold(responseOf(event)) : [event]
      else if (folding) folding.push(event)
      else yield event
      if (event.type === 'end' && folding) yield wholeOf(folding.result())
    }
  } catch (error) {
    throw asOurs(error)
  }
  signal.throwIfAborted()
  if (state !== 'after')
    throw new McpdError('BACKEND_INCOMPLETE', 'The adapter ended its answer without an end or whole event.')
}

const follow = (state: 'before' | 'between' | 'after', { type }: InferenceEvent) => {
  if (state === 'after') throw wrong(`${type} after the end of its answer`)
  const begins = type === 'start' || type === 'whole'
  if (begins && state === 'between') throw wrong(`${type} in the middle of its answer`)
  if (!begins && state === 'before') throw wrong(`${type} before its start event`)
  return type === 'whole' || type === 'end' ? 'after' : 'between'
}

const wholeOf = (response: InferenceResponse): InferenceEvent => ({
  type: 'whole',
  ...(response.usage && { usage: response.usage }),
  response: () => response,
})

const responseOf = ({ response, usage }: InferenceEvent & { readonly type: 'whole' }) => ({
  ...response(),
  ...(usage && { usage }),
})

/** Throws OPERATION_UNSUPPORTED for one that the adapter does not have. */
export const requireOperation = (
  operations: readonly Operation[],
  { input: { operation } }: InferenceRequest,
): void => {
  if (!operations.includes(operation))
    throw new McpdError('OPERATION_UNSUPPORTED', `This adapter has no operation "${operation}".`)
}

/** An error that only has the marks of ours, as code without this package makes it, as the real thing. */
const asOurs = (error: unknown): unknown => {
  if (error instanceof McpdError || !isMcpdError(error)) return error
  const { code, message, details } = error as Partial<McpdError>
  return new McpdError(isErrorCode(code) ? code : 'INTERNAL', message ?? '', details, error)
}

/** An adapter of foreign code whose answers are what the interface says, or errors. */
export const fenced = (adapter: Adapter): Adapter => {
  const guarded = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      throw asOurs(error)
    }
  }
  const { ready, manage } = adapter
  let closed = false
  return {
    specVersion: 1,
    get operations() {
      return adapter.operations
    },
    get uses() {
      return adapter.uses ?? []
    },
    async *infer(request) {
      request.signal.throwIfAborted()
      if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter is closed.')
      requireOperation(adapter.operations, request)
      yield* fence(request, adapter.infer(request))
    },
    models: (signal): Promise<readonly Model[]> =>
      guarded(async () => {
        const models = await adapter.models(signal)
        if (!said.models.Check(models)) throw wrong('a list of models that is none')
        return models
      }),
    health: (signal): Promise<Health> =>
      guarded(async () => {
        const health = await adapter.health(signal)
        if (!said.health.Check(health)) throw wrong('a health that is none')
        return health
      }),
    close: async () => {
      if (closed) return
      closed = true
      await adapter.close()
    },
    ...(ready && { ready }),
    ...(manage && { manage }),
    ...(adapter.validate && { validate: (request) => adapter.validate!(request) }),
    ...(adapter.metrics && { metrics: (signal) => guarded(() => adapter.metrics!(signal)) }),
    ...(adapter.describe && { describe: (model, signal) => guarded(() => adapter.describe!(model, signal)) }),
  }
}
