import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { newId } from '../../src/daemon/contexts/ids.ts'
import { openPostgresJournal } from '../../src/daemon/contexts/journal/postgres.ts'
import type { PostgresServer } from '../harness/postgres.ts'
import { findLosses } from './check.ts'
import type { StormOptions, StormResult } from './storm.ts'
import { readLog, type WriterStart } from './writer.ts'

/** What happens while two processes write: to the server, or only to them at the end of each round. */
const faults = ['kill', 'terminate', 'stop', 'kill', 'terminate'] as const

/** So many acknowledgements come before a fault, at most, and after it before both processes are killed. */
const acknowledgementsMax = 60

/** Two processes write to one server; connections are ended, the server is stopped at once, and both are killed, again and again. */
export const runPostgresStorm = async (
  server: PostgresServer,
  options: StormOptions,
): Promise<Omit<StormResult, 'startMaxMs'>> => {
  const { directory, rounds, seed, isWriteBehind = false, tell = () => undefined } = options
  const log = join(directory, 'log')
  let state = seed
  const random = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 1 + Math.floor((state / 2 ** 32) * limit)
  }
  for (let round = 0; round < rounds; round += 1) {
    const fault = faults[round % faults.length] ?? 'kill'
    const children = [0, 8].map((first) => startWriters({ path: server.url, first, log, isWriteBehind }))
    await written(children, random(acknowledgementsMax))
    if (fault === 'terminate')
      await server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcpd'",
      )
    if (fault === 'stop') {
      await server.kill()
      await server.start()
    }
    await written(children, random(acknowledgementsMax))
    await Promise.all(
      children.map(async ({ child }) => {
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      }),
    )
    // Their leases have run out.
    await server.query('DELETE FROM mcpd.owners')
    tell(`round ${round + 1}: ${fault}, ${readLog(log).length} acknowledged`)
  }
  const journal = await openPostgresJournal({ url: server.url, now: Date.now, newId })
  try {
    await journal.recover()
    const acknowledged = readLog(log)
    return { rounds, acknowledged: acknowledged.length, wrong: await findLosses(journal, acknowledged) }
  } finally {
    await journal.close()
  }
}

interface Writers {
  readonly child: ChildProcess
  readonly count: () => number
  readonly failure: () => string | undefined
}

const entry = new URL('writer.ts', import.meta.url)

const startWriters = (start: WriterStart): Writers => {
  const child = fork(entry, ['write'], { stdio: 'inherit' })
  let count = 0
  let failure: string | undefined
  child.on('message', (message: { readonly count?: number; readonly failed?: string }) => {
    count = message.count ?? count
    failure ??= message.failed
  })
  child.send(start)
  return { child, count: () => count, failure: () => failure }
}

/** Until each has so many more acknowledgements. */
const written = async (children: readonly Writers[], more: number): Promise<void> => {
  await Promise.all(
    children.map(async ({ child, count, failure }) => {
      const until = count() + more
      while (count() < until) {
        if (child.exitCode !== null)
          throw new Error(`The writers ended by themselves: ${failure() ?? 'no reason'}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }),
  )
}
