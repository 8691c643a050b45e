import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf } from '../../src/core/canonical-json.ts'
import type { Journal } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../src/daemon/contexts/journal/memory.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { type ContextStore, createContextStore } from '../../src/daemon/contexts/store.ts'
import { connected, testCopies } from '../harness/hot-copies.ts'
import { postgresMissing, startPostgres } from '../harness/postgres.ts'
import { type RedisCluster, redisMissing, startRedis, startRedisCluster } from '../harness/redis.ts'
import { sharing } from '../unit/daemon/contexts/a-shared-journal.ts'
import { runSuite } from './run-suite.ts'
import { storeSuite, type StoreSubject } from './store-suite.ts'

/** The same contexts over everything that they can be kept in. */

const noPostgres = postgresMissing()
const noRedis = redisMissing()

const stack = new AsyncDisposableStack()
let cluster: RedisCluster | undefined
/** By name; opened once, for all checks. */
const opened = new Map<string, StoreSubject>()

beforeAll(async () => {
  alone('memory', createMemoryJournal({ now: Date.now, newId }))
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-stores-'))
  stack.defer(() => rm(directory, { recursive: true }))
  alone('sqlite', await openSqliteJournal({ path: join(directory, 'contexts.db') }))
  if (noRedis === undefined) cluster = stack.adopt(await startRedisCluster(), (started) => started.close())
  if (noPostgres !== undefined) return
  const { url } = stack.adopt(await startPostgres(), (started) => started.close())
  await two('postgres', url)
  if (noRedis !== undefined) return
  const redis = stack.adopt(await startRedis(), (started) => started.close())
  await two('redis', url, redis.url)
  await two('cluster', url, [...(cluster?.urls ?? [])])
})
afterAll(() => stack.disposeAsync())

const keep = (name: string, stores: StoreSubject): void => {
  opened.set(name, stores)
  stack.defer(async () => void (await Promise.all([...new Set(stores)].map((store) => store.close()))))
}

const alone = (name: string, journal: Journal): void => {
  const store = createContextStore({ journal })
  keep(name, [store, store])
}

const two = async (name: string, url: string, hotUrl?: string | string[]): Promise<void> => {
  const open = async (): Promise<ContextStore> => {
    const journal = await openPostgresJournal({ url, now: Date.now, newId })
    if (hotUrl === undefined) return createContextStore({ journal })
    const hot = testCopies(hotUrl)
    await connected(hot)
    return createContextStore({ journal, copies: hot.copies })
  }
  keep(name, [await open(), await open()])
}

const suiteOf = (name: string, skipped?: string) =>
  storeSuite(async () => {
    const stores = opened.get(name)
    if (!stores) throw new Error(`${name} was not opened.`)
    return stores
  }, skipped)

runSuite('contexts in memory', suiteOf('memory'))
runSuite('contexts in sqlite', suiteOf('sqlite'))
runSuite('contexts in postgres', suiteOf('postgres', noPostgres))
runSuite('contexts in postgres and redis', suiteOf('redis', noPostgres ?? noRedis))
runSuite('contexts in postgres and a redis cluster', suiteOf('cluster', noPostgres ?? noRedis))

describe.skipIf(noRedis !== undefined)(
  `a redis cluster${noRedis === undefined ? '' : ` (${noRedis})`}`,
  () => {
    it('has all keys of a context in one slot, whatever the ids are, and contexts in many', async () => {
      const contexts = [
        'a',
        'A-_9',
        'x'.repeat(64),
        '-',
        '__proto__',
        ...Array.from({ length: 12 }, () => newId()),
      ]
      const [node] = cluster?.nodes ?? []
      const client = createClient({ url: node?.url ?? '' })
      await client.connect()
      const slots = new Set<string>()
      for (const context of contexts) {
        const keys = ['meta', 'log', 'marks'].map((part) => `mcpd:hot1:{default.${context}}:${part}`)
        const found = await Promise.all(keys.map((key) => client.clusterKeySlot(key)))
        expect(new Set(found).size).toBe(1)
        slots.add(String(found[0]))
      }
      client.destroy()
      expect(slots.size).toBeGreaterThan(contexts.length / 2)
    })

    it('serves what its nodes have, and the journal what a node that is gone had', async () => {
      const journal = sharing(createMemoryJournal({ now: Date.now, newId }))
      const hot = testCopies(`redis+cluster://127.0.0.1:${cluster?.nodes[0]?.port}`)
      await connected(hot)
      const store = createContextStore({ journal, copies: hot.copies, hotMaxBytes: 0 })
      const turns = [{ role: 'user' as const, body: bodyOf({ role: 'user', content: 'x' }) }]
      const keys = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const { context } = await store.create({ tenant: 'default', turns })
          return { tenant: 'default', context }
        }),
      )
      const readAll = async (): Promise<number> => {
        const before = hot.copies.counts.reads.hit
        for (const key of keys) expect((await store.path(key)).length).toBe(1)
        return hot.copies.counts.reads.hit - before
      }
      await expect.poll(readAll).toBe(keys.length)
      await cluster?.nodes[1]?.kill()
      expect(await readAll()).toBeLessThan(keys.length)
      for (const key of keys) await store.append({ ...key, expected: '*', turns })
      for (const key of keys) expect((await store.path(key)).length).toBe(2)
      await cluster?.nodes[1]?.start()
      await store.close()
    })
  },
)
