import { buildConnector, type Dispatcher, Pool } from 'undici'

/** Connections to one server, some of them opened before they are needed. */
export interface Connections {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Opens `count` connections. What cannot be opened now will be tried, and fail, with its request. */
  open(count: number): Promise<void>
  close(): Promise<void>
}

export interface ConnectionsOptions {
  readonly connectTimeoutMs: number
  readonly connectionsMax: number
  /** Leave certificates unchecked. */
  readonly insecure: boolean
}

type Socket = Parameters<Extract<Parameters<buildConnector.connector>[1], (...args: never) => void>>[1]

/** An unused connection may be closed by the server; a request would then fail for no fault of its own. */
const idleMs = 4000

export const createConnections = (origin: string, options: ConnectionsOptions): Connections => {
  const { protocol, hostname, port, host } = new URL(origin)
  const connector = buildConnector({
    timeout: options.connectTimeoutMs,
    allowH2: false,
    rejectUnauthorized: !options.insecure,
  })
  const spare: { socket: NonNullable<Socket>; openedMs: number }[] = []

  const connect: buildConnector.connector = (wanted, callback) => {
    for (let found = spare.pop(); found; found = spare.pop()) {
      const { socket, openedMs } = found
      socket.removeAllListeners('error')
      if (!socket.destroyed && socket.readable && performance.now() - openedMs < idleMs) {
        queueMicrotask(() => callback(null, socket))
        return
      }
      socket.destroy()
    }
    connector(wanted, callback)
  }

  const pool = new Pool(origin, {
    connect,
    connections: options.connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  })

  const openOne = (): Promise<void> =>
    new Promise((resolve) => {
      connector({ hostname, host, protocol, port }, (error, socket) => {
        if (!error && socket) {
          // Nobody listens yet: a server that closes it must not end the thread.
          socket.on('error', () => socket.destroy())
          spare.push({ socket, openedMs: performance.now() })
        }
        resolve()
      })
    })

  return {
    dispatch: (request, handler) => void pool.dispatch(request, handler),
    open: async (count) => {
      await Promise.all(Array.from({ length: count }, openOne))
    },
    close: async () => {
      for (const { socket } of spare) socket.destroy()
      await pool.destroy()
    },
  }
}
