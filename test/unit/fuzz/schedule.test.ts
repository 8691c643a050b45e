import { describe, expect, it } from 'vitest'
import { schedule, type Source } from '../../../src/fuzz/phases/schedule.ts'
import type { Phase } from '../../../src/fuzz/call.ts'

const run = (sources: readonly Source[], workers = 2, signal = new AbortController().signal) => {
  let clock = 0
  return schedule(sources, {
    workers,
    now: () => clock++,
    signal,
    shareEnds: () => Infinity,
    onPhase: () => undefined,
  })
}

const listed = (phase: Phase, names: readonly string[], done: string[], isQuiet = false): Source => {
  const left = [...names]
  return {
    phase,
    isQuiet,
    next: () => {
      const name = left.shift()
      return name === undefined ? undefined : () => Promise.resolve(void done.push(name))
    },
  }
}

describe('the schedule', () => {
  it('does everything, earlier phases first', async () => {
    const done: string[] = []
    await run(
      [listed('random', ['r'], done), listed('probe', ['p1', 'p2'], done), listed('coverage', ['c'], done)],
      1,
    )
    expect(done).toEqual(['p1', 'p2', 'c', 'r'])
  })

  it('lets one that hangs hold nobody up', async () => {
    const done: string[] = []
    let release = (): void => undefined
    const hangs = new Promise<void>((resolve) => (release = resolve))
    const stuck: Source = { phase: 'probe', next: () => () => hangs }
    const others: Source = listed('coverage', ['a', 'b'], done)
    const stop = new AbortController()
    const all = run([stuck, others], 2, stop.signal)
    await expect.poll(() => done).toEqual(['a', 'b'])
    stop.abort()
    release()
    await all
  })

  it('waits for what is not ready yet', async () => {
    const done: string[] = []
    let isReady = false
    const opening: Source = listed('probe', ['open'], done)
    const waiting: Source = { phase: 'coverage', isReady: () => isReady, next: () => undefined }
    const readying: Source = {
      phase: 'examples',
      next: () => (isReady ? undefined : () => Promise.resolve(void (isReady = true))),
    }
    await run([waiting, opening, readying])
    expect(isReady).toBe(true)
  })

  it('runs quiet work alone', async () => {
    let running = 0
    const overlaps: number[] = []
    const work = (isQuiet: boolean) => async () => {
      running++
      await Promise.resolve()
      if (isQuiet) overlaps.push(running)
      running--
    }
    const many = (isQuiet: boolean): Source => {
      let left = 5
      return { phase: 'stateful', isQuiet, next: () => (left-- > 0 ? work(isQuiet) : undefined) }
    }
    await run([many(false), many(true), many(false)], 4)
    expect(overlaps).toEqual([1, 1, 1, 1, 1])
  })

  it('lets quiet work have its turn while others have no end', async () => {
    const done: string[] = []
    const stop = new AbortController()
    const endless: Source = {
      phase: 'random',
      next: () => () => new Promise((resolve) => setImmediate(resolve)),
    }
    const quiet = listed('stateful', ['q1', 'q2'], done, true)
    const all = run([endless, endless, quiet], 4, stop.signal)
    await expect.poll(() => done).toEqual(['q1', 'q2'])
    stop.abort()
    await all
  })
})
