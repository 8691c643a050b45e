import type { Adapter, Model } from '../../src/core/adapter.ts'
import { resolveBackend } from '../../src/core/config.ts'
import type { Invoke } from '../../src/core/inference.ts'
import { type Backend, createBackend } from '../../src/daemon/backend.ts'

export interface FakeBackend {
  readonly name: string
  readonly adapter?: string
  readonly models?: readonly Model[]
  /** False: it never answers its health check. */
  readonly up?: boolean
  readonly infer?: Invoke
  readonly now?: () => number
  readonly breaker?: { failures?: number; cooldown?: string }
  readonly concurrency?: number
}

/** A backend in this process with an adapter of the test's, asked once for what it serves. */
export const fakeBackend = async (given: FakeBackend): Promise<Backend> => {
  const { name, adapter = 'openai', models = [{ name: 'm', operations: ['chat'] }], up = true } = given
  const stub: Adapter = {
    specVersion: 1,
    operations: ['chat', 'complete', 'embed'],
    infer: given.infer ?? async function* () {},
    health: async () => ({ ok: up }),
    models: async () => models,
    close: async () => undefined,
    uses: [],
  }
  const backend = createBackend({
    config: resolveBackend(
      {
        name,
        adapter,
        ...(given.breaker && { breaker: given.breaker }),
        ...(given.concurrency !== undefined && { concurrency: given.concurrency }),
      },
      { queueMs: 1000, firstTokenMs: 60_000, idleMs: 60_000 },
    ),
    adapter: stub,
    now: given.now ?? (() => performance.now()),
  })
  await backend.refresh()
  return backend
}
