import { McpdError } from '../../core/errors.ts'
import type { Invoke } from '../../core/inference.ts'
import type { Registry } from '../registry.ts'

/** Where the pipeline of every request goes over into the chain of one backend. */
export const route = (registry: Registry): Invoke =>
  async function* (request) {
    const target =
      registry.lookup(request.adapter, request.model) ??
      (await registry.resolve(request.adapter, request.model))
    const { backend, model } = target
    const { operation } = request.input
    if (!backend.adapter.operations.includes(operation))
      throw new McpdError(
        'OPERATION_UNSUPPORTED',
        `The adapter ${backend.adapterType} has no operation "${operation}".`,
        { backend: backend.name },
      )
    const { trace } = request
    trace.adapter = backend.adapterType
    trace.backend = backend.name
    trace.model = model
    trace.attempts += 1
    yield* backend.invoke({ ...request, model })
  }
