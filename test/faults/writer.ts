import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { bodyOf, emptyBody } from '../../src/core/canonical-json.ts'
import type { Append, Appended } from '../../src/core/context.ts'
import { isMcpdError } from '../../src/core/errors.ts'
import type { Journal } from '../../src/core/journal.ts'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'

/**
 * A process of writers that somebody kills. Each writer numbers what it writes, and writes down outside the store
 * what was acknowledged; when the process is started again, each goes on with the first number that is not there.
 */

/** One line of the log: what a writer was told is kept. */
export interface Acknowledged {
  readonly writer: number
  readonly number: number
  readonly context: string
  readonly id: string
}

export interface WriterStart {
  /** Of a file, or the URL of a server. */
  readonly path: string
  /** The first of its writers; 0 when absent. Processes that write at once have others. */
  readonly first?: number
  readonly log: string
  /** Acknowledges before anything is written: what the check must find out. */
  readonly isWriteBehind: boolean
}

export const contexts = ['c0', 'c1', 'c2']
const writers = 8
/** Writers from this one on have a head of their own, and announce their answers before they store them. */
const firstAnswerer = 6
/** So many acknowledgements lie between two seals. */
const sealEvery = 40

export const contextOf = (writer: number): string => contexts[writer % contexts.length] ?? 'c0'

/** Long enough that a path is soon ripe. */
export const textOf = (writer: number, number: number): string =>
  `${writer} ${number} ${`${writer * 7919 + number} `.repeat(400)}`

export const readLog = (log: string): readonly Acknowledged[] =>
  existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Acknowledged)
    : []

const run = async ({ path, first = 0, log, isWriteBehind }: WriterStart): Promise<void> => {
  const known = readLog(log)
  const startedMs = performance.now()
  const journal = await openJournal(path)
  await journal.recover()
  process.send?.({ startMs: performance.now() - startedMs })
  for (const context of contexts)
    await journal.append({
      tenant: 'default',
      context,
      head: 'main',
      expected: null,
      turns: [],
      idempotencyKey: 'begin',
    })
  let count = 0
  const acknowledge = (line: Acknowledged): void => {
    appendFileSync(log, `${JSON.stringify(line)}\n`)
    count += 1
    process.send?.({ count })
  }
  const write = async (writer: number, number: number): Promise<void> => {
    const context = contextOf(writer)
    if (isWriteBehind) acknowledge({ writer, number, context, id: '' })
    const id = await (writer % writers < firstAnswerer ? say : answer)(journal, writer, number)
    if (!isWriteBehind) acknowledge({ writer, number, context, id })
  }
  const loop = async (writer: number): Promise<never> => {
    const last = known.filter((line) => line.writer === writer).at(-1)?.number ?? 0
    for (let number = last + 1; ; number += 1) await write(writer, number)
  }
  const sealing = async (): Promise<never> => {
    for (let sealed = 0; ;) {
      if (count >= sealed + sealEvery) {
        sealed = count
        await journal.seal()
        await journal.search({ tenant: 'default', text: '1', limit: 1 })
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all([...Array.from({ length: writers }, (_, index) => loop(first + index)), sealing()])
}

const openJournal = async (path: string): Promise<Journal> => {
  if (!path.startsWith('postgres:')) return openSqliteJournal({ path })
  const journal = await patiently(() => openPostgresJournal({ url: path, now: Date.now, newId }))
  return {
    ...journal,
    // As a client does with an unknown outcome: the same request again.
    append: (request) => patiently(() => journal.append(request)),
    recover: () => patiently(() => journal.recover()),
    seal: () => patiently(() => journal.seal()),
    search: (query) => patiently(() => journal.search(query)),
  }
}

/** Servers come back in a test within so many tries. */
const triesMax = 1500

const patiently = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  for (let tries = 1; ; tries += 1)
    try {
      return await work()
    } catch (error) {
      if (!isMcpdError(error) || error.code !== 'STORE_UNAVAILABLE' || tries === triesMax) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
}

const requestOf = (writer: number, number: number): Append => ({
  tenant: 'default',
  context: contextOf(writer),
  head: 'main',
  expected: '*',
  turns: [{ role: 'user', body: bodyOf({ role: 'user', content: textOf(writer, number) }) }],
  idempotencyKey: `${writer}-${number}`,
})

const idOf = (result: Appended): string => {
  if (result.outcome === 'conflict') throw new Error('An append anywhere is no conflict.')
  return result.turns[0]?.id ?? ''
}

const say = async (journal: Journal, writer: number, number: number): Promise<string> =>
  idOf(await journal.append(requestOf(writer, number)))

/** Opens a turn, then stores it: what a kill leaves open is aborted at the next start, and said anew. */
const answer = async (journal: Journal, writer: number, number: number): Promise<string> => {
  const request = { ...requestOf(writer, number), head: `w${writer}` }
  const { tenant, context, head } = request
  // Once it is there, this is a conflict that says so.
  await journal.append({ tenant, context, head, expected: null, turns: [] })
  const closes = newId()
  const place = { tenant, context, head, expected: '*' }
  await journal.append({ ...place, turns: [], opens: { id: closes, role: 'user' } })
  const result = await journal.append({ ...request, closes })
  // It was stored before the kill, and only its acknowledgement was lost.
  if (result.outcome === 'duplicate') await journal.append({ ...place, closes, turns: [aborted] })
  return idOf(result)
}

const aborted = { role: 'user', body: emptyBody('user'), state: 'aborted' } as const

// A process of tests that only reads from here has messages of its own.
if (process.argv[2] === 'write')
  process.once('message', (start: WriterStart) => {
    run(start).catch((error: unknown) => {
      process.send?.({ failed: String(error instanceof Error ? error.stack : error) })
      process.exitCode = 1
    })
  })
