import { Keyv, type KeyvStoreAdapter } from 'keyv'
import { cachedMaxBytes } from '../../../core/cache-config.ts'
import { McpdError } from '../../../core/errors.ts'
import type { Breaker } from '../../guards/breaker.ts'

/** What a Keyv can sit on: an adapter of Keyv, or what looks like a Map. */
export type KeyvStore = KeyvStoreAdapter | Map<string, unknown>

/**
 * Texts that can be computed again, by key. Nothing in it is the truth of anything: who reads it must do as well with
 * a miss as with a hit, and losing all of it costs time only.
 */
export interface TextCache {
  /** The texts of the keys in their order; undefined for those that are not there. Rejects rather than to call an error a miss. */
  get(keys: readonly string[], signal: AbortSignal): Promise<readonly (string | undefined)[]>
  /**
   * Resolves when all are stored, for `ttlMs` where that is less than the cache's own time. Rejects when one is not,
   * or when that is unknown.
   */
  set(entries: ReadonlyMap<string, string>, signal: AbortSignal, ttlMs?: number): Promise<void>
  close(): Promise<void>
}

export interface StrictKeyvOptions {
  /** Keys of one namespace are not seen in another. */
  readonly namespace: string
  /**
   * Makes a store for this namespace alone: two namespaces over one adapter object read each other's values. Called
   * at the first use, and again at the next where it rejected.
   */
  readonly open: (namespace: string) => KeyvStore | Promise<KeyvStore>
  /** Longest wait for one answer; 1000 when absent. A server that hangs would hold a request for ever. */
  readonly deadlineMs?: number
  /** Reads what was written before saying that it is; false when absent. Some adapters acknowledge writes that failed. */
  readonly readBack?: boolean
  /** How long texts are kept; for ever when absent. */
  readonly ttlMs?: number
  /** Refuses while the server is known not to answer in time; one for all namespaces of a server. */
  readonly breaker?: Breaker
  /** Told of each answer that did not come in time. */
  readonly late?: () => void
}

/** Longest key that every adapter takes, with the namespace before it. */
const keyMaxChars = 200
/** Operations that wait for one namespace; more are refused. */
const waitingMax = 256

/**
 * A Keyv that fails aloud. By itself a Keyv takes a failed read for a miss and a failed write for done, hangs with a
 * frozen server, and throws what nobody catches when its adapter emits an error. Here each of these rejects with
 * STORE_UNAVAILABLE.
 */
export const strictKeyv = (options: StrictKeyvOptions): TextCache => {
  const { namespace, deadlineMs = 1000, readBack = false, ttlMs: keptMs = Infinity, breaker } = options
  /** Rejections of the operations that wait now: an adapter's error event says not of which it is. */
  const waiting = new Set<(error: unknown) => void>()
  const race = racer({ namespace, deadlineMs, waiting })
  let opening: Promise<Keyv<string>> | undefined
  let isOpen = false

  const open = async (): Promise<Keyv<string>> => {
    const store = await options.open(namespace)
    const keyv = new Keyv<string>({
      store,
      namespace,
      throwOnErrors: true,
      // The adapter for Redis writes the namespace before a key itself.
      useKeyPrefix: !('keyPrefixSeparator' in store),
    })
    keyv.on('error', (error: unknown) => {
      for (const reject of waiting) reject(error)
    })
    isOpen = true
    return keyv
  }
  const opened = (): Promise<Keyv<string>> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  const attempt = async <Result>(
    run: (keyv: Keyv<string>) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> => {
    signal.throwIfAborted()
    if (waiting.size >= waitingMax)
      throw broken(namespace, new Error(`${waiting.size} operations wait for it.`))
    if (breaker?.admit() === false)
      throw broken(namespace, new Error('It did not answer and is given a rest.'))
    return race(opened().then(run), signal, (verdict) => {
      if (verdict === 'failed') options.late?.()
      breaker?.[verdict]()
    })
  }

  return {
    get: async (keys, signal) => (keys.length === 0 ? [] : attempt((keyv) => read(keyv, keys), signal)),
    set: (entries, signal, ttlMs = Infinity) =>
      attempt(async (keyv) => {
        const kept = await write(keyv, entries, Math.min(ttlMs, keptMs))
        if (readBack) await verify(keyv, kept)
      }, signal),
    close: async () => {
      // One that was never opened, or whose server does not answer, has nothing to close.
      const { signal } = new AbortController()
      if (isOpen)
        await race(
          opened().then((keyv) => keyv.disconnect()),
          signal,
        )
    },
  }
}

interface Race {
  readonly namespace: string
  readonly deadlineMs: number
  readonly waiting: Set<(error: unknown) => void>
}

/** Waits for an operation until it is late, aborted, or an error event of the adapter ends it. */
const racer =
  ({ namespace, deadlineMs, waiting }: Race) =>
  async <Result>(
    running: Promise<Result>,
    signal: AbortSignal,
    settle?: (verdict: 'succeeded' | 'failed' | 'undecided') => void,
  ): Promise<Result> => {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new Error(`No answer within ${deadlineMs} ms.`))
    }, deadlineMs)
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    waiting.add(reject)
    // Nobody is left to hear of one that fails after the race was decided.
    running.catch(() => undefined)
    try {
      return await Promise.race([running, failed])
    } catch (error) {
      signal.throwIfAborted()
      throw broken(namespace, error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      waiting.delete(reject)
      // What fails at once costs nothing, and may be one key's own fault.
      settle?.(isLate ? 'failed' : signal.aborted ? 'undecided' : 'succeeded')
    }
  }

/** Resolves with what was written: all but what is too large. */
const write = async (
  keyv: Keyv<string>,
  entries: ReadonlyMap<string, string>,
  ttlMs: number,
): Promise<readonly (readonly [key: string, text: string])[]> => {
  const kept = [...entries].filter(([key, text]) => checkKey(key) && text.length <= cachedMaxBytes)
  const time = Number.isFinite(ttlMs) ? ttlMs : undefined
  const done = await Promise.all(kept.map(([key, text]) => keyv.set(key, text, time)))
  if (done.includes(false)) throw new Error('The store refused a write.')
  return kept
}

const verify = async (
  keyv: Keyv<string>,
  written: readonly (readonly [key: string, text: string])[],
): Promise<void> => {
  if (written.length === 0) return
  const keys = written.map(([key]) => key)
  const stored = await read(keyv, keys)
  if (written.some(([, text], at) => stored[at] !== text)) throw new Error('The store did not keep a write.')
}

const broken = (namespace: string, cause: unknown): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `The cache of ${namespace} does not work; mcpd goes on without it, more slowly.`,
    {},
    cause,
  )

const read = async (
  keyv: Keyv<string>,
  keys: readonly string[],
): Promise<readonly (string | undefined)[]> => {
  keys.forEach(checkKey)
  return (await readMany(keyv, keys)).map((value) => {
    if (value === undefined || typeof value === 'string') return value
    throw new Error('The store holds something that is no text.')
  })
}

/** Without a getMany of its own a store's failed reads come out of Keyv's as misses. */
const readMany = (keyv: Keyv<string>, keys: readonly string[]): Promise<unknown[]> => {
  const store = keyv.store as KeyvStore
  return store instanceof Map || store.getMany === undefined
    ? Promise.all(keys.map((key) => keyv.get(key)))
    : keyv.getMany([...keys])
}

/** Keys are made by mcpd from hashes and names; one of another kind is a bug, and would be a hole. */
const checkKey = (key: string): true => {
  if (key.length > keyMaxChars || !/^[A-Za-z0-9_.:-]+$/.test(key))
    throw new Error(`"${key.slice(0, 40)}" is no key of a cache.`)
  return true
}
