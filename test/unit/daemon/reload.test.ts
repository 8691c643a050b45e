import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../../src/core/adapter.ts'
import { type Config, resolveBackend, resolveConfig } from '../../../src/core/config.ts'
import { McpdError } from '../../../src/core/errors.ts'
import { type Backend, createBackend } from '../../../src/daemon/backend.ts'
import { Registry } from '../../../src/daemon/registry.ts'
import { createReloader } from '../../../src/daemon/reload.ts'

const log = pino({ level: 'silent' })
const config: Config = resolveConfig({}, '/state')

const backend = (name: string, closed: string[], port = 1): Backend => {
  const adapter: Partial<Adapter> = {
    operations: ['chat'],
    health: async () => ({ ok: true }),
    models: async () => [{ name: `${name}-${port}`, operations: ['chat'] }],
    close: async () => void closed.push(`${name}-${port}`),
  }
  const entry = { name, adapter: 'openai', url: `http://127.0.0.1:${port}` }
  return createBackend({
    config: resolveBackend(entry, config.waits),
    adapter: adapter as Adapter,
    now: () => performance.now(),
  })
}

const create = (steps: readonly (() => readonly Backend[])[], configs: readonly Config[] = []) => {
  const closed: string[] = []
  const first = [backend('a', closed), backend('b', closed)]
  const registry = new Registry(first, ['openai'])
  const applied: Config[] = []
  let step = 0
  const reloader = createReloader(
    {
      load: () => ({ config: configs[step] ?? config, origins: new Map() }),
      assemble: async () => steps[step++]!(),
      registry,
      apply: (next) => applied.push(next),
      log,
    },
    config,
  )
  return { closed, first, registry, reloader, applied }
}

describe('createReloader', () => {
  it('keeps what is the same, starts the new before the swap, and closes the old', async () => {
    const next: Backend[] = []
    const made = create([() => next])
    const { first, registry, reloader, closed } = made
    const fresh = backend('b', closed, 2)
    next.push(first[0]!, fresh, backend('c', closed))
    const report = await reloader.reload()
    expect(report).toMatchObject({
      added: ['c'],
      replaced: ['b'],
      removed: [],
      kept: ['a'],
      restartNeeded: [],
    })
    expect(registry.backends.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    // The new one had been asked for its models before it took over.
    expect(registry.lookup(undefined, 'b-2')?.backend).toBe(fresh)
    await expect.poll(() => closed).toEqual(['b-1'])
  })

  it('lets running requests finish on the backend that was replaced', async () => {
    const { first, reloader, closed } = create([() => []])
    first[0]!.queue.tryEnter()
    const report = await reloader.reload()
    expect(report.removed).toEqual(['a', 'b'])
    await expect.poll(() => closed).toEqual(['b-1'])
    first[0]!.queue.leave()
    await expect.poll(() => closed).toEqual(['b-1', 'a-1'])
  })

  it('changes nothing when the new config is no good', async () => {
    const { first, registry, reloader, applied, closed } = create([
      () => {
        throw new McpdError('CONFIG_INVALID', 'mcpd.yaml:3: no')
      },
      () => first,
    ])
    await expect(reloader.reload()).rejects.toThrow('mcpd.yaml:3: no')
    expect([registry.backends, applied, closed]).toEqual([first, [], []])
    // The next one is not held back by it.
    expect((await reloader.reload()).kept).toEqual(['a', 'b'])
  })

  it('names the settings that wait for a restart', async () => {
    const changed = resolveConfig(
      { listen: { port: 7000, bodyMax: '1MB' }, log: { level: 'debug' }, timeouts: { total: '1s' } },
      '/elsewhere',
    )
    const { first, reloader, applied } = create([() => first], [changed])
    expect((await reloader.reload()).restartNeeded).toEqual([
      'listen.port',
      'listen.bodyMax',
      'stateDir',
      'timeouts.total',
      'log',
    ])
    expect(applied).toEqual([changed])
  })
})
