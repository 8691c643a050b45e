import type { Description, ModelManagement, PullProgress } from '../../core/adapter.ts'
import { createNdjsonDecoder } from '../../core/ndjson.ts'
import type { TransportResponse } from '../../core/transport.ts'
import {
  type ManageWord,
  type ModelRequest,
  parseDescription,
  parseFailure,
  parseProgress,
} from './sidecar-protocol.ts'
import type { Supervisor } from './sidecar-supervisor.ts'

/** What the daemon asks a sidecar about single models, besides inference. */

const answerMaxBytes = 16 * 1024 * 1024

const post = async (
  supervisor: Supervisor,
  path: string,
  asked: ModelRequest,
  signal: AbortSignal,
): Promise<TransportResponse> => {
  const transport = await supervisor.transport(signal)
  const response = await supervisor.blame(signal, () =>
    transport.send({
      method: 'POST',
      path,
      body: JSON.stringify(asked),
      headers: { 'content-type': 'application/json' },
      signal,
    }),
  )
  if (response.status === 200) return response
  const body = await supervisor.blame(signal, () => response.bytes(answerMaxBytes))
  throw parseFailure(`POST ${path}`, response.status, body)
}

const bytesOf = async (
  supervisor: Supervisor,
  path: string,
  asked: ModelRequest,
  signal: AbortSignal,
): Promise<Buffer> => {
  const response = await post(supervisor, path, asked, signal)
  return supervisor.blame(signal, () => response.bytes(answerMaxBytes))
}

export const describeInSidecar = async (
  supervisor: Supervisor,
  model: string,
  signal: AbortSignal,
): Promise<Description> => parseDescription(await bytesOf(supervisor, '/describe', { model }, signal))

/** The management that a sidecar's capabilities name; undefined when they name none. */
export const manageInSidecar = (
  supervisor: Supervisor,
  words: readonly ManageWord[] = [],
): ModelManagement | undefined => {
  if (words.length === 0) return undefined
  const all: Required<ModelManagement> = {
    load: async (model, signal, keepAlive) => {
      const asked = { model, ...(keepAlive !== undefined && { keepAlive }) }
      await bytesOf(supervisor, '/models/load', asked, signal)
    },
    unload: async (model, signal) => void (await bytesOf(supervisor, '/models/unload', { model }, signal)),
    remove: async (model, signal) => void (await bytesOf(supervisor, '/models/remove', { model }, signal)),
    pull: (model, signal) => pull(supervisor, model, signal),
  }
  return Object.fromEntries(words.map((word) => [word, all[word]]))
}

async function* pull(
  supervisor: Supervisor,
  model: string,
  signal: AbortSignal,
): AsyncGenerator<PullProgress> {
  const response = await post(supervisor, '/models/pull', { model }, signal)
  const decoder = createNdjsonDecoder()
  const chunks = response.body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await supervisor.blame(signal, () => chunks.next())
      const lines = done ? [decoder.end()] : decoder.push(value)
      for (const line of lines) if (line && line.text.trim() !== '') yield parseProgress(line.text)
      if (done) return
    }
  } finally {
    await chunks.return?.()
  }
}
