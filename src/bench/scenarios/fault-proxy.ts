import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { McpdError } from '../../core/errors.ts'
import type { FaultKind } from './faults.ts'

/** Stands between the client and a target, passes bytes on, and misbehaves when told to. It signals no process. */
export interface FaultProxy {
  /** Where to send what was meant for the target. */
  readonly url: string
  /** Begins a fault, or ends it when undefined. */
  set(kind: FaultKind | undefined): Promise<void>
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly target: Socket
}

/** How much later `slow` passes each read on. */
const slowMs = 250
/** How often `cut` breaks all connections. */
const cutEveryMs = 500
const relistenTries = 50
const refusal = '{"error":{"message":"The proxy says no (simulated).","type":"server_error","code":503}}'
const refused = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${refusal.length}\r\nconnection: close\r\n\r\n${refusal}`

/** `targetUrl` is http; an https target could not be made to answer 5xx, nor be called by another name. Throws USAGE. */
export const startFaultProxy = async (targetUrl: string): Promise<FaultProxy> => {
  const target = new URL(targetUrl)
  if (target.protocol !== 'http:')
    throw new McpdError('USAGE', 'Faults can only be injected in front of an http target.')
  const pairs = new Set<Pair>()
  let kind: FaultKind | undefined
  let cutting: NodeJS.Timeout | undefined

  const accept = (client: Socket): void => {
    const upstream = connect(Number(target.port || 80), target.hostname.replace(/^\[|\]$/g, ''))
    const pair: Pair = { client, target: upstream }
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (chunk: Buffer) => {
      if (kind === '5xx' && chunk.subarray(0, 5).toString('latin1') === 'POST ') client.end(refused)
      else pass(chunk, upstream)
    })
    upstream.on('data', (chunk: Buffer) => pass(chunk, client))
    if (kind === 'freeze') for (const socket of [client, upstream]) socket.pause()
  }

  /** Chunks on their way late, by where they go: what comes after them must not overtake them. */
  const late = new WeakMap<Socket, number>()

  const pass = (chunk: Buffer, to: Socket): void => {
    const waiting = late.get(to) ?? 0
    if (kind !== 'slow' && waiting === 0) {
      if (!to.destroyed) to.write(chunk)
      return
    }
    late.set(to, waiting + 1)
    // Timers of one length fire in the order they were set.
    setTimeout(() => {
      late.set(to, (late.get(to) ?? 1) - 1)
      if (!to.destroyed) to.write(chunk)
    }, slowMs)
  }

  const cutAll = (): void => {
    for (const { client } of pairs) client.resetAndDestroy()
  }

  let server = await listen(accept, 0)
  const { port } = server.address() as AddressInfo

  const begin = async (next: FaultKind): Promise<void> => {
    if (next === 'kill') {
      server.close()
      cutAll()
    } else if (next === 'cut') {
      cutAll()
      cutting = setInterval(cutAll, cutEveryMs)
    } else if (next === 'freeze')
      for (const { client, target: upstream } of pairs) {
        client.pause()
        upstream.pause()
      }
  }

  const finish = async (last: FaultKind): Promise<void> => {
    clearInterval(cutting)
    if (last === 'kill') server = await relisten(accept, port)
    if (last === 'freeze')
      for (const { client, target: upstream } of pairs) {
        client.resume()
        upstream.resume()
      }
  }

  return {
    url: `http://127.0.0.1:${port}${target.pathname.replace(/\/$/, '')}`,
    set: async (next) => {
      const last = kind
      kind = next
      if (last !== undefined) await finish(last)
      if (next !== undefined) await begin(next)
    },
    close: async () => {
      clearInterval(cutting)
      for (const { client, target: upstream } of pairs) {
        client.destroy()
        upstream.destroy()
      }
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const listen = (accept: (client: Socket) => void, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer(accept)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

/** The port may still be held for a moment by the connections that were cut. */
const relisten = async (accept: (client: Socket) => void, port: number): Promise<Server> => {
  for (let left = relistenTries; ; left -= 1)
    try {
      return await listen(accept, port)
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
}
