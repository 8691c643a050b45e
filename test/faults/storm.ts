import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openSqliteJournal } from '../../src/daemon/contexts/journal/sqlite.ts'
import { findLosses } from './check.ts'
import { readLog, type WriterStart } from './writer.ts'

export interface StormOptions {
  /** Empty, and left with the store in it. */
  readonly directory: string
  readonly rounds: number
  readonly seed: number
  /** Acknowledges before it writes: a storm over it must find losses. */
  readonly isWriteBehind?: boolean
  readonly tell?: (line: string) => void
}

export interface StormResult {
  readonly rounds: number
  readonly acknowledged: number
  readonly wrong: readonly string[]
  /** The longest that a store took to open and recover after a kill. */
  readonly startMaxMs: number
}

/** Where a process kills itself, in turn; undefined: it is killed from outside at some acknowledgement. */
const points = [
  undefined,
  'before-commit',
  'after-commit',
  'after-acknowledgement',
  'before-seal',
  'after-seal',
  'after-index',
  undefined,
] as const

/** Starts writers again and again, each time until they are killed, then compares what they were told with what is there. */
export const runStorm = async (options: StormOptions): Promise<StormResult> => {
  const { directory, rounds, seed, isWriteBehind = false, tell = () => undefined } = options
  const start: WriterStart = {
    path: join(directory, 'contexts.db'),
    log: join(directory, 'log'),
    isWriteBehind,
  }
  const random = numbers(seed)
  let startMaxMs = 0
  for (let round = 0; round < rounds; round += 1) {
    const point = points[round % points.length]
    const times = point?.includes('-commit') || point?.includes('-ack') ? 2 + random(60) : 1
    const { startMs, how } = await runUntilKilled(start, {
      ...(point !== undefined && { failpoint: `${point}@${times}` }),
      // Where a failpoint is not reached, the writers do not go on for ever.
      killAt: point === undefined ? 1 + random(80) : 2000,
    })
    startMaxMs = Math.max(startMaxMs, startMs)
    tell(`round ${round + 1}: ${point ?? 'kill'} → ${how}, ${readLog(start.log).length} acknowledged`)
  }
  const journal = await openSqliteJournal({ path: start.path })
  try {
    await journal.recover()
    const acknowledged = readLog(start.log)
    const wrong = await findLosses(journal, acknowledged)
    return { rounds, acknowledged: acknowledged.length, wrong, startMaxMs }
  } finally {
    await journal.close()
  }
}

const entry = new URL('writer.ts', import.meta.url)

const runUntilKilled = async (
  start: WriterStart,
  { failpoint = '', killAt }: { readonly failpoint?: string; readonly killAt: number },
): Promise<{ readonly startMs: number; readonly how: string }> => {
  const child = fork(entry, ['write'], {
    env: { ...process.env, MCPD_FAILPOINT: failpoint },
    stdio: 'inherit',
  })
  let startMs = 0
  let failure: string | undefined
  child.on(
    'message',
    (message: { readonly startMs?: number; readonly count?: number; readonly failed?: string }) => {
      startMs = message.startMs ?? startMs
      failure ??= message.failed
      if ((message.count ?? 0) >= killAt) child.kill('SIGKILL')
    },
  )
  child.send(start)
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (signal !== 'SIGKILL')
    throw new Error(`The writers ended by themselves with ${code}: ${failure ?? 'no reason'}`)
  return { startMs, how: failpoint === '' ? 'killed' : `killed at ${failpoint}` }
}

/** Whole numbers below a limit, the same for the same seed. */
const numbers = (seed: number) => {
  let state = seed >>> 0
  return (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
