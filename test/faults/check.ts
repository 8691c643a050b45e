import type { StoredTurn } from '../../src/core/context.ts'
import type { Journal } from '../../src/core/journal.ts'
import { type Acknowledged, contexts, textOf } from './writer.ts'

/** Everything that is wrong between what was acknowledged and what a store has; nothing is what must be found. */
export const findLosses = async (
  journal: Journal,
  acknowledged: readonly Acknowledged[],
): Promise<readonly string[]> => {
  const stored = await Promise.all(
    contexts.map(async (context) => {
      const turns = (await journal.turns({ tenant: 'default', context })) ?? []
      return { context, turns: turns.filter(({ state }) => state === 'complete') }
    }),
  )
  return [
    ...stored.flatMap(({ context, turns }) => compare(context, turns, acknowledged)),
    ...(await findBrokenPaths(journal)),
    ...(await Array.fromAsync(journal.fsck())).map(({ kind, detail }) => `fsck: ${kind}: ${detail}`),
  ]
}

const compare = (
  context: string,
  turns: readonly StoredTurn[],
  acknowledged: readonly Acknowledged[],
): readonly string[] => {
  const wrong: string[] = []
  const times = new Map<string, readonly StoredTurn[]>()
  const lastSeq = new Map<string, { readonly number: number; readonly seq: number }>()
  for (const turn of turns) {
    const { content } = JSON.parse(turn.body.toString()) as { content: string }
    const [writer = '', number = ''] = content.split(' ')
    if (content !== textOf(Number(writer), Number(number)))
      wrong.push(`${context}: ${turn.id} is not what was written`)
    const name = `${writer} ${number}`
    times.set(name, [...(times.get(name) ?? []), turn])
    const before = lastSeq.get(writer)
    if (before && (before.number >= Number(number) || before.seq >= turn.seq))
      wrong.push(`${context}: writer ${writer} wrote ${before.number} before ${number}`)
    lastSeq.set(writer, { number: Number(number), seq: turn.seq })
  }
  for (const [name, found] of times)
    if (found.length !== 1) wrong.push(`${context}: ${name} is there ${found.length} times`)
  const mine = acknowledged.filter((line) => line.context === context)
  for (const { writer, number, id } of mine) {
    const found = times.get(`${writer} ${number}`)?.[0]
    if (!found) wrong.push(`${context}: ${writer} ${number} was acknowledged and is lost`)
    else if (id !== '' && found.id !== id)
      wrong.push(`${context}: ${writer} ${number} was acknowledged as ${id}`)
  }
  // A kill leaves at most one thing of each writer unacknowledged.
  for (const [writer, { number }] of lastSeq) {
    const last = Math.max(
      0,
      ...mine.filter((line) => String(line.writer) === writer).map((line) => line.number),
    )
    if (number > last + 1) wrong.push(`${context}: ${number} of writer ${writer} came without ${last + 1}`)
  }
  return wrong
}

/** Every head reads whole, and together they hold every turn. */
const findBrokenPaths = async (journal: Journal): Promise<readonly string[]> => {
  const wrong: string[] = []
  for (const context of contexts) {
    const key = { tenant: 'default', context }
    const summary = await journal.summary(key)
    const seen = new Set<string>()
    for (const head of Object.keys(summary?.heads ?? {})) {
      const path = await journal.path(key, { head })
      for (const { id } of path?.turns ?? []) seen.add(id)
    }
    if (seen.size !== (summary?.turns ?? 0))
      wrong.push(`${context}: its heads reach ${seen.size} of ${summary?.turns} turns`)
  }
  return wrong
}
