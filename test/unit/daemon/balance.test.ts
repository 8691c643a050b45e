import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Strategy } from '../../../src/core/config-schema.ts'
import { pick, type Target, whyPassedOver } from '../../../src/daemon/balance.ts'
import { fakeBackend } from '../../harness/backend.ts'

const target = async (name: string, weight = 1, given: { up?: boolean } = {}): Promise<Target> => ({
  backend: await fakeBackend({ name, breaker: { failures: 1, cooldown: '1h' }, ...given }),
  model: 'm',
  weight,
})

/** Repeatable numbers in [0, 1). */
const sequence = (seed: number): (() => number) => {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}

const many = (
  targets: readonly Target[],
  strategy: Strategy,
  key?: string,
  count = 3000,
): Record<string, number> => {
  const random = sequence(42)
  const counts: Record<string, number> = {}
  for (let turn = 0; turn < count; turn += 1) {
    const { name } = pick(targets, { strategy, key, random }).backend
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('pick', () => {
  it('p2c prefers the fast and the idle, and tries what it has not seen', async () => {
    const [fast, slow, fresh] = [await target('fast'), await target('slow'), await target('fresh')]
    fast.backend.latency.observe(10)
    slow.backend.latency.observe(1000)
    const counts = many([fast, slow, fresh], 'p2c')
    expect(counts['slow']).toBeUndefined()
    expect(counts['fresh']!).toBeGreaterThan(counts['fast']!)
    for (let load = 0; load < 200; load += 1) fast.backend.queue.tryEnter()
    for (let load = 0; load < 64; load += 1) fresh.backend.queue.tryEnter()
    expect(many([fast, slow], 'p2c')['slow']).toBeUndefined()
  })

  it('least-busy takes the one with the fewest requests', async () => {
    const [a, b] = [await target('a'), await target('b')]
    a.backend.queue.tryEnter()
    expect(many([a, b], 'least-busy')).toEqual({ b: 3000 })
  })

  it('weighted follows the weights', async () => {
    const counts = many([await target('a', 3), await target('b', 1)], 'weighted')
    expect(counts['a']! / counts['b']!).toBeGreaterThan(2.5)
    expect(counts['a']! / counts['b']!).toBeLessThan(3.5)
  })

  it('sticky keeps a key at its target, spreads keys, and moves only those of a target that is gone', async () => {
    const all = await Promise.all(['a', 'b', 'c'].map((name) => target(name)))
    const at = (targets: readonly Target[], key: string) => Object.keys(many(targets, 'sticky', key, 20))
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`)
    const before = new Map(keys.map((key) => [key, at(all, key)]))
    expect([...before.values()].every((names) => names.length === 1)).toBe(true)
    expect(new Set([...before.values()].flat())).toEqual(new Set(['a', 'b', 'c']))
    for (const key of keys)
      if (before.get(key)![0] !== 'c') expect(at(all.slice(0, 2), key)).toEqual(before.get(key))
  })

  it('passes over what is down or has an open circuit, unless there is nothing else', async () => {
    const [up, open, down] = [
      await target('up'),
      await target('open'),
      await target('down', 1, { up: false }),
    ]
    open.backend.breaker.failed()
    expect(many([up, open, down], 'p2c')).toEqual({ up: 3000 })
    expect(whyPassedOver(open)).toMatch(/circuit/)
    expect(whyPassedOver(down)).toMatch(/healthy/)
    expect(Object.keys(many([open, down], 'p2c')).sort()).toEqual(['down', 'open'])
  })

  it('gives the next request to a target that may have recovered, one at a time', async () => {
    let ms = 0
    const back = await fakeBackend({ name: 'back', breaker: { failures: 1, cooldown: '1s' }, now: () => ms })
    const [up, resting] = [await target('up'), { backend: back, model: 'm', weight: 1 }]
    back.breaker.failed()
    expect(many([up, resting], 'p2c')).toEqual({ up: 3000 })
    ms = 1000
    expect(many([up, resting], 'p2c', undefined, 1)).toEqual({ back: 1 })
    back.breaker.admit()
    expect(many([up, resting], 'least-busy', undefined, 1)).toEqual({ up: 1 })
    back.latency.observe(9999)
    back.breaker.succeeded()
    expect(back.latency.valueMs).toBe(0)
  })

  it('keeps targets of weight 0 in reserve', async () => {
    const [first, reserve] = [await target('first'), await target('reserve', 0)]
    expect(many([first, reserve], 'p2c')).toEqual({ first: 3000 })
    first.backend.breaker.failed()
    expect(many([first, reserve], 'weighted')).toEqual({ reserve: 3000 })
  })

  it('always finds one, whatever the numbers', async () => {
    const targets = await Promise.all([0, 0.5, 7].map((weight, index) => target(`t${index}`, weight)))
    const strategies = fc.constantFrom<Strategy>('p2c', 'least-busy', 'weighted', 'sticky')
    const number = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        fc.subarray(targets, { minLength: 1 }),
        strategies,
        number,
        fc.string(),
        (some, strategy, at, key) => {
          expect(some).toContain(pick(some, { strategy, key, random: () => at }))
        },
      ),
    )
  })
})
