import { describe, expect, it } from 'vitest'
import type { CrawlOutcome, OutcomeKind } from '../../../src/crawler/outcome.ts'
import { createSchedule, type Job } from '../../../src/crawler/schedule.ts'

/** A schedule whose time is moved by hand. */
const scheduling = () => {
  const waiting: { ms: number; work: () => void }[] = []
  const told: string[] = []
  const schedule = createSchedule({
    random: () => 0,
    after: (ms, work) => {
      const entry = { ms, work }
      waiting.push(entry)
      return () => void (waiting.includes(entry) && waiting.splice(waiting.indexOf(entry), 1))
    },
    onOutcome: ({ name, outcome }) => told.push(`${name} ${outcome}`),
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  /** Lets the earliest of what waits happen. */
  const next = async (): Promise<number> => {
    const entry = waiting.shift()!
    entry.work()
    await settle()
    return entry.ms
  }
  return { schedule, told, next, waiting }
}

const job = (name: string, outcomes: OutcomeKind[] = ['unchanged'], key = name): Job => ({
  name,
  key,
  everyMs: 600_000,
  look: () => Promise.resolve({ name, outcome: outcomes.shift() ?? 'unchanged' } as CrawlOutcome),
})

describe('a schedule', () => {
  it('looks soon after the start, and then every so often', async () => {
    const { schedule, told, next } = scheduling()
    schedule.set([job('a')])
    expect(await next()).toBe(0)
    expect(await next()).toBe(600_000)
    expect(told).toEqual(['a unchanged', 'a unchanged'])
    expect(schedule.outcomes.get('a')).toMatchObject({ outcome: 'unchanged' })
    await schedule.close()
  })

  it('looks again soon where something is pending', async () => {
    const { schedule, next, told } = scheduling()
    schedule.set([job('a', ['pending', 'changed'])])
    await next()
    expect(await next()).toBe(60_000)
    expect(told).toEqual(['a pending', 'a changed'])
    await schedule.close()
  })

  it('keeps what stays the same, and stops what does not', async () => {
    const { schedule, waiting, next, told } = scheduling()
    schedule.set([job('a'), job('b')])
    await next()
    await next()
    schedule.set([job('a'), job('b', [], 'another key'), job('c')])
    expect(waiting.map(({ ms }) => ms)).toEqual([600_000, 0, 0])
    schedule.set([])
    expect(waiting).toEqual([])
    expect(schedule.outcomes.size).toBe(0)
    expect(told).toEqual(['a unchanged', 'b unchanged'])
    await schedule.close()
  })

  it('stops what runs when it closes', async () => {
    const { schedule, next, waiting } = scheduling()
    const look = (signal: AbortSignal) =>
      new Promise<CrawlOutcome>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    schedule.set([{ ...job('a'), look }])
    await next()
    await schedule.close()
    expect(waiting).toEqual([])
  })
})
