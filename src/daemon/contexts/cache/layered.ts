import type { TextCache } from './strict-keyv.ts'

export interface Layers {
  /** In this process; its failures are for the caller. */
  readonly memory: TextCache
  /** Between processes. Its failures are misses here, for nobody need wait for it. */
  readonly server: TextCache
  /** Told of each failure of the server. */
  readonly failed: (error: unknown) => void
}

/** Memory before a server: what was read or written here is not asked for again. */
export const layered = ({ memory, server, failed }: Layers): TextCache => ({
  get: async (keys, signal) => {
    const near = await memory.get(keys, signal)
    const missing = keys.filter((_, at) => near[at] === undefined)
    if (missing.length === 0) return near
    const found = await server.get(missing, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      failed(error)
      return []
    })
    const far = new Map(missing.flatMap((key, at) => (found[at] === undefined ? [] : [[key, found[at]]])))
    if (far.size > 0) await memory.set(far, signal)
    return keys.map((key, at) => near[at] ?? far.get(key))
  },
  set: async (entries, signal, ttlMs) => {
    await memory.set(entries, signal, ttlMs)
    await server.set(entries, signal, ttlMs).catch((error: unknown) => {
      signal.throwIfAborted()
      failed(error)
    })
  },
  close: async () => {
    await memory.close()
    await server.close()
  },
})
