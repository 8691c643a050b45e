import { resolveHot } from '../../../src/core/hot-config.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import type { HotCopies } from '../../../src/daemon/contexts/hot-redis/copies.ts'
import { openHotCopies } from '../../../src/daemon/contexts/hot-redis/open.ts'
import { newId } from '../../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../../src/daemon/contexts/journal/postgres.ts'
import { createContextStore } from '../../../src/daemon/contexts/store.ts'
import { type PostgresServer, startPostgres } from '../../harness/postgres.ts'
import { type RedisServer, startRedis } from '../../harness/redis.ts'
import { createTalks } from './conversations.ts'
import { splice } from './latency.ts'
import { measure, newTurns, type Spread, storeTalk } from './stores.ts'

export interface RedisFetch {
  readonly turns: number
  readonly messages: number
  readonly bytes: number
  /** Where the journal stands is asked for, the path is in memory. */
  readonly memory: Spread
  /** The same, and the path comes from Redis: decoded, every hash checked, spliced into one JSON text. */
  readonly redis: Spread
  /** The same, and the path comes from PostgreSQL: decoded, every hash checked, spliced. */
  readonly cold: Spread
  /** Reads that came from Redis where they should have. */
  readonly hits: number
}

export interface RedisMemory {
  readonly turns: number
  readonly conversations: number
  /** The state as JSON, once for each conversation. */
  readonly transcriptBytes: number
  /** What Redis says it uses more than before. */
  readonly redisBytes: number
}

export interface RedisStall {
  /** The read that found Redis frozen, and those after it. */
  readonly firstMs: number
  readonly worstMs: number
  readonly reads: number
}

interface Place {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
}

const silent = { info: () => undefined, warn: () => undefined } as unknown as Parameters<
  typeof openHotCopies
>[0]['log']

const openCopies = async (url: string): Promise<HotCopies> => {
  const { hot } = resolveHot({ url }, 'postgres')
  if (!hot) throw new TypeError('A URL was given.')
  const now = (): number => performance.now()
  const copies = openHotCopies({ ...hot, keys: [], metrics: createMetrics(), log: silent, now })
  while ((await copies.read({ tenant: 'none', context: 'none' })).kind === 'unavailable')
    await new Promise((resolve) => setTimeout(resolve, 10))
  return copies
}

/** A daemon with so much memory for paths; with hot copies or without. */
const openDaemon = async ({ postgres, redis }: Place, hotMaxBytes: number, isHot: boolean) => {
  const journal = await openPostgresJournal({ url: postgres.url, now: Date.now, newId })
  const copies = isHot ? await openCopies(redis.url) : undefined
  const store = createContextStore({ journal, hotMaxBytes, ...(copies && { copies }) })
  return { store, copies, [Symbol.asyncDispose]: () => store.close() }
}

/** Both servers for one measurement; PostgreSQL waits for its disk. */
const place = async () => {
  const [postgres, redis] = [await startPostgres([]), await startRedis()]
  return {
    postgres,
    redis,
    [Symbol.asyncDispose]: async () => void (await Promise.all([postgres.close(), redis.close()])),
  }
}

const key = { tenant: 'default', context: 'c' }
const memoryBytes = 64 * 1024 * 1024

export const measureRedisFetch = async (turns: number, samples: number): Promise<RedisFetch> => {
  await using servers = await place()
  await using near = await openDaemon(servers, memoryBytes, true)
  await using far = await openDaemon(servers, 0, true)
  await using without = await openDaemon(servers, 0, false)
  await storeTalk(near.store, key.context, createTalks(turns).talk(turns))
  await near.store.journal.seal()
  const read = async ({ store }: typeof near) => splice((await store.path(key)).turns)
  const { turns: stored } = await near.store.path(key)
  await read(far)
  const memory = await measure(samples, () => read(near))
  const before = far.copies?.counts.reads.hit ?? 0
  const redis = await measure(samples, () => read(far))
  const hits = (far.copies?.counts.reads.hit ?? 0) - before
  const cold = await measure(samples, () => read(without))
  return { turns, messages: stored.length, bytes: splice(stored).length, memory, redis, cold, hits }
}

const usedBytes = async ({ redis }: Place): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await redis.command('INFO', 'memory'))?.[1])

/** Reads until all of it comes from Redis: a copy that did not come in time on a busy machine is none. */
const isCopied = async ({ store, copies }: Awaited<ReturnType<typeof openDaemon>>, context: string) => {
  const reads = copies?.counts.reads
  for (const before = reads?.hit; reads?.hit === before;) {
    await store.path({ tenant: 'default', context })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Copies as appends leave them, the last turns of each as they are. */
export const measureRedisMemory = async (turns: number, conversations: number): Promise<RedisMemory> => {
  await using servers = await place()
  await using daemon = await openDaemon(servers, 0, true)
  // What connections and scripts take, copies or no copies.
  await storeTalk(daemon.store, 'first', createTalks(turns).talk(turns))
  await daemon.store.path({ tenant: 'default', context: 'first' })
  await servers.redis.command('FLUSHALL')
  const empty = await usedBytes(servers)
  const { talk } = createTalks(turns)
  let transcriptBytes = 0
  for (let conversation = 0; conversation < conversations; conversation += 1) {
    const said = talk(turns)
    await storeTalk(daemon.store, `c${conversation}`, said)
    transcriptBytes += newTurns(said.flat()).reduce((sum, { body }) => sum + body.length + 1, 1)
  }
  for (let conversation = 0; conversation < conversations; conversation += 1)
    await isCopied(daemon, `c${conversation}`)
  return { turns, conversations, transcriptBytes, redisBytes: (await usedBytes(servers)) - empty }
}

/** What a frozen Redis costs a daemon that remembers nothing. */
export const measureRedisStall = async (reads: number): Promise<RedisStall> => {
  await using servers = await place()
  await using daemon = await openDaemon(servers, 0, true)
  await storeTalk(daemon.store, key.context, createTalks(10).talk(10))
  await daemon.store.path(key)
  servers.redis.signal('SIGSTOP')
  const times: number[] = []
  for (let count = 0; count < reads; count += 1) {
    const startMs = performance.now()
    await daemon.store.path(key)
    times.push(performance.now() - startMs)
  }
  servers.redis.signal('SIGCONT')
  return { firstMs: times[0] ?? 0, worstMs: Math.max(...times), reads }
}
