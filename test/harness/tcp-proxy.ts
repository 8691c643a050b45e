import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'

/** Where to listen or to connect: a port of this machine, or a Unix socket. */
export type Place = { readonly port: number } | { readonly path: string }

/**
 * What a proxy does with the bytes of all connections, in both directions:
 * `cut` ends connections and takes no new ones, `stall` holds bytes back, `deaf` takes them and hands on none, as when
 * the other side has vanished; delays are in milliseconds, each way.
 */
export type Weather = 'fine' | 'cut' | 'stall' | 'deaf' | { readonly delayMs: number }

/** A wire that a test can cut: connections to it go on to the target. */
export interface TcpProxy {
  /** Port on 127.0.0.1; 0 on a Unix socket. */
  readonly port: number
  /** Until the next call. Back to `fine`, connections that have lost bytes are ended. */
  set(weather: Weather): void
  /** Ends the connection that has the next answer in the middle of it. */
  cutNextReply(): void
  /** Where new connections go from now on. */
  aim(target: Place): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  hasLost: boolean
}

export const startTcpProxy = async (at: Place, target: Place): Promise<TcpProxy> => {
  const pairs = new Set<Pair>()
  let weather: Weather = 'fine'
  let cutsReply = false
  let goal = target

  const end = ({ client, server }: Pair): void => {
    reset(client)
    reset(server)
  }
  const hand = (pair: Pair, bytes: Buffer, to: Socket): void => {
    if (weather === 'deaf') {
      pair.hasLost = true
      return
    }
    if (typeof weather === 'object') {
      setTimeout(() => to.writable && to.write(bytes), weather.delayMs)
      return
    }
    if (cutsReply && to === pair.client) {
      cutsReply = false
      to.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => end(pair))
      return
    }
    to.write(bytes)
  }
  const listener = createServer((client) => {
    if (weather === 'cut') return reset(client)
    const pair: Pair = { client, server: connect(optionsOf(goal)), hasLost: false }
    pairs.add(pair)
    const { server } = pair
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (bytes) => hand(pair, bytes, to))
      from.on('error', () => undefined)
      from.on('close', () => {
        pairs.delete(pair)
        // What is on its way with a delay still arrives.
        if (typeof weather === 'object') setTimeout(() => to.destroy(), 2 * weather.delayMs)
        else to.destroySoon()
      })
      if (weather === 'stall') from.pause()
    }
  })
  listener.listen('path' in at ? { path: at.path } : { port: at.port, host: '127.0.0.1' })
  await once(listener, 'listening')
  const address = listener.address() as AddressInfo | string
  return {
    port: typeof address === 'string' ? 0 : address.port,
    set: (next) => {
      weather = next
      for (const pair of pairs) {
        if (next === 'cut' || (next === 'fine' && pair.hasLost)) end(pair)
        for (const socket of [pair.client, pair.server])
          if (next === 'stall') socket.pause()
          else socket.resume()
      }
    },
    cutNextReply: () => {
      cutsReply = true
    },
    aim: (next) => {
      goal = next
    },
    close: async () => {
      for (const pair of pairs) end(pair)
      listener.close()
      await once(listener, 'close')
      if ('path' in at) await rm(at.path, { force: true })
    },
  }
}

const optionsOf = (place: Place): NetConnectOpts =>
  'path' in place ? place : { ...place, host: '127.0.0.1', autoSelectFamily: false }

/** As a machine does that knows nothing of the connection any more. A Unix socket can only be closed. */
const reset = (socket: Socket): void => {
  if (socket.remoteAddress === undefined) socket.destroy()
  else socket.resetAndDestroy()
}
