import type { ContextKey } from '../../../core/context.ts'
import type { OutboxEntry } from '../../../core/journal.ts'
import { unknownConsumer } from './refusals.ts'

/** Entries that a consumer may leave unsettled; older ones are dropped, which it sees by their numbers. */
export const outboxMax = 100_000

export const createMemoryOutbox = (consumers: readonly string[]) => {
  const settled = new Map(consumers.map((name) => [name, 0]))
  let entries: OutboxEntry[] = []
  let last = 0
  const through = (consumer: string): number => {
    const number = settled.get(consumer)
    if (number === undefined) throw unknownConsumer(consumer)
    return number
  }
  return {
    size: (): number => entries.length,
    add: ({ tenant, context }: ContextKey, event: OutboxEntry['event'], turns: readonly string[]): void => {
      if (settled.size === 0) return
      last += 1
      entries.push({ number: last, tenant, context, event, turns })
      if (entries.length > outboxMax) entries.shift()
    },
    read: (consumer: string, limit: number): readonly OutboxEntry[] => {
      const after = through(consumer)
      return entries.filter(({ number }) => number > after).slice(0, limit)
    },
    settle: (consumer: string, number: number): void => {
      settled.set(consumer, Math.max(through(consumer), number))
      const least = Math.min(...settled.values())
      entries = entries.filter((entry) => entry.number > least)
    },
  }
}
