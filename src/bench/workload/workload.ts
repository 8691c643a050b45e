import { createRandom, type Random } from '../random.ts'
import { drawSize, type Sizes } from './sizes.ts'
import { vocabulary } from './vocabulary.ts'

/** What is asked, without when. Plain data: it goes to the measuring threads. */
export interface Workload {
  readonly seed: number
  readonly inputTokens: Sizes
  readonly outputTokens: Sizes
  /** Tokens at the beginning that all prompts have in common, part of `inputTokens`. */
  readonly sharedPrefixTokens: number
  /** How many tokens a word of the vocabulary is to the target; 1 when absent. */
  readonly tokensPerWord?: number
  /** Prompts to take in turn instead of made ones. */
  readonly prompts?: readonly Prompt[]
}

export interface Prompt {
  readonly text: string
  /** Where the source of the prompt says how long its answer was. */
  readonly outputTokens?: number
}

/** One request of the workload. */
export interface Ask {
  readonly index: number
  readonly text: string
  /** Tokens that the text was made to have, as far as a word is a token; undefined for a prompt from a file. */
  readonly inputTokens?: number
  readonly outputTokens: number
}

/** Requests of the warm-up draw other words, so that none of theirs is in a prefix cache when it counts. */
export type Stream = 'measured' | 'warm-up'

/** The `index`th request: the same for the same seed, whichever thread asks. */
export const askOf = (workload: Workload, stream: Stream, index: number): Ask => {
  const random = createRandom(workload.seed, stream === 'warm-up' ? 1 : 2, index)
  const outputTokens = drawSize(workload.outputTokens, random)
  const { prompts } = workload
  const given = prompts?.[index % prompts.length]
  if (given) return { index, text: given.text, outputTokens: given.outputTokens ?? outputTokens }
  const inputTokens = drawSize(workload.inputTokens, random)
  const { tokensPerWord = 1 } = workload
  const count = Math.max(1, Math.round(inputTokens / tokensPerWord))
  const shared = Math.min(Math.round(workload.sharedPrefixTokens / tokensPerWord), count)
  const text = [...words(createRandom(workload.seed, 0), shared), ...words(random, count - shared)].join(' ')
  return { index, text, inputTokens, outputTokens }
}

function* words(random: Random, count: number): Generator<string> {
  for (let left = count; left > 0; left -= 1) yield vocabulary[Math.floor(random() * vocabulary.length)]!
}
