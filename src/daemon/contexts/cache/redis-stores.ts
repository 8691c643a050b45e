import { McpdError } from '../../../core/errors.ts'
import type { Stores } from './stores.ts'

/** Longest making of a connection. */
const connectMs = 2000
/** Commands of which the answer is not there; more fail at once. */
const commandsMax = 1000
/** Waits between attempts to connect again grow to this. */
const reconnectMaxMs = 2000

const reconnectStrategy = (attempts: number): number =>
  Math.min(100 * 2 ** Math.min(attempts, 10), reconnectMaxMs) * (0.8 + 0.4 * Math.random())

/**
 * Adapters of Keyv over one client of a Redis, or of a cluster where there are several URLs. Nothing waits for a
 * connection that is lost: commands fail at once until it is back.
 */
export const connectRedis = async (urls: readonly string[]): Promise<Stores> => {
  const [{ createClient, createCluster }, { default: KeyvRedis }] = await Promise.all([
    import('@redis/client'),
    import('@keyv/redis'),
  ])
  const options = {
    disableOfflineQueue: true,
    commandsQueueMaxLength: commandsMax,
    socket: { connectTimeout: connectMs, reconnectStrategy },
  }
  const client =
    urls.length === 1
      ? createClient({ ...options, url: urls[0]! })
      : createCluster({ rootNodes: urls.map((url) => ({ url })), defaults: withPassword(urls[0]!, options) })
  /** Why a single server cannot be reached, as long as that is so. */
  let failure: unknown
  /** Of those who wait for the first connection. */
  const waiting = new Set<(error: unknown) => void>()
  // Without a listener a lost connection would end the daemon; whoever waits hears of it through his adapter.
  client.on('error', (error: unknown) => {
    if ('isReady' in client) failure = error
    for (const reject of waiting) reject(error)
  })
  client.on('ready', () => (failure = undefined))
  let connecting: Promise<unknown> | undefined
  let isClosed = false

  const connected = (): Promise<unknown> => {
    if (isClosed) throw new McpdError('STORE_UNAVAILABLE', 'The cache is closed.')
    connecting ??= client.connect().catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    return connecting
  }
  return {
    open: async () => {
      const connection = connected()
      // It goes on trying; whoever is here now need not wait, nor be there when it ends.
      connection.catch(() => undefined)
      if (failure !== undefined) throw failure
      const { promise: failed, reject } = Promise.withResolvers<never>()
      waiting.add(reject)
      await Promise.race([connection, failed]).finally(() => waiting.delete(reject))
      const adapter = new KeyvRedis(client, {
        throwOnErrors: true,
        throwOnConnectError: true,
      })
      adapter.on('error', () => undefined)
      // It would close the client, which is everybody's.
      adapter.disconnect = async () => undefined
      return adapter
    },
    silent: () => {
      // A cluster looks after its nodes one by one. A single connection may lead to a machine that is gone, which
      // shows only after many minutes.
      if (isClosed || !('isReady' in client) || !client.isReady) return
      client.destroy()
      connecting = undefined
      connected().catch(() => undefined)
    },
    close: async () => {
      isClosed = true
      if (client.isOpen) client.destroy()
    },
  }
}

/** Nodes that a cluster names by itself come without the password of the URL. */
const withPassword = <Options extends { readonly socket: object }>(url: string, options: Options) => {
  const { username, password, protocol } = new URL(url)
  return {
    ...options,
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { socket: { ...options.socket, tls: true as const } }),
  }
}
