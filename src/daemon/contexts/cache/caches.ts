import { createLruStore } from './lru-store.ts'
import { type KeyvStore, strictKeyv, type TextCache } from './strict-keyv.ts'

/** What contexts keep of what they have computed. */
export interface Caches {
  /** Tokens of bodies, by tokenizer. */
  readonly counts: TextCache
  /** Embeddings of bodies, by model. */
  readonly vectors: TextCache
}

/** Of each cache in memory, beside what is kept unpacked by those who use it. */
const memoryMaxBytes = 16 * 1024 * 1024

/**
 * `open` makes the store of one namespace, a new one each time, such as an adapter of Keyv for a server; in memory
 * when absent.
 */
export const openCaches = (
  open: (namespace: string) => KeyvStore = () => createLruStore({ bytesMax: memoryMaxBytes }),
): Caches => ({
  counts: strictKeyv({ namespace: 'mcpd-counts', open }),
  vectors: strictKeyv({ namespace: 'mcpd-vectors', open }),
})
