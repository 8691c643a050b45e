import { kilo, ms, percent, yes } from './figures.ts'
import {
  measureRedisFetch,
  measureRedisMemory,
  measureRedisStall,
  type RedisFetch,
  type RedisMemory,
  type RedisStall,
} from './redis.ts'
import type { Sizes } from './postgres-page.ts'

/** What copies in Redis cost and save. */
export interface InRedis {
  readonly fetch: readonly RedisFetch[]
  readonly memory: readonly RedisMemory[]
  readonly stall: RedisStall
}

export const measureRedis = async ({ samples, storage, tell }: Sizes): Promise<InRedis> => {
  const fetch: RedisFetch[] = []
  const memory: RedisMemory[] = []
  tell('Redis: fetch')
  for (const turns of [10, 50, 200]) fetch.push(await measureRedisFetch(turns, samples))
  tell('Redis: memory')
  for (const [turns, conversations] of storage) memory.push(await measureRedisMemory(turns, conversations))
  tell('Redis: frozen')
  return { fetch, memory, stall: await measureRedisStall(50) }
}

/** Of the 99th percentile, in ms, by turns. */
const fetchGoals: Readonly<Record<number, number>> = { 10: 2, 50: 3, 200: 5 }
const savingGoal = 0.65
const stallGoalMs = 1500

export const renderRedis = ({ fetch, memory, stall }: InRedis): readonly string[] => [
  '## Redis',
  '',
  'Reads of whole conversations through the store, over a PostgreSQL and a Redis of their own on the same machine. Each read asks PostgreSQL where the conversation stands; its turns come from the memory of the daemon, from Redis, or, cold, from PostgreSQL. Every hash is checked, and the bodies are spliced into one JSON text.',
  '',
  '| turns | messages | KB | from memory | from Redis | goal of p99 | met | came from Redis | cold | goal of p99 | met |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ...fetch.map((row) => {
    const goal = fetchGoals[row.turns] ?? 0
    return `| ${row.turns} | ${row.messages} | ${kilo(row.bytes)} | ${ms(row.memory)} | ${ms(row.redis)} | < ${goal} | ${yes(row.redis.p99 < goal)} | ${row.hits} reads | ${ms(row.cold)} | < 10 | ${yes(row.cold.p99 < 10)} |`
  }),
  '',
  'Memory that Redis says it uses for conversations without forks, as appends leave them, beside one JSON text each.',
  '',
  '| turns | conversations | transcript, KB | in Redis, KB | saved | goal | met |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...memory.map((row) => {
    const saved = 1 - row.redisBytes / row.transcriptBytes
    return `| ${row.turns} | ${row.conversations} | ${kilo(row.transcriptBytes)} | ${kilo(row.redisBytes)} | ${percent(saved)} | ≥ 65 % | ${yes(saved >= savingGoal)} |`
  }),
  '',
  `A Redis that freezes: the first of ${stall.reads} reads took ${stall.firstMs.toFixed(0)} ms, the slowest ${stall.worstMs.toFixed(0)} ms (goal ≤ 1,500: ${yes(stall.worstMs <= stallGoalMs)}).`,
  '',
]
