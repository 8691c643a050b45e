import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp'
import { createSlots } from './slots.ts'

export interface SequenceLease {
  readonly sequence: LlamaContextSequence
  /** Gives the sequence to the next in line. `broken`: its state cannot be trusted, make a new one. */
  readonly release: (broken: boolean) => Promise<void>
}

export interface SequencePool {
  readonly contextLength: number
  /** Waits for a free sequence; of those the one that remembers most of `prompt`. Throws QUEUE_FULL or the signal's reason. */
  acquire(prompt: readonly Token[], signal: AbortSignal): Promise<SequenceLease>
}

/** The sequences of a context, kept between requests so that a conversation finds its own prefix again. */
export const createSequencePool = (context: LlamaContext, queueMax: number): SequencePool => {
  const slots = createSlots(context.totalSequences, queueMax)
  /** Least recently used first. */
  const free = Array.from({ length: context.totalSequences }, () => context.getSequence())

  const take = (prompt: Token[]): LlamaContextSequence => {
    const remembered = free.map((sequence) => sequence.compareContextTokens(prompt).firstDifferentIndex)
    const [sequence] = free.splice(remembered.indexOf(Math.max(...remembered)), 1)
    // A slot was free, so a sequence is missing only when a new one could not be made for a broken one.
    return sequence ?? context.getSequence()
  }

  return {
    contextLength: context.contextSize,
    acquire: async (prompt, signal) => {
      const giveBack = await slots.acquire(signal)
      try {
        const sequence = take([...prompt])
        return {
          sequence,
          release: async (broken) => {
            try {
              if (broken) await sequence.dispose()
              free.push(broken ? context.getSequence() : sequence)
            } finally {
              giveBack()
            }
          },
        }
      } catch (error) {
        giveBack()
        throw error
      }
    },
  }
}
