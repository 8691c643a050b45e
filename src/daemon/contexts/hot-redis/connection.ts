import type { RedisClusterOptions } from '@redis/client'
import type { RedisPlace } from '../../../core/hot-config.ts'

/** Connections to a Redis or to the nodes of a cluster, which come back by themselves when they break. */
export interface RedisConnection {
  /** Whether a command would be sent now; it is refused where not, and never kept for later. */
  readonly isReady: () => boolean
  /** `key` says where the command goes in a cluster; without one anywhere. Strings in answers are Buffers. */
  send(key: string | undefined, words: readonly (string | Buffer)[]): Promise<unknown>
  /** Ends at once; what waits for an answer is rejected. */
  destroy(): void
}

/** What Redis itself says no with; anything else that is thrown is the way there. */
export class RedisRefusal extends Error {}

export interface ConnectionEvents {
  /** Connected, for the first time or again. */
  readonly ready: () => void
  /** Why it is not, each time it was tried. */
  readonly failed: (error: unknown) => void
}

const connectMs = 2000
/** Commands that may wait for an answer. */
const waitingMax = 2000
const retryMs = 100
const retryMaxMs = 2000

const retryIn = (retries: number): number => Math.min(retryMaxMs, retryMs * 2 ** Math.min(retries, 10))

export const connectRedis = async (place: RedisPlace, events: ConnectionEvents): Promise<RedisConnection> => {
  const { createClient, createCluster, ErrorReply, RESP_TYPES } = await import('@redis/client')
  const reply = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
  const { nodes, isCluster, tls, username, password, database } = place
  const defaults = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    name: 'mcpd',
    disableOfflineQueue: true,
    commandsQueueMaxLength: waitingMax,
  }
  const socket = { connectTimeout: connectMs, reconnectStrategy: retryIn }

  const answerOf = async (answer: Promise<unknown>): Promise<unknown> => {
    try {
      return await answer
    } catch (error) {
      throw error instanceof ErrorReply ? new RedisRefusal(error.message, { cause: error }) : error
    }
  }

  const single = (): RedisConnection => {
    const [node] = nodes
    const client = createClient({
      ...defaults,
      ...(database !== undefined && { database }),
      socket: { ...socket, ...node, ...(tls && { tls }) },
    })
    client.on('error', events.failed)
    client.on('ready', events.ready)
    // What goes wrong is told by events, and it is tried again.
    client.connect().catch(() => undefined)
    return {
      isReady: () => client.isReady,
      send: (_, words) => answerOf(client.sendCommand(words, reply)),
      destroy: () => client.destroy(),
    }
  }
  const several = (): RedisConnection => {
    const options: RedisClusterOptions = {
      rootNodes: nodes.map((node) => ({ socket: { ...node, ...(tls && { tls }) } })),
      defaults: { ...defaults, socket: { ...socket, ...(tls && { tls }) } },
    }
    const cluster = createCluster(options)
    cluster.on('error', events.failed)
    cluster.on('node-error', events.failed)
    cluster.on('node-ready', events.ready)
    let isDestroyed = false
    let timer: NodeJS.Timeout | undefined
    // A cluster that no node of was there at first is not looked for again by the client.
    const connect = (retries: number): void => {
      cluster.connect().catch((error: unknown) => {
        if (isDestroyed) return
        events.failed(error)
        timer = setTimeout(() => connect(retries + 1), retryIn(retries))
        timer.unref()
      })
    }
    connect(0)
    return {
      // Not when all nodes are connected: one that is away must not keep the others from answering.
      isReady: () => cluster.isOpen && cluster.masters.length > 0,
      send: (key, words) => answerOf(cluster.sendCommand(key, false, [...words], reply)),
      destroy: () => {
        isDestroyed = true
        clearTimeout(timer)
        cluster.destroy()
      },
    }
  }
  return isCluster ? several() : single()
}
