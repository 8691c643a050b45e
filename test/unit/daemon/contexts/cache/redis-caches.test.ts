import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheServerConfig } from '../../../../../src/core/cache-config.ts'
import { type Caches, openCaches } from '../../../../../src/daemon/contexts/cache/caches.ts'
import { connectRedis } from '../../../../../src/daemon/contexts/cache/redis-stores.ts'
import { strictKeyv, type TextCache } from '../../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { createVault } from '../../../../../src/daemon/contexts/encryption/vault.ts'
import {
  redisMissing,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../../../../harness/redis.ts'

const missing = redisMissing()
const named = (what: string): string => `${what}${missing === undefined ? '' : ` (${missing})`}`
const signal = AbortSignal.timeout(120_000)
const one = new Map([['k', 'v']])

/** What the daemon would log of the server. */
const noted: string[] = []
const log = {
  warn: (fields: object, message: string) => void noted.push(`${message} ${inspect(fields, { depth: 10 })}`),
  info: (message: string) => void noted.push(message),
}
const eventually = async (check: () => Promise<boolean>): Promise<void> => {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe.skipIf(missing !== undefined)(named('caches in a Redis'), () => {
  let redis: RedisServer
  let config: CacheServerConfig
  const opened: Caches[] = []
  const open = (over: object = {}): Caches => {
    const caches = openCaches({ cache: config }, { log, deadlineMs: 5000, restMs: 0, ...over })
    opened.push(caches)
    return caches
  }

  beforeAll(async () => {
    redis = await startRedis()
    config = { kind: 'redis', urls: [redis.url] }
  })
  afterAll(async () => {
    await Promise.all(opened.map((caches) => caches.close()))
    await redis.close()
  })
  it('are there for another daemon, and each sees its own keys alone', async () => {
    const first = open()
    await first.counts.set(one, signal)
    await first.vectors.set(new Map([['k', 'w']]), signal)
    const second = open()
    expect(await second.counts.get(['k', 'x'], signal)).toEqual(['v', undefined])
    expect(await second.vectors.get(['k'], signal)).toEqual(['w'])
    expect(await second.answers.get(['k'], signal)).toEqual([undefined])
    expect((await redis.command('KEYS', '*')).split('\n').toSorted()).toEqual([
      'mcpd-counts::k',
      'mcpd-vectors::k',
    ])
  })

  it('show the server nothing of what is encrypted, and are for daemons with the key', async () => {
    const [old, young] = ['old', 'young'].map((id, at) => ({ id, key: new Uint8Array(32).fill(at) }))
    const openWith = (key: typeof old): Caches => {
      const encryption = { keys: key ? [key] : [] }
      const caches = openCaches({ cache: config, encryption }, { log, deadlineMs: 5000 })
      opened.push(caches)
      return caches
    }
    await openWith(old).summaries.set(new Map([['said', 'My name is Ada.']]), signal)
    const [name = ''] = (await redis.command('KEYS', 'mcpd-summaries*')).split('\n')
    expect(name).not.toContain('said')
    expect(Buffer.from(await redis.command('GET', name)).toString('latin1')).not.toMatch(/Ada|QWRh/)
    expect(await openWith(old).summaries.get(['said'], signal)).toEqual(['My name is Ada.'])
    expect(await openWith(young).summaries.get(['said'], signal)).toEqual([undefined])
    expect(await open().summaries.get(['said'], signal)).toEqual([undefined])
    // Put under the name of another text, it does not open.
    const other = createVault([old!]).of({ tenant: '', context: 'mcpd-summaries' }).nameOf('other')
    await redis.command('COPY', name, `mcpd-summaries::${other}`)
    expect(await openWith(old).summaries.get(['other'], signal)).toEqual([undefined])
  })

  it('keep a text as long as they were told', async () => {
    await open().answers.set(new Map([['short', 'v']]), signal, 60_000)
    const left = Number(await redis.command('PTTL', 'mcpd-answers::short'))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('take a value of another kind for a miss, and write over it', async () => {
    await redis.command('RPUSH', 'mcpd-counts::list', 'a')
    expect(await open().counts.get(['list'], signal)).toEqual([undefined])
    await open().counts.set(new Map([['list', 'v']]), signal)
    expect(await open().counts.get(['list'], signal)).toEqual(['v'])
  })

  it('do not believe a full server that acknowledges', async () => {
    const stores = await connectRedis(config.urls)
    const far = strictKeyv({ namespace: 'full', open: (name) => stores.open(name), readBack: true })
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(far.set(one, signal)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      const caches = open()
      await caches.counts.set(new Map([['full', 'v']]), signal)
      expect(await caches.counts.get(['full'], signal)).toEqual(['v'])
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
      await stores.close()
    }
    expect(noted.some((line) => line.includes('OOM'))).toBe(true)
  })

  it('do without a frozen server after one deadline, and have it back', async () => {
    const caches = open({ deadlineMs: 100, restMs: 60_000 })
    await caches.counts.set(new Map([['frozen', 'v']]), signal)
    redis.signal('SIGSTOP')
    const startedMs = performance.now()
    for (let at = 0; at < 50; at += 1) {
      expect(await caches.counts.get([`x${at}`, 'frozen'], signal)).toEqual([undefined, 'v'])
      expect(await caches.vectors.get([`x${at}`], signal)).toEqual([undefined])
    }
    // Without a rest it would be ten seconds.
    expect(performance.now() - startedMs).toBeLessThan(5000)
    for (const each of [caches.counts, caches]) await each.close()
    redis.signal('SIGCONT')
    const other = open({ deadlineMs: 100, restMs: 10 })
    redis.signal('SIGSTOP')
    await other.counts.get(['frozen'], signal)
    redis.signal('SIGCONT')
    await eventually(async () => (await other.counts.get(['frozen'], signal))[0] === 'v')
  })

  it('do without a server that is gone, at once, and have it back', async () => {
    const caches = open()
    await caches.counts.set(one, signal)
    await redis.kill()
    expect(await caches.counts.get(['k', 'y'], signal)).toEqual(['v', undefined])
    const cold = open({ deadlineMs: 100 })
    expect(await cold.counts.get(['k'], signal)).toEqual([undefined])
    const late = open({ deadlineMs: 100 })
    await late.counts.get(['k'], signal)
    await late.close()
    await redis.start()
    await redis.command('SET', 'mcpd-counts::back', '{"value":"b"}')
    for (const each of [caches, cold])
      await eventually(async () => (await each.counts.get(['back'], signal))[0] === 'b')
    expect(noted.some((line) => line.startsWith('the server of caches does not work'))).toBe(true)
    expect(noted).toContain('the server of caches works again')
  })

  it('log in, and say what is wrong with a password but not which it is', async () => {
    await redis.command('CONFIG', 'SET', 'requirepass', 'hunter2')
    try {
      for (const [password, found] of [
        ['hunter2', 'v'],
        ['hunter3', undefined],
      ] as const) {
        const urls = [redis.url.replace('://', `://:${password}@`)]
        const writer = openCaches({ cache: { kind: 'redis', urls } }, { log, deadlineMs: 5000 })
        const reader = openCaches({ cache: { kind: 'redis', urls } }, { log, deadlineMs: 5000 })
        opened.push(writer, reader)
        await writer.counts.set(new Map([['secret', 'v']]), signal)
        expect(await reader.counts.get(['secret'], signal)).toEqual([found])
      }
    } finally {
      await redis.command('-a', 'hunter2', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', '')
    }
    expect(noted.some((line) => line.includes('does not work: WRONGPASS'))).toBe(true)
    expect(noted.join('\n')).not.toMatch(/hunter[23]/)
  })
})

describe.skipIf(missing !== undefined)(named('caches in a cluster of Redis'), () => {
  let cluster: RedisCluster
  let caches: Caches
  beforeAll(async () => {
    cluster = await startRedisCluster()
  }, 60_000)
  afterAll(async () => {
    await caches.close()
    await cluster.close()
  })

  it('are spread over its nodes, and do without one of them', async () => {
    const config: CacheServerConfig = { kind: 'redis', urls: cluster.urls }
    caches = openCaches({ cache: config }, { log, deadlineMs: 5000, restMs: 0 })
    const texts = new Map(Array.from({ length: 50 }, (_, at) => [`k${at}`, `v${at}`]))
    await caches.counts.set(texts, signal)
    const sizes = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')))
    expect(sizes.every((size) => Number(size) > 0)).toBe(true)
    const read = async (): Promise<TextCache> => {
      const other = openCaches({ cache: config }, { log, deadlineMs: 5000, restMs: 0 })
      expect(await other.counts.get([...texts.keys()], signal)).toEqual([...texts.values()])
      await other.close()
      return other.counts
    }
    await read()
    await cluster.nodes[2]!.kill()
    expect(await caches.counts.get(['k1', 'new'], signal)).toEqual(['v1', undefined])
    await caches.counts.set(new Map([['new', 'v']]), signal)
    expect(await caches.counts.get(['new'], signal)).toEqual(['v'])
  })
})
