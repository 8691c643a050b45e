import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { KeyvPostgres } from '@keyv/postgres'
import KeyvRedis from '@keyv/redis'
import { createClient } from '@redis/client'
import { Keyv } from 'keyv'
import pg from 'pg'
import { connectPostgres } from '../../../src/daemon/contexts/cache/postgres-stores.ts'
import { connectRedis } from '../../../src/daemon/contexts/cache/redis-stores.ts'
import { strictKeyv } from '../../../src/daemon/contexts/cache/strict-keyv.ts'
import { postgresMissing, startPostgres } from '../../harness/postgres.ts'
import { redisMissing, startRedis } from '../../harness/redis.ts'
import { measure, type Spread } from './stores.ts'

/** What keeps a text, and how it is reached. */
interface Contender {
  readonly name: string
  set(key: string, text: string): Promise<unknown>
  get(key: string): Promise<unknown>
  close(): Promise<unknown>
}

export interface KeyvRow {
  readonly server: 'Redis' | 'PostgreSQL'
  readonly name: string
  readonly textBytes: number
  /** One after the other, ms. */
  readonly set: Spread
  readonly get: Spread
  /** So many at a time, per second. */
  readonly setRate: number
  readonly getRate: number
}

interface KeyvOptions {
  /** Of each operation, one after the other. */
  readonly samples: number
  /** Told what is measured now. */
  readonly tell: (line: string) => void
}

const sizes = [1024, 32 * 1024]
const concurrency = 64
/** Contenders take turns, so that a slow moment of the machine is nobody's alone. */
const rounds = 3
const keys = 500

/** What Keyv and the strict wrapper cost beside the clients under them, over servers of their own. */
export const measureKeyv = async ({ samples, tell }: KeyvOptions): Promise<readonly KeyvRow[]> => {
  const rows: KeyvRow[] = []
  for (const [server, missing, open] of [
    ['Redis', redisMissing(), openRedis],
    ['PostgreSQL', postgresMissing(), openPostgres],
  ] as const) {
    if (missing !== undefined) {
      tell(`keyv: ${missing}`)
      continue
    }
    const { contenders, close } = await open()
    try {
      for (const textBytes of sizes)
        for (const row of await measureAll(contenders, textBytes, samples, tell))
          rows.push({ server, ...row })
    } finally {
      await Promise.all(contenders.map((contender) => contender.close()))
      await close()
    }
  }
  return rows
}

const measureAll = async (
  contenders: readonly Contender[],
  textBytes: number,
  samples: number,
  tell: (line: string) => void,
): Promise<readonly Omit<KeyvRow, 'server'>[]> => {
  const text = randomBytes(textBytes / 2).toString('hex')
  const keyOf = (at: number): string => `${textBytes}-${at % keys}`
  const turns = new Map(contenders.map(({ name }) => [name, [] as Omit<KeyvRow, 'server'>[]]))
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders) {
      const { name } = contender
      tell(`keyv: ${name}, ${textBytes} bytes, round ${round + 1}`)
      const each = Math.ceil(samples / rounds)
      turns.get(name)!.push({
        name,
        textBytes,
        set: await measure(each, (at) => contender.set(keyOf(at), text)),
        get: await measure(each, (at) => contender.get(keyOf(at))),
        setRate: await rateOf(each * 4, (at) => contender.set(keyOf(at), text)),
        getRate: await rateOf(each * 4, (at) => contender.get(keyOf(at))),
      })
    }
  return [...turns.values()].map((each) => ({
    ...each[0]!,
    set: spreadOf(each.map(({ set }) => set)),
    get: spreadOf(each.map(({ get }) => get)),
    setRate: median(each.map(({ setRate }) => setRate)),
    getRate: median(each.map(({ getRate }) => getRate)),
  }))
}

/** The median of the rounds. */
const spreadOf = (spreads: readonly Spread[]): Spread => ({
  p50: median(spreads.map(({ p50 }) => p50)),
  p99: median(spreads.map(({ p99 }) => p99)),
  samples: spreads.reduce((sum, { samples }) => sum + samples, 0),
})

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!

const rateOf = async (count: number, run: (at: number) => Promise<unknown>): Promise<number> => {
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await run(at)
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  return count / ((performance.now() - startedMs) / 1000)
}

interface Opened {
  readonly contenders: readonly Contender[]
  readonly close: () => Promise<void>
}

const openRedis = async (): Promise<Opened> => {
  const server = await startRedis()
  const client = createClient({ url: server.url })
  await client.connect()
  const keyv = keyvOf('Keyv and @keyv/redis', new KeyvRedis(server.url, { throwOnErrors: true }))
  const stores = await connectRedis([server.url])
  return {
    contenders: [
      {
        name: '@redis/client',
        set: (key, text) => client.set(`raw:${key}`, text),
        get: (key) => client.get(`raw:${key}`),
        close: async () => client.destroy(),
      },
      keyv,
      strictOf('strict', (name) => stores.open(name), false),
      strictOf('strict, read back', (name) => stores.open(name), true),
    ],
    close: async () => {
      await stores.close()
      await server.close()
    },
  }
}

const openPostgres = async (): Promise<Opened> => {
  const server = await startPostgres([])
  await server.query('CREATE UNLOGGED TABLE raw (key varchar(255) PRIMARY KEY, value text)')
  const pool = new pg.Pool({ connectionString: server.url, max: 4 })
  const uri = server.url
  const stores = await connectPostgres(uri)
  return {
    contenders: [
      {
        name: 'pg, named statements',
        set: (key, text) =>
          pool.query({
            name: 'set',
            text: 'INSERT INTO raw VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
            values: [key, text],
          }),
        get: (key) =>
          pool.query({ name: 'get', text: 'SELECT value FROM raw WHERE key = $1', values: [key] }),
        close: () => pool.end(),
      },
      keyvOf('Keyv and @keyv/postgres', new KeyvPostgres({ uri, max: 4, useUnloggedTable: true })),
      strictOf('strict', (name) => stores.open(name), false),
      strictOf('strict, read back', (name) => stores.open(name), true),
    ],
    close: async () => {
      await stores.close()
      await server.close()
    },
  }
}

const keyvOf = (name: string, store: KeyvRedis<unknown> | KeyvPostgres): Contender => {
  const keyv = new Keyv({ store, namespace: 'plain', throwOnErrors: true })
  return {
    name,
    set: (key, text) => keyv.set(key, text),
    get: (key) => keyv.get(key),
    close: () => keyv.disconnect(),
  }
}

const strictOf = (
  name: string,
  open: Parameters<typeof strictKeyv>[0]['open'],
  readBack: boolean,
): Contender => {
  const { signal } = new AbortController()
  const cache = strictKeyv({ namespace: `strict-${readBack}`, open, readBack, deadlineMs: 60_000 })
  return {
    name,
    set: (key, text) => cache.set(new Map([[key, text]]), signal),
    get: (key) => cache.get([key], signal),
    close: () => cache.close(),
  }
}

/** A table; in brackets how often as long, or how much of the rate, the client alone has in the same run. */
export const renderKeyv = (rows: readonly KeyvRow[]): readonly string[] => [
  '| server | texts | through | set p50 / p99, ms | get p50 / p99, ms | set, 1/s | get, 1/s |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...rows.map((row) => {
    const raw = rows.find(({ server, textBytes }) => server === row.server && textBytes === row.textBytes)!
    const spread = (of: 'set' | 'get'): string =>
      `${row[of].p50.toFixed(3)} / ${row[of].p99.toFixed(2)} (× ${(row[of].p50 / raw[of].p50).toFixed(2)})`
    const rate = (of: 'setRate' | 'getRate'): string =>
      `${Math.round(row[of]).toLocaleString('en')} (${Math.round((100 * row[of]) / raw[of])} %)`
    return `| ${[row.server, `${row.textBytes / 1024} KB`, row.name, spread('set'), spread('get'), rate('setRate'), rate('getRate')].join(' | ')} |`
  }),
]

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { samples: { type: 'string', default: '3000' } } })
  const rows = await measureKeyv({
    samples: Number(values.samples),
    tell: (line) => void process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`${renderKeyv(rows).join('\n')}\n`)
}

if (import.meta.main) await main()
