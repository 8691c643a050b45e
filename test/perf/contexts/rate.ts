import pg from 'pg'
import { createTalks } from './conversations.ts'
import { newTurns, openPostgresStore } from './stores.ts'

export interface Rate {
  readonly writers: number
  /** Appends of a question and its answer, acknowledged when the disk has them. */
  readonly perSecond: number
  /** Of this process for each append, µs. */
  readonly cpuUs: number
  /** The same bodies by plain INSERTs of one statement each, over as many connections. */
  readonly insertsPerSecond: number
}

/** Connections of a daemon, and of what it is compared with. */
const connections = 8

/** Many writers at once, each to a context of its own; then bare INSERTs into a table of one index, for comparison. */
export const measureRate = async (writers: number, seconds: number): Promise<Rate> => {
  await using stack = new AsyncDisposableStack()
  const { store, server, close } = await openPostgresStore()
  stack.defer(close)
  const { turn } = createTalks(1)
  const appends = Array.from({ length: 500 }, () => {
    const messages = turn()
    return newTurns([messages[0]!, messages.at(-1)!])
  })
  const contexts = Array.from({ length: writers }, (_, at) => `c${at}`)
  for (const context of contexts) await store.create({ tenant: 'default', context })
  const cpu = process.cpuUsage()
  const { perSecond, count } = await repeat(writers, seconds, (writer, at) =>
    store.append({
      tenant: 'default',
      context: contexts[writer]!,
      expected: '*',
      turns: appends[at % appends.length]!,
    }),
  )
  const { user, system } = process.cpuUsage(cpu)

  const pool = new pg.Pool({ connectionString: server.url, max: connections })
  stack.defer(() => pool.end())
  await pool.query('CREATE TABLE bare (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea)')
  const bare = await repeat(writers, seconds, (_, at) =>
    pool.query({
      name: 'bare',
      text: 'INSERT INTO bare (data) SELECT * FROM unnest($1::bytea[])',
      values: [appends[at % appends.length]!.map(({ body }) => body)],
    }),
  )
  return { writers, perSecond, cpuUs: (user + system) / count, insertsPerSecond: bare.perSecond }
}

/** Each writer begins its next call when the one before has come back, for so long. */
const repeat = async (
  writers: number,
  seconds: number,
  run: (writer: number, at: number) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly count: number }> => {
  let count = 0
  const startMs = performance.now()
  const untilMs = startMs + seconds * 1000
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (performance.now() < untilMs) {
        const at = count
        count += 1
        await run(writer, at)
      }
    }),
  )
  return { perSecond: (count / (performance.now() - startMs)) * 1000, count }
}
