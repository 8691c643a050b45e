import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Candidate } from './candidates.ts'
import type { Load, LoadResult } from './load.ts'
import { median } from './statistics.ts'

export interface Row extends LoadResult {
  readonly name: string
  /** CPU microseconds of each round; `cpuUs` is their median. */
  readonly rounds: readonly number[]
  /** Median over the rounds of what the percentile was above that of the first candidate in the same round. */
  readonly addedP50Ms: number
  readonly addedP99Ms: number
}

export interface RoundsOptions extends Pick<Load, 'connections' | 'warmMs' | 'runMs' | 'chunks'> {
  readonly rounds: number
  /** Load of the first, uncounted round, in which compilers do their work. */
  readonly heatMs: number
  readonly say: (line: string) => void
}

/**
 * Measures all candidates in turn, again and again: what else the machine does then falls on each of them alike.
 * Every other round goes backwards.
 */
export const runRounds = async (
  candidates: readonly Candidate[],
  { rounds, heatMs, say, ...options }: RoundsOptions,
): Promise<Row[]> => {
  // Plain JSON would lose the NaN of a candidate that answered nothing.
  const child = fork(fileURLToPath(new URL('load-process.ts', import.meta.url)), {
    serialization: 'advanced',
  })
  const exited = once(child, 'exit')
  const killOnExit = (): boolean => child.kill('SIGKILL')
  process.on('exit', killOnExit)
  const run = async ({ pid, url, headers, body }: Candidate, runMs: number): Promise<LoadResult> => {
    child.send({ pid, url, headers, body, ...options, runMs } satisfies Load)
    const [result] = await Promise.race([once(child, 'message'), exited.then(dead)])
    return result as LoadResult
  }
  try {
    for (const candidate of candidates) await run(candidate, heatMs)
    const results = new Map(candidates.map(({ name }) => [name, [] as LoadResult[]]))
    for (let round = 0; round < rounds; round += 1)
      for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
        const result = await run(candidate, options.runMs)
        say(`  ${candidate.name}: ${result.cpuUs.toFixed(1)} µs`)
        results.get(candidate.name)!.push(result)
      }
    const all = [...results]
    const direct = all[0]![1]
    return all.map(([name, each]) => summarise(name, each, direct))
  } finally {
    child.disconnect()
    await exited
    process.off('exit', killOnExit)
  }
}

const dead = (): never => {
  throw new Error('The process that makes the load has ended.')
}

const summarise = (name: string, each: readonly LoadResult[], direct: readonly LoadResult[]): Row => {
  const of = (read: (result: LoadResult, round: number) => number): number => median(each.map(read))
  return {
    name,
    cpuUs: of(({ cpuUs }) => cpuUs),
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    addedP50Ms: of(({ p50Ms }, round) => p50Ms - direct[round]!.p50Ms),
    addedP99Ms: of(({ p99Ms }, round) => p99Ms - direct[round]!.p99Ms),
    errors: each.reduce((sum, { errors }) => sum + errors, 0),
    rounds: each.map(({ cpuUs }) => cpuUs),
  }
}
