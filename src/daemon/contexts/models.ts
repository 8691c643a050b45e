import type { ContextsConfig } from '../../core/context-config.ts'
import { McpdError } from '../../core/errors.ts'
import type { Message } from '../../core/inference.ts'
import type { Registry } from '../registry.ts'
import type { Ask } from './ask.ts'
import type { TextCache } from './cache/strict-keyv.ts'
import { createOfflineEmbedder } from './embeddings/offline.ts'
import { createVectors, type Embedder, type Vectors } from './embeddings/vectors.ts'
import type { Tokenize } from './exact-counts.ts'

/** What contexts ask of models: counts of tokens, vectors, summaries. */

/** The tokenizer of a model's backend; undefined where the adapter has none. */
export const tokenizeBy =
  (registry: Registry, ask: Ask) =>
  (model: string): Tokenize | undefined => {
    const target = registry.lookupRoute(undefined, model)?.targets[0]
    if (target?.backend.adapter.operations.includes('tokenize') !== true) return undefined
    return async (input, signal) => {
      const { tokens, tokenCount = tokens?.length } = await ask(
        model,
        { operation: 'tokenize', ...input },
        signal,
      )
      if (tokenCount === undefined) throw new McpdError('BACKEND_ERROR', `${model} counted no tokens.`)
      return tokenCount
    }
  }

const embedderOf = (model: string, ask: Ask): Embedder => ({
  name: model,
  embed: async (texts, signal) => {
    const { embeddings } = await ask(model, { operation: 'embed', inputs: texts, extra: {} }, signal)
    return embeddings ?? []
  },
  close: async () => undefined,
})

/** Undefined where the config names no model: turns are found by their words then. */
export const vectorsOf = ({ embeddings }: ContextsConfig, ask: Ask, cache: TextCache): Vectors | undefined =>
  embeddings &&
  createVectors({
    cache,
    embedder: embeddings.model === 'offline' ? createOfflineEmbedder() : embedderOf(embeddings.model, ask),
  })

/** The text that a model answers with. */
export const inferBy =
  (model: string, ask: Ask) =>
  async (messages: readonly Message[], signal: AbortSignal): Promise<string> => {
    const input = { operation: 'chat', messages, sampling: { temperature: 0 }, extra: {} } as const
    return (await ask(model, input, signal)).choices[0]?.text ?? ''
  }
