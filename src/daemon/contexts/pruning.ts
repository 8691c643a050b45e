import type { Message, Tool } from '../../core/inference.ts'
import type { Vectors } from './embeddings/vectors.ts'
import type { PathTurn } from './path.ts'
import { createRelevance, type Relevance } from './relevance.ts'
import type { TextCache } from './cache/strict-keyv.ts'
import type { Tokenize } from './exact-counts.ts'
import { createTokenCounter, type TokenCounter } from './token-counter.ts'
import { type View, view } from './view.ts'

export interface PruneRequest {
  /** Whose tokens count, such as `gpu-0/llama-3`. */
  readonly model: string
  readonly budgetTokens: number
  readonly tools?: readonly Tool[]
  /** By which what was read of a path is found again; such as tenant, context and head. */
  readonly pathKey: string
}

export interface PrunedView extends View {
  /** Such as that there was no time for embeddings. */
  readonly warnings: readonly string[]
}

/** Views of conversations, with all that is kept from one to the next. */
export interface Pruning {
  /** Throws BAD_REQUEST as `view` does. */
  prune(path: readonly PathTurn[], request: PruneRequest, signal: AbortSignal): Promise<PrunedView>
  /** Tells how many tokens a backend counted in what it was sent. */
  learn(model: string, sent: readonly Message[], tools: readonly Tool[], inputTokens: number): void
  close(): Promise<void>
}

export interface PruningOptions {
  /** The tokenizer of a model's backend; undefined where it has none. */
  readonly tokenizeOf?: (model: string) => Tokenize | undefined
  /** Where exact counts outlive the process. */
  readonly counts?: TextCache
  /** Makes views semantic. */
  readonly vectors?: Vectors
}

/** Models whose counts, and paths whose words, are kept in memory; of those also no more numbers, at 8 bytes each. */
const modelsMax = 256
const pathsMax = 256
const pathsMaxNumbers = 8_000_000

export const createPruning = ({ tokenizeOf, counts, vectors }: PruningOptions): Pruning => {
  const counters = new Map<string, TokenCounter>()
  const relevances = new Map<string, Relevance>()

  const counterOf = (model: string): TokenCounter =>
    remembered(counters, model, modelsMax, () => {
      const tokenize = tokenizeOf?.(model)
      return createTokenCounter({
        tokenizer: model,
        ...(tokenize && { tokenize }),
        ...(counts && { cache: counts }),
      })
    })

  const prune = async (
    path: readonly PathTurn[],
    { model, budgetTokens, tools = [], pathKey }: PruneRequest,
    signal: AbortSignal,
  ): Promise<PrunedView> => {
    const counted = await counterOf(model).count(path, { tools, budgetTokens }, signal)
    const found = await vectors?.of(path, signal)
    const made = view(path, {
      budgetTokens,
      ...counted,
      relevance: remembered(relevances, pathKey, pathsMax, createRelevance),
      ...(found && 'vectorsOf' in found && { vectorsOf: found.vectorsOf }),
    })
    forgetLongest(relevances)
    const warning = found && 'warning' in found && made.mode === 'lexical' ? [found.warning] : []
    return { ...made, warnings: warning }
  }

  return {
    prune,
    learn: (model, sent, tools, inputTokens) => counterOf(model).observe(sent, tools, inputTokens),
    close: async () => {
      await vectors?.close()
      await counts?.close()
    },
  }
}

/** Drops the words of the paths not asked for the longest, until the others are within their bound. */
const forgetLongest = (relevances: Map<string, Relevance>): void => {
  let numbers = 0
  for (const { weight } of relevances.values()) numbers += weight
  for (const [key, { weight }] of relevances) {
    if (numbers <= pathsMaxNumbers) return
    relevances.delete(key)
    numbers -= weight
  }
}

/** The value of a key, made where there is none; the one not asked for the longest goes when there are too many. */
const remembered = <Value>(
  values: Map<string, Value>,
  key: string,
  max: number,
  make: () => Value,
): Value => {
  const value = values.get(key) ?? make()
  values.delete(key)
  values.set(key, value)
  if (values.size > max) values.delete(values.keys().next().value!)
  return value
}
