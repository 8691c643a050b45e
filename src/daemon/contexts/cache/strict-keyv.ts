import { Keyv, type KeyvStoreAdapter } from 'keyv'
import { McpdError } from '../../../core/errors.ts'

/** What a Keyv can sit on: an adapter of Keyv, or what looks like a Map. */
export type KeyvStore = KeyvStoreAdapter | Map<string, unknown>

/**
 * Texts that can be computed again, by key. Nothing in it is the truth of anything: who reads it must do as well with
 * a miss as with a hit, and losing all of it costs time only.
 */
export interface TextCache {
  /** The texts of the keys in their order; undefined for those that are not there. Rejects rather than to call an error a miss. */
  get(keys: readonly string[], signal: AbortSignal): Promise<readonly (string | undefined)[]>
  /** Resolves when all are stored. Rejects when one is not, or when that is unknown. */
  set(entries: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface StrictKeyvOptions {
  /** Keys of one namespace are not seen in another. */
  readonly namespace: string
  /** Makes a store for this namespace alone: two namespaces over one adapter object read each other's values. */
  readonly open: (namespace: string) => KeyvStore
  /** Longest wait for one answer; 1000 when absent. A server that hangs would hold a request for ever. */
  readonly deadlineMs?: number
  /** Reads what was written before saying that it is; false when absent. Some adapters acknowledge writes that failed. */
  readonly readBack?: boolean
  /** How long texts are kept; for ever when absent. */
  readonly ttlMs?: number
}

/** Longest key that every adapter takes, with the namespace before it. */
const keyMaxChars = 200
/** Largest text that is worth keeping. */
const textMaxChars = 1_048_576

/**
 * A Keyv that fails aloud. By itself a Keyv takes a failed read for a miss and a failed write for done, hangs with a
 * frozen server, and throws what nobody catches when its adapter emits an error. Here each of these rejects with
 * STORE_UNAVAILABLE.
 */
export const strictKeyv = (options: StrictKeyvOptions): TextCache => {
  const { namespace, deadlineMs = 1000, readBack = false, ttlMs } = options
  const store = options.open(namespace)
  const keyv = new Keyv<string>({ store, namespace, throwOnErrors: true })
  /** Rejections of the operations that wait now: an adapter's error event says not of which it is. */
  const waiting = new Set<(error: unknown) => void>()
  keyv.on('error', (error: unknown) => {
    for (const reject of waiting) reject(error)
  })

  const attempt = async <Result>(run: () => Promise<Result>, signal: AbortSignal): Promise<Result> => {
    signal.throwIfAborted()
    const { promise: failed, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`No answer within ${deadlineMs} ms.`)), deadlineMs)
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    waiting.add(reject)
    // Nobody is left to hear of a run that fails after the race was decided.
    const running = run()
    running.catch(() => undefined)
    try {
      return await Promise.race([running, failed])
    } catch (error) {
      signal.throwIfAborted()
      throw new McpdError(
        'STORE_UNAVAILABLE',
        `The cache of ${namespace} does not work; mcpd goes on without it, more slowly.`,
        {},
        error,
      )
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      waiting.delete(reject)
    }
  }

  // Without a getMany of its own a store's failed reads come out of Keyv's as misses.
  const readMany = (keys: readonly string[]): Promise<unknown[]> =>
    store instanceof Map || store.getMany === undefined
      ? Promise.all(keys.map((key) => keyv.get(key)))
      : keyv.getMany([...keys])

  const read = async (keys: readonly string[]): Promise<readonly (string | undefined)[]> => {
    if (keys.length === 0) return []
    keys.forEach(checkKey)
    return (await readMany(keys)).map((value) => {
      if (value === undefined || typeof value === 'string') return value
      throw new Error('The store holds something that is no text.')
    })
  }

  const write = async (entries: ReadonlyMap<string, string>): Promise<void> => {
    const kept = [...entries].filter(([key, text]) => checkKey(key) && text.length <= textMaxChars)
    const done = await Promise.all(kept.map(([key, text]) => keyv.set(key, text, ttlMs)))
    if (done.includes(false)) throw new Error('The store refused a write.')
    if (!readBack) return
    const stored = await read(kept.map(([key]) => key))
    if (kept.some(([, text], at) => stored[at] !== text)) throw new Error('The store did not keep a write.')
  }

  return {
    get: (keys, signal) => attempt(() => read(keys), signal),
    set: (entries, signal) => attempt(() => write(entries), signal),
    close: () => attempt(() => keyv.disconnect(), AbortSignal.timeout(deadlineMs)),
  }
}

/** Keys are made by mcpd from hashes and names; one of another kind is a bug, and would be a hole. */
const checkKey = (key: string): true => {
  if (key.length > keyMaxChars || !/^[A-Za-z0-9_.:-]+$/.test(key))
    throw new Error(`"${key.slice(0, 40)}" is no key of a cache.`)
  return true
}
