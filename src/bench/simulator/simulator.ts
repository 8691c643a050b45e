import { createServer, type AddressInfo, type Socket } from 'node:net'
import { monotonicMs } from '../clock.ts'
import { createPacer } from '../pacer.ts'
import { sendAnswer, type Truth } from './answer.ts'
import { type Behaviour, defaultBehaviour, type SimulatedFault, simulatedFaults } from './behaviour.ts'
import { createRequestReader, type RawRequest } from './http-requests.ts'

/**
 * A backend whose answers are known exactly: it sends on an absolute schedule over raw sockets and stamps each send
 * with the machine's monotonic clock, so that a client on the same machine can be held against it. It speaks just
 * enough HTTP/1.1 and OpenAI for that.
 */
export interface Simulator {
  /** Base URL, ending in /v1. */
  readonly url: string
  close(): Promise<void>
}

export interface SimulatorOptions {
  /** 0, the default, picks a free one. */
  readonly port?: number
  readonly behaviour?: Partial<Behaviour>
  /** Answers at the same time; the others wait in order. Unlimited when absent. */
  readonly slots?: number
  /** The whole server stands still for `forMs` at every multiple of `everyMs` of the monotonic clock. */
  readonly freeze?: { readonly everyMs: number; readonly forMs: number }
}

/** Truths that are kept until they are fetched. */
const truthsMax = 200_000
const tokensDefault = 64

export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const { slots = Number.POSITIVE_INFINITY, freeze } = options
  const base = { ...defaultBehaviour, ...options.behaviour }
  const pacer = createPacer()
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let truths: Truth[] = []
  let running = 0
  let count = 0

  /** The first moment from `ms` on at which the server is not standing still. */
  const awake = (ms: number): number => {
    if (!freeze) return ms
    const into = ms % freeze.everyMs
    return into < freeze.forMs ? ms - into + freeze.forMs : ms
  }

  const infer = (socket: Socket, { body, clientId }: RawRequest): void => {
    const receivedMs = monotonicMs()
    const { model = 'sim', max_tokens: tokens, sim } = parse(body)
    const behaviour = { ...base, ...sim }
    count += 1
    const number = count
    const fault = behaviour.fault === 'mix' ? mixed(number) : behaviour.fault
    const begin = (): void => {
      running += 1
      const startMs = awake(monotonicMs())
      const truth = sendAnswer(
        socket,
        freeze ? frozenPacer : pacer,
        {
          id: `sim-${number}`,
          clientId,
          model,
          tokens: tokens ?? tokensDefault,
          seed: number,
          behaviour,
          fault,
          receivedMs,
          // Without a queue the schedule counts from the request, not from when this line was reached.
          startMs: running <= slots && startMs - receivedMs < 1 ? receivedMs : startMs,
        },
        () => {
          running -= 1
          waiting.shift()?.()
        },
      )
      if (truths.length < truthsMax) truths.push(truth)
    }
    if (running < slots) begin()
    else waiting.push(begin)
  }

  const frozenPacer = { ...pacer, at: (dueMs: number, run: () => void): void => pacer.at(awake(dueMs), run) }

  const answer = (socket: Socket, request: RawRequest): void => {
    switch (`${request.method} ${request.path}`) {
      case 'POST /v1/chat/completions':
        infer(socket, request)
        break
      case 'GET /v1/models':
        respond(socket, 200, JSON.stringify({ object: 'list', data: [{ id: 'sim', object: 'model' }] }))
        break
      case 'POST /tokenize':
        respond(socket, 200, JSON.stringify({ tokens: tokensOf(request.body) }))
        break
      case 'GET /metrics':
        respond(socket, 200, `sim_requests_total ${count}\nsim_requests_running ${running}\n`, 'text/plain')
        break
      case 'GET /health':
        respond(socket, 200, '{}')
        break
      case 'GET /truth':
        respond(socket, 200, JSON.stringify(truths))
        truths = []
        break
      default:
        respond(socket, 404, '{"error":{"message":"There is no such route."}}')
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    const read = createRequestReader()
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const request of read(chunk)) answer(socket, request)
      } catch {
        socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port ?? 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise((resolve) => {
        pacer.close()
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

interface Body {
  readonly model?: string
  readonly max_tokens?: number
  readonly sim?: Partial<Behaviour>
}

const parse = (bytes: Buffer): Body => JSON.parse(bytes.toString()) as Body

/** Every word is a token, as in its answers. */
const tokensOf = (bytes: Buffer): number[] => {
  const { content = '' } = JSON.parse(bytes.toString()) as { readonly content?: string }
  return content
    .split(' ')
    .filter(Boolean)
    .map((_, index) => index)
}

/** Every fault once, then a success for each. */
const mixed = (number: number): SimulatedFault | 'none' =>
  simulatedFaults[number % (2 * simulatedFaults.length)] ?? 'none'

const respond = (socket: Socket, status: number, body: string, type = 'application/json'): void => {
  socket.write(
    `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Not Found'}\r\ncontent-type: ${type}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
