import type { Adapter } from '../../../src/core/adapter.ts'
import { resolveBackend, resolveConfig } from '../../../src/core/config.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { newChat, newRequest } from '../../../src/conformance/request.ts'
import { createBackend } from '../../../src/daemon/backend.ts'
import { strictKeyv } from '../../../src/daemon/contexts/cache/strict-keyv.ts'
import { measureGuard } from '../../../src/daemon/guards/measure.ts'
import { createPipeline } from '../../../src/daemon/pipeline.ts'
import { Registry } from '../../../src/daemon/registry.ts'
import { createRetryBudget } from '../../../src/daemon/retry-budget.ts'

/**
 * Microseconds from handing a request for a group to the pipeline until one of its backends' adapters has it, warm:
 * the name, the choice of a target, breaker, queue and clocks. Each of the samples is the mean of a thousand requests.
 */
export const measureRouting = async (samples: number): Promise<readonly number[]> => {
  const config = resolveConfig(
    {
      groups: [{ name: 'llama', targets: ['a/m', 'b/m', 'c/m'] }],
    },
    '/nowhere',
  )
  let reachedMs = 0
  const adapter: Adapter = {
    specVersion: 1,
    operations: ['chat'],
    uses: [],
    models: async () => [{ name: 'm', operations: ['chat'] }],
    health: async () => ({ ok: true }),
    close: async () => undefined,
    async *infer({ model }) {
      reachedMs = performance.now()
      yield { type: 'whole', response: () => ({ model, choices: [] }) }
    },
  }
  const backends = (['openai', 'ollama', 'embedded'] as const).map((type, index) =>
    createBackend({
      config: resolveBackend({ name: 'abc'[index]!, adapter: type }, config.waits),
      adapter,
      now: () => performance.now(),
    }),
  )
  await Promise.all(backends.map((backend) => backend.refresh()))
  const invoke = createPipeline({
    registry: new Registry(backends, ['openai', 'ollama', 'embedded'], config.groups),
    measure: measureGuard(createMetrics(), () => performance.now()),
    recall: (next) => next,
    answers: strictKeyv({ namespace: 'answers', open: () => new Map() }),
    now: () => performance.now(),
    budget: createRetryBudget(() => config.retries.budgetRatio),
    retries: () => config.retries,
    random: Math.random,
  })
  const input = newChat('Hi')
  const once = async (): Promise<number> => {
    const request = newRequest({ model: 'llama', input })
    const startedMs = performance.now()
    for await (const _ of invoke(request));
    return reachedMs - startedMs
  }
  const perSample = 1000
  const means: number[] = []
  for (let sample = -5; sample < samples; sample += 1) {
    let totalMs = 0
    for (let count = 0; count < perSample; count += 1) totalMs += await once()
    // The first few only warm it up.
    if (sample >= 0) means.push((totalMs / perSample) * 1000)
  }
  return means
}
