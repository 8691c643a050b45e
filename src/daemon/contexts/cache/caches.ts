import type { CacheServerConfig } from '../../../core/cache-config.ts'
import type { ContextsConfig } from '../../../core/context-config.ts'
import { Breaker } from '../../guards/breaker.ts'
import { createVault } from '../encryption/vault.ts'
import { layered } from './layered.ts'
import { createLruStore } from './lru-store.ts'
import { sealedCache } from './sealed.ts'
import type { Stores } from './stores.ts'
import { strictKeyv, type TextCache } from './strict-keyv.ts'

/** What the daemon keeps of what it has computed or was answered. */
export interface Caches {
  /** Tokens of bodies, by tokenizer. */
  readonly counts: TextCache
  /** Embeddings of bodies, by model. */
  readonly vectors: TextCache
  /** What models made of conversations that no longer fit, by all that they were asked. */
  readonly summaries: TextCache
  /** Sealed parts of conversations, by their hashes. */
  readonly segments: TextCache
  /** Answers to clients, by all of their requests. */
  readonly answers: TextCache
  /** Closes what is under them; each may have been closed before. */
  close(): Promise<void>
}

export interface CachesOptions {
  readonly log: { warn(fields: object, message: string): void; info(message: string): void }
  /** Longest wait for the server; 500 when absent. */
  readonly deadlineMs?: number
  /** Rest after an answer that did not come in time, in which nobody asks; 10,000 when absent. */
  readonly restMs?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** Of each cache in memory, beside what is kept unpacked by those who use it. */
const memoryMaxBytes = 16 * 1024 * 1024
/** How long the server keeps what nobody gave another time. */
const serverTtlMs = 30 * 86_400_000

/**
 * In memory, and in the server where there is one, encrypted where conversations are. Nothing is connected before the
 * first use.
 */
export const openCaches = (
  { cache: server, encryption }: Pick<ContextsConfig, 'cache' | 'encryption'>,
  options: CachesOptions,
): Caches => {
  const { log, deadlineMs = 500, restMs = 10_000, now = () => performance.now() } = options
  const stores = server && lazyStores(server)
  const vault = createVault(encryption?.keys)
  let isBroken = false
  const breaker = new Breaker({ failuresMax: 1, cooldownMs: restMs, now })

  const failed = (error: unknown): void => {
    if (isBroken) return
    isBroken = true
    const { message } = ((error as Error).cause ?? error) as Error
    log.warn({ err: error }, `the server of caches does not work: ${message}; going on without it`)
  }
  const worked = (): void => {
    if (!isBroken) return
    isBroken = false
    log.info('the server of caches works again')
  }

  const cache = (name: string): TextCache => {
    const namespace = `mcpd-${name}`
    const memory = strictKeyv({ namespace, open: () => createLruStore({ bytesMax: memoryMaxBytes }) })
    if (!stores) return memory
    const far = strictKeyv({
      namespace,
      open: (name) => stores.open(name),
      deadlineMs,
      readBack: true,
      ttlMs: serverTtlMs,
      breaker,
      late: () => stores.silent(),
    })
    const heardOf = heard(far, worked)
    // Caches belong to no tenant; whose a text is, is in its key.
    const sealed = vault.seals ? sealedCache(heardOf, vault.of({ tenant: '', context: namespace })) : heardOf
    return layered({ memory, server: sealed, failed })
  }
  const caches = {
    counts: cache('counts'),
    vectors: cache('vectors'),
    summaries: cache('summaries'),
    segments: cache('segments'),
    answers: cache('answers'),
  }
  return {
    ...caches,
    close: async () => {
      await Promise.allSettled(Object.values(caches).map((each) => each.close()))
      await stores?.close()
    },
  }
}

/** The same cache, which says when an operation succeeded. */
const heard = (cache: TextCache, worked: () => void): TextCache => ({
  ...cache,
  get: async (keys, signal) => {
    const found = await cache.get(keys, signal)
    worked()
    return found
  },
})

/** Packages are loaded and connections made when the first namespace is opened. */
const lazyStores = ({ kind, urls }: CacheServerConfig): Stores => {
  let connecting: Promise<Stores> | undefined
  const connect = async (): Promise<Stores> =>
    kind === 'redis'
      ? (await import('./redis-stores.ts')).connectRedis(urls)
      : (await import('./postgres-stores.ts')).connectPostgres(urls[0]!)
  return {
    open: async (namespace) => {
      connecting ??= connect()
      return (await connecting).open(namespace)
    },
    silent: () => void connecting?.then((stores) => stores.silent()),
    close: async () => (await connecting)?.close(),
  }
}
