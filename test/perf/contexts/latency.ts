import type { StoredTurn } from '../../../src/core/context.ts'
import { createPruning } from '../../../src/daemon/contexts/pruning.ts'
import { pathOf } from '../../unit/daemon/contexts/a-path.ts'
import { createTalks } from './conversations.ts'
import { measure, newTurns, openStore, type OpenStore, type Spread, storeTalk } from './stores.ts'

export interface Fetch {
  readonly turns: number
  readonly messages: number
  readonly bytes: number
  /** The path in memory: bytes spliced into one JSON text. */
  readonly hot: Spread
  /** Read from the journal's file by its thread, decoded and checked, then spliced. */
  readonly cold: Spread
}

/** `[a,b,…]` of stored bodies, unparsed, as an answer carries them. */
export const splice = (turns: readonly StoredTurn[]): Buffer =>
  Buffer.concat([
    Buffer.from('['),
    ...turns.flatMap(({ body }, at) => (at === 0 ? [body] : [comma, body])),
    Buffer.from(']'),
  ])
const comma = Buffer.from(',')

const key = { tenant: 'default', context: 'c' }

const talkOf = async (turns: number, open: () => Promise<OpenStore>): Promise<OpenStore> => {
  const opened = await open()
  await storeTalk(opened.store, 'c', createTalks(turns).talk(turns))
  await opened.store.journal.seal()
  return opened
}

export const measureFetch = async (
  turns: number,
  samples: number,
  open: () => Promise<OpenStore> = openStore,
): Promise<Fetch> => {
  await using stack = new AsyncDisposableStack()
  const { store, journal, close } = await talkOf(turns, open)
  stack.defer(close)
  const { turns: stored } = await store.path(key)
  const hot = await measure(samples, async () => splice((await store.path(key)).turns))
  const cold = await measure(samples, async () => splice((await journal.path(key, { head: 'main' }))!.turns))
  return { turns, messages: stored.length, bytes: splice(stored).length, hot, cold }
}

export interface Budgeted {
  readonly turns: number
  readonly messages: number
  /** The next question on a path whose earlier turns were seen before. */
  readonly next: Spread
  /** The same path seen for the first time since the daemon began. */
  readonly firstMs: number
}

const budgetTokens = 8000

/** Views of 8,000 tokens of a path whose bodies are read, each time one turn longer, as in a conversation. */
export const measureBudgeted = async (turns: number, samples: number): Promise<Budgeted> => {
  const { talk, turn } = createTalks(turns)
  const warm = Math.ceil(samples / 10)
  const messages = [...talk(turns), ...Array.from({ length: samples + warm }, turn)].flat()
  const path = pathOf(...messages)
  const questions = path.flatMap(({ message }, at) => (message.role === 'user' ? [at] : []))
  const pruning = createPruning({})
  const signal = new AbortController().signal
  const request = { model: 'm', budgetTokens, pathKey: 'c' }
  const startMs = performance.now()
  await pruning.prune(path.slice(0, questions[turns - 1]), request, signal)
  const firstMs = performance.now() - startMs
  const next = await measure(samples, (at) =>
    pruning.prune(path.slice(0, questions[turns + at - 1]! + 1), request, signal),
  )
  return { turns, messages: questions[turns]!, next, firstMs }
}

/** One question and one answer, acknowledged when the disk has them. */
export const measureAppend = async (
  samples: number,
  open: () => Promise<OpenStore> = openStore,
): Promise<Spread> => {
  await using stack = new AsyncDisposableStack()
  const { store, close } = await open()
  stack.defer(close)
  const { turn } = createTalks(1)
  await store.create(key)
  return await measure(samples, () => {
    const messages = turn()
    return store.append({ ...key, expected: '*', turns: newTurns([messages[0]!, messages.at(-1)!]) })
  })
}

export interface Fork {
  readonly messages: number
  readonly time: Spread
  /** Of the whole file, for each fork. */
  readonly bytes: number
}

export const measureFork = async (
  turns: number,
  samples: number,
  open: () => Promise<OpenStore> = openStore,
): Promise<Fork> => {
  await using stack = new AsyncDisposableStack()
  const { store, close } = await talkOf(turns, open)
  stack.defer(close)
  const { turns: stored } = await store.path(key)
  const before = await store.journal.stats()
  const time = await measure(samples, (at) =>
    store.fork({ ...key, from: { turn: stored[at % stored.length]!.id }, name: `fork-${at}` }),
  )
  const after = await store.journal.stats()
  const forks = after.heads - before.heads
  return { messages: stored.length, time, bytes: (after.bytes.stored - before.bytes.stored) / forks }
}
