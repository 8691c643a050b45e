import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { layered } from '../../../../../src/daemon/contexts/cache/layered.ts'
import { createLruStore } from '../../../../../src/daemon/contexts/cache/lru-store.ts'
import {
  type KeyvStore,
  type StrictKeyvOptions,
  strictKeyv,
  type TextCache,
} from '../../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { Breaker } from '../../../../../src/daemon/guards/breaker.ts'

const signal = AbortSignal.timeout(60_000)
const never = new Promise<never>(() => undefined)

/** An adapter as those for Redis and PostgreSQL are, with some of its methods replaced. */
const adapter = (over: object = {}): KeyvStore => {
  const values = new Map<string, unknown>()
  const plain = {
    opts: {},
    get: async (key: string) => values.get(key),
    set: async (key: string, value: unknown) => void values.set(key, value),
    delete: async (key: string) => values.delete(key),
    clear: async () => values.clear(),
  }
  // Keyv's own type of an adapter is stricter in its generics than any adapter is.
  return Object.assign(new EventEmitter(), plain, over) as unknown as KeyvStore
}

const cacheOver = (store: KeyvStore, over: Partial<StrictKeyvOptions> = {}): TextCache =>
  strictKeyv({ namespace: 'n', open: () => store, deadlineMs: 5000, ...over })

const one = new Map([['k', 'v']])

describe('a strict Keyv', () => {
  it('gives back what it got, in the order of the keys', async () => {
    for (const store of [createLruStore(), adapter()]) {
      const cache = cacheOver(store, { readBack: true })
      await cache.set(
        new Map([
          ['a', '1'],
          ['b', '\u{0} "ü" \uD800'],
        ]),
        signal,
      )
      expect(await cache.get(['b', 'x', 'a'], signal)).toEqual(['\u{0} "ü" \uD800', undefined, '1'])
      await cache.close()
    }
  })

  it('gives each namespace a store of its own', async () => {
    const opened: string[] = []
    const open = (namespace: string): KeyvStore => {
      opened.push(namespace)
      return createLruStore()
    }
    const left = strictKeyv({ namespace: 'left', open })
    const right = strictKeyv({ namespace: 'right', open })
    await left.set(one, signal)
    expect(await right.get(['k'], signal)).toEqual([undefined])
    expect(opened).toEqual(['left', 'right'])
  })

  it.each<[string, object]>([
    ['a read that fails', { get: () => Promise.reject(new Error('WRONGTYPE')) }],
    ['a read of many that fails', { getMany: () => Promise.reject(new Error('gone')) }],
    ['a value that is no text', { get: async () => JSON.stringify({ value: 7 }) }],
    ['a value that is no JSON', { get: async () => '{' }],
  ])('rejects rather than to call %s a miss', async (_, over) => {
    await expect(cacheOver(adapter(over)).get(['k'], signal)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })

  it.each<[string, object, boolean]>([
    ['throws', { set: () => Promise.reject(new Error('OOM')) }, false],
    ['is refused', { set: async () => false }, false],
    ['is acknowledged and not done', { set: async () => true }, true],
  ])('rejects a write that %s', async (_, over, readBack) => {
    await expect(cacheOver(adapter(over), { readBack }).set(one, signal)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })

  it('rejects what waits when the adapter emits an error, and goes on after it', async () => {
    let isFrozen = true
    const store = adapter({ get: () => (isFrozen ? never : Promise.resolve(undefined)) })
    const cache = cacheOver(store)
    const read = cache.get(['k'], signal)
    await setImmediate()
    ;(store as unknown as EventEmitter).emit('error', new Error('connection lost'))
    await expect(read).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { message: 'connection lost' },
    })
    isFrozen = false
    ;(store as unknown as EventEmitter).emit('error', new Error('nobody waits'))
    expect(await cache.get(['k'], signal)).toEqual([undefined])
  })

  it('waits no longer than its deadline', async () => {
    const cache = cacheOver(adapter({ get: () => never, set: () => never }), { deadlineMs: 5 })
    await expect(cache.get(['k'], signal)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(cache.set(one, signal)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('asks nobody after an answer that was late, until one probe was answered', async () => {
    let nowMs = 0
    let reads = 0
    let isFrozen = true
    const store = adapter({
      get: () => {
        reads += 1
        return isFrozen ? never : Promise.resolve(undefined)
      },
    })
    const late: number[] = []
    const breaker = new Breaker({ failuresMax: 1, cooldownMs: 1000, now: () => nowMs })
    const cache = cacheOver(store, { deadlineMs: 5, breaker, late: () => void late.push(nowMs) })
    const refused = { code: 'STORE_UNAVAILABLE' }
    await expect(cache.get(['k'], signal)).rejects.toMatchObject(refused)
    for (let at = 0; at < 10; at += 1) await expect(cache.get(['k'], signal)).rejects.toMatchObject(refused)
    expect([reads, late]).toEqual([1, [0]])
    nowMs = 1000
    isFrozen = false
    expect(await cache.get(['k'], signal)).toEqual([undefined])
    expect(await cache.get(['k'], signal)).toEqual([undefined])
    expect([reads, late]).toEqual([3, [0]])
  })

  it('gives no rest for what failed at once: it may be one key alone', async () => {
    const breaker = new Breaker({ failuresMax: 1, cooldownMs: 1000, now: () => 0 })
    const store = adapter({ get: (key: string) => (key === 'n:bad' ? Promise.resolve('{') : undefined) })
    const cache = cacheOver(store, { breaker })
    await expect(cache.get(['bad'], signal)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await cache.get(['k'], signal)).toEqual([undefined])
  })

  it('opens its store at the first use, and again where that failed', async () => {
    let opened = 0
    const cache = strictKeyv({
      namespace: 'n',
      open: async () => {
        opened += 1
        if (opened === 1) throw new Error('not there yet')
        return createLruStore()
      },
    })
    await cache.close()
    expect(opened).toBe(0)
    await expect(cache.set(one, signal)).rejects.toMatchObject({ cause: { message: 'not there yet' } })
    await cache.set(one, signal)
    expect(await cache.get(['k'], signal)).toEqual(['v'])
    expect(opened).toBe(2)
  })

  it('refuses more than may wait at once', async () => {
    const stop = new AbortController()
    const cache = cacheOver(adapter({ get: () => never }))
    const reads = Array.from({ length: 256 }, () => cache.get(['k'], stop.signal))
    await expect(cache.get(['k'], signal)).rejects.toMatchObject({
      cause: { message: '256 operations wait for it.' },
    })
    stop.abort(new Error('enough'))
    expect((await Promise.allSettled(reads)).every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('keeps a text no longer than it was told', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const cache = cacheOver(createLruStore(), { ttlMs: 1000 })
      await cache.set(one, signal)
      await cache.set(new Map([['short', 'v']]), signal, 10)
      vi.setSystemTime(Date.now() + 500)
      expect(await cache.get(['k', 'short'], signal)).toEqual(['v', undefined])
      vi.setSystemTime(Date.now() + 600)
      expect(await cache.get(['k'], signal)).toEqual([undefined])
    } finally {
      vi.useRealTimers()
    }
  })

  it('stops waiting when it is told to', async () => {
    const stop = new AbortController()
    const read = cacheOver(adapter({ get: () => never })).get(['k'], stop.signal)
    stop.abort(new Error('enough'))
    await expect(read).rejects.toThrow('enough')
  })

  it('takes no key that could reach out of its namespace', async () => {
    for (const key of ['', 'a b', 'a\u{0}', '{a}', 'x'.repeat(300)])
      await expect(cacheOver(adapter()).get([key], signal)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      })
  })
})

describe('memory before a server', () => {
  const memory = (): TextCache => strictKeyv({ namespace: 'n', open: () => createLruStore() })
  const failures: unknown[] = []
  const failed = (error: unknown): void => void failures.push(error)

  it('asks the server for what it has not, and then not again', async () => {
    const asked: (readonly string[])[] = []
    const server = memory()
    await server.set(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
      signal,
    )
    const both = layered({
      memory: memory(),
      server: {
        ...server,
        get: (keys, stop) => {
          asked.push(keys)
          return server.get(keys, stop)
        },
      },
      failed,
    })
    expect(await both.get(['a', 'x'], signal)).toEqual(['1', undefined])
    expect(await both.get(['b', 'a'], signal)).toEqual(['2', '1'])
    expect(await both.get(['b', 'a'], signal)).toEqual(['2', '1'])
    expect(asked).toEqual([['a', 'x'], ['b']])
    await both.set(new Map([['c', '3']]), signal)
    expect(await server.get(['c'], signal)).toEqual(['3'])
  })

  it('takes a failure of the server for a miss, and tells of it', async () => {
    const gone = async (): Promise<never> => {
      throw new Error('gone')
    }
    const both = layered({ memory: memory(), server: { get: gone, set: gone, close: gone }, failed })
    await both.set(one, signal)
    expect(await both.get(['x', 'k'], signal)).toEqual([undefined, 'v'])
    expect(failures).toHaveLength(2)
    await expect(both.get(['x'], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })
})

describe('the store in memory', () => {
  it('forgets what was used longest ago', async () => {
    const cache = cacheOver(createLruStore({ entriesMax: 2 }))
    await cache.set(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
      signal,
    )
    await cache.get(['a'], signal)
    await cache.set(new Map([['c', '3']]), signal)
    expect(await cache.get(['a', 'b', 'c'], signal)).toEqual(['1', undefined, '3'])
  })

  it('never holds more than its bytes', () => {
    const store = createLruStore({ bytesMax: 1000 })
    for (let at = 0; at < 100; at += 1) store.set(`k${at}`, 'x'.repeat(at * 5))
    const held = [...store].reduce(
      (sum, [key, value]) => sum + 2 * (key.length + (value as string).length),
      0,
    )
    expect(held).toBeLessThanOrEqual(1000)
    expect(store.size).toBeGreaterThan(0)
    store.set('k99', 'y')
    store.set('huge', 'x'.repeat(10_000))
    expect(store.get('huge')).toBeUndefined()
    store.clear()
    expect(store.set('a', 'b').get('a')).toBe('b')
  })
})
