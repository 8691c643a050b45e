import type { FinishReason } from '../../core/inference.ts'

/** The wire forms, named after their routes. */
export type Form = 'chat' | 'generate' | 'embed' | 'embeddings'

/**
 * What frames call each form: the bytes of one are no answer to a request of another, so to frames each is a
 * dialect of its own. Errors look the same everywhere; their frames are of `errorDialect`.
 */
export const dialects = {
  chat: 'ollama/chat',
  generate: 'ollama/generate',
  embed: 'ollama/embed',
  embeddings: 'ollama/embeddings',
} as const satisfies Record<Form, string>

export const errorDialect = 'ollama'

/** The form of a frame's bytes; undefined when they are of another dialect. */
export const formOf = (dialect: string | undefined): Form | undefined =>
  (Object.keys(dialects) as Form[]).find((form) => dialects[form] === dialect)

/** Ollama numbers no calls and names few: the ids of one answer differ by request and place. */
export const madeCallId = (id: string, call: number): string => `call_${id}_${call}`

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  load: 'stop',
  unload: 'stop',
}

/** Calls of tools end with `stop` too. Versions before done_reason only ended so. */
export const decodeDoneReason = (reason: unknown, calls: number): FinishReason => {
  const decoded = typeof reason === 'string' && reason !== '' ? (reasons[reason] ?? 'other') : 'stop'
  return decoded === 'stop' && calls > 0 ? 'tool-calls' : decoded
}

export const encodeDoneReason = (reason: FinishReason): string => {
  if (reason === 'content-filter') return 'content_filter'
  return reason === 'length' ? 'length' : 'stop'
}
