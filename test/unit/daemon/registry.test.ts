import { describe, expect, it } from 'vitest'
import type { Adapter, Model } from '../../../src/core/adapter.ts'
import { resolveBackend } from '../../../src/core/config.ts'
import { type BackendEntry } from '../../../src/core/config-schema.ts'
import { type Backend, createBackend } from '../../../src/daemon/backend.ts'
import { Registry } from '../../../src/daemon/registry.ts'

const waits = { queueMs: 1000, firstTokenMs: 1000, idleMs: 1000 }

/** A backend whose list of models the test can change; `undefined` = it does not answer. */
const backend = async (name: string, adapter: string, names: string[] | undefined): Promise<Backend> => {
  const stub: Partial<Adapter> = {
    specVersion: 1,
    operations: ['chat'],
    health: async () => ({ ok: names !== undefined }),
    models: async () => (names ?? []).map((model): Model => ({ name: model, operations: ['chat'] })),
    close: async () => undefined,
  }
  const entry: BackendEntry = { name, adapter }
  let tick = 0
  const made = createBackend({
    config: resolveBackend(entry, waits),
    adapter: stub as Adapter,
    now: () => (tick += 10_000),
  })
  await made.refresh()
  return made
}

const create = async () => {
  const listed = ['llama', 'org/big']
  const backends = [
    await backend('gpu-0', 'openai', listed),
    await backend('gpu-1', 'openai', ['llama', 'mistral']),
    await backend('laptop', 'ollama', undefined),
  ]
  return { listed, registry: new Registry(backends, ['openai', 'ollama', 'triton']) }
}

const found = async (registry: Registry, adapter: string | undefined, model: string) => {
  const { backend, model: name } = await registry.resolve(adapter, model)
  return `${backend.name}:${name}`
}

describe('Registry', () => {
  it('gives a bare name to the first backend in config order', async () => {
    const { registry } = await create()
    expect(await found(registry, undefined, 'llama')).toBe('gpu-0:llama')
    expect(await found(registry, undefined, 'mistral')).toBe('gpu-1:mistral')
  })

  it('takes a backend or an adapter before the model, and names with slashes', async () => {
    const { registry } = await create()
    expect(await found(registry, undefined, 'gpu-1/llama')).toBe('gpu-1:llama')
    expect(await found(registry, undefined, 'openai/mistral')).toBe('gpu-1:mistral')
    expect(await found(registry, undefined, 'org/big')).toBe('gpu-0:org/big')
    expect(await found(registry, undefined, 'gpu-0/org/big')).toBe('gpu-0:org/big')
    expect(await found(registry, 'openai', 'mistral')).toBe('gpu-1:mistral')
    expect(await found(registry, 'gpu-1', 'llama')).toBe('gpu-1:llama')
  })

  it('takes a silent backend at its word when it is named', async () => {
    const { registry } = await create()
    expect(await found(registry, 'laptop', 'anything')).toBe('laptop:anything')
    expect(await found(registry, undefined, 'ollama/anything')).toBe('laptop:anything')
  })

  it('says what is wrong when nothing is found', async () => {
    const { registry } = await create()
    await expect(registry.resolve('gpu-0', 'nope')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
    await expect(registry.resolve('nobody', 'llama')).rejects.toMatchObject({ code: 'ADAPTER_NOT_FOUND' })
    await expect(registry.resolve('triton', 'llama')).rejects.toMatchObject({ code: 'ADAPTER_NOT_FOUND' })
    // A silent backend may have it: that is no 404.
    await expect(registry.resolve(undefined, 'nope')).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: /laptop/,
    })
  })

  it('asks again before it says no', async () => {
    const { registry, listed } = await create()
    expect(registry.lookup(undefined, 'fresh')).toBeUndefined()
    listed.push('fresh')
    expect(await found(registry, undefined, 'fresh')).toBe('gpu-0:fresh')
  })

  it('marks the shadowed', async () => {
    const { registry } = await create()
    expect(
      registry.list().map(({ backend, model, shadowedBy }) => [backend.name, model.name, shadowedBy]),
    ).toEqual([
      ['gpu-0', 'llama', undefined],
      ['gpu-0', 'org/big', undefined],
      ['gpu-1', 'llama', 'gpu-0'],
      ['gpu-1', 'mistral', undefined],
    ])
  })
})
