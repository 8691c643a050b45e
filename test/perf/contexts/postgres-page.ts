import { kilo, ms, percent, yes } from './figures.ts'
import { type Fetch, type Fork, measureAppend, measureFetch, measureFork } from './latency.ts'
import { measureRate, type Rate } from './rate.ts'
import { measureStorage, type Storage } from './storage.ts'
import { openPostgresStore, type Spread } from './stores.ts'

/** What the same conversations cost in PostgreSQL. */
export interface OnPostgres {
  readonly storage: readonly Storage[]
  readonly fetch: readonly Fetch[]
  readonly append: Spread
  readonly rates: readonly Rate[]
  readonly fork: Fork
}

export interface Sizes {
  readonly samples: number
  readonly seconds: number
  readonly storage: readonly (readonly [turns: number, conversations: number])[]
  readonly tell: (what: string) => void
}

export const measurePostgres = async ({ samples, seconds, storage, tell }: Sizes): Promise<OnPostgres> => {
  const stored: Storage[] = []
  const fetch: Fetch[] = []
  const rates: Rate[] = []
  tell('PostgreSQL: bytes')
  for (const [turns, conversations] of storage)
    stored.push(await measureStorage(turns, conversations, openPostgresStore))
  tell('PostgreSQL: fetch')
  for (const turns of [10, 50, 200]) fetch.push(await measureFetch(turns, samples, openPostgresStore))
  tell('PostgreSQL: append and fork')
  const append = await measureAppend(samples * 2, openPostgresStore)
  const fork = await measureFork(200, samples, openPostgresStore)
  for (const writers of [8, 64, 256]) rates.push(await measureRate(writers, seconds))
  return { storage: stored, fetch, append, rates, fork }
}

const saving = (bytes: number, { transcriptBytes }: Storage): number => 1 - bytes / transcriptBytes

export const renderPostgres = ({ storage, fetch, append, rates, fork }: OnPostgres): readonly string[] => [
  '## PostgreSQL',
  '',
  'A server of its own with its defaults, fsync on, over a socket on the same machine. On disk: all tables and indexes of the schema, the words for the search among them, after a plain VACUUM; compact: after VACUUM FULL.',
  '',
  '| turns | messages | transcript, KB | bodies, KB | on disk, KB | compact, KB | bodies against transcript | on disk against transcript | goal | met | compact |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ...storage.map((row) => {
    const saved = saving(row.fileBytes, row)
    return `| ${row.turns} | ${row.messages} | ${kilo(row.transcriptBytes)} | ${kilo(row.contentBytes)} | ${kilo(row.fileBytes)} | ${kilo(row.compactBytes ?? 0)} | ${percent(saving(row.contentBytes, row))} | ${percent(saved)} | ≥ 60 % | ${yes(saved >= 0.6)} | ${percent(saving(row.compactBytes ?? 0, row))} |`
  }),
  '',
  '| what, ms p50 / p99 | measured | goal of p99 | met |',
  '| --- | --- | --- | --- |',
  ...fetch.map(
    ({ turns, messages, bytes, cold }) =>
      `| fetch, cold, ${turns} turns (${messages} messages, ${kilo(bytes)} KB) | ${ms(cold)} | < 10 | ${yes(cold.p99 < 10)} |`,
  ),
  `| durable append of a question and its answer, one writer | ${ms(append)} | < 3 | ${yes(append.p99 < 3)} |`,
  `| fork of ${fork.messages} messages | ${ms(fork.time)} | | |`,
  '',
  'Durable appends per second, each writer to a context of its own, and bare INSERTs of the same bodies by the same driver over 8 connections in the same run.',
  '',
  '| writers | appends/s | goal | met | CPU of the daemon each, µs | bare INSERTs/s | appends against them |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...rates.map(
    ({ writers, perSecond, cpuUs, insertsPerSecond }) =>
      `| ${writers} | ${Math.round(perSecond)} | ≥ 8,000 | ${yes(perSecond >= 8000)} | ${Math.round(cpuUs)} | ${Math.round(insertsPerSecond)} | ${percent(perSecond / insertsPerSecond)} |`,
  ),
  '',
]
