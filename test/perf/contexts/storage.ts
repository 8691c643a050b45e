import { bodyOf } from '../../../src/core/canonical-json.ts'
import type { Message } from '../../../src/core/inference.ts'
import { createTalks } from './conversations.ts'
import { newTurns, type OpenStore, openStore } from './stores.ts'

export interface Storage {
  readonly turns: number
  readonly conversations: number
  readonly messages: number
  /** The state as JSON, once for each turn of each branch. */
  readonly fullCopyBytes: number
  /** The state as JSON, once for each branch. */
  readonly transcriptBytes: number
  /** Bodies and segments in the journal. */
  readonly contentBytes: number
  /** The whole file or all tables: also turns, heads, keys, indexes. */
  readonly fileBytes: number
  /** Of a database, when everything in it was written anew. */
  readonly compactBytes?: number
}

const forkShare = 0.04
const editShare = 0.04

/** Bytes of messages as one JSON text. */
const jsonBytes = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + bodyOf(message).length + 1, 1)

/** Stores conversations, 4 % of their turns forked and 4 % edited, and compares what they take with two baselines. */
export const measureStorage = async (
  turns: number,
  conversations: number,
  open: () => Promise<OpenStore> = openStore,
): Promise<Storage> => {
  await using stack = new AsyncDisposableStack()
  const { store, vacuum, close } = await open()
  stack.defer(close)
  const { random, talk, turn } = createTalks(turns)
  let fullCopyBytes = 0
  let transcriptBytes = 0
  let messageCount = 0
  const empty = (await store.journal.stats()).bytes.stored
  for (let conversation = 0; conversation < conversations; conversation += 1) {
    const key = { tenant: 'default', context: `c${conversation}` }
    await store.create(key)
    const said: Message[] = []
    const ends: string[] = []
    const branch = async (name: string, at: number): Promise<void> => {
      const kept = said.slice(0, messagesUntil[at])
      const messages = turn()
      await store.fork({ ...key, from: { turn: ends[at]! }, name })
      await store.append({ ...key, head: name, expected: '*', turns: newTurns(messages) })
      const bytes = jsonBytes([...kept, ...messages])
      fullCopyBytes += bytes
      transcriptBytes += bytes
      messageCount += messages.length
    }
    const messagesUntil: number[] = []
    for (const [at, messages] of talk(turns).entries()) {
      const stored = await store.append({ ...key, expected: '*', turns: newTurns(messages) })
      said.push(...messages)
      messagesUntil.push(said.length)
      ends.push(stored.head!)
      messageCount += messages.length
      fullCopyBytes += jsonBytes(said)
      if (random() < forkShare) await branch(`fork-${at}`, at)
      if (random() < editShare && at > 0) await branch(`edit-${at}`, at - 1)
    }
    transcriptBytes += jsonBytes(said)
    // As a database does by itself, from time to time.
    await vacuum?.('plain')
  }
  await store.journal.seal()
  await store.journal.collect({})
  await vacuum?.('plain')
  const { bytes } = await store.journal.stats()
  await vacuum?.('full')
  const compact = vacuum && (await store.journal.stats()).bytes.stored
  return {
    turns,
    conversations,
    messages: messageCount,
    fullCopyBytes,
    transcriptBytes,
    contentBytes: bytes.bodies + bytes.segments,
    fileBytes: bytes.stored - empty,
    ...(compact !== undefined && { compactBytes: compact - empty }),
  }
}
