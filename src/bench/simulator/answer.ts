import type { Socket } from 'node:net'
import { monotonicMs } from '../clock.ts'
import type { Pacer } from '../pacer.ts'
import { vocabulary } from '../workload/vocabulary.ts'
import { type Behaviour, eventTimes, type SimulatedFault } from './behaviour.ts'

/** What really happened to one request. Times of the monotonic clock. */
export interface Truth {
  readonly id: string
  /** The client's own name for it, where it sent one as x-request-id. */
  readonly clientId?: string
  /** When its last byte had been read. */
  readonly receivedMs: number
  /** The class a client has to give it; `ok` for none. */
  readonly outcome: SimulatedFault | 'ok'
  readonly tokens: number
  /** When each event with content was handed to the kernel. */
  readonly sentMs: number[]
  /** How late each of these was against its schedule, in ms. */
  readonly lateMs: number[]
  /** Whether a write had to wait for the client. */
  hadBackPressure: boolean
  /** Whether the client has gone before the end. */
  isCut: boolean
}

export interface AnswerOptions {
  readonly id: string
  readonly clientId?: string | undefined
  readonly model: string
  readonly tokens: number
  readonly seed: number
  readonly behaviour: Behaviour
  readonly fault: SimulatedFault | 'none'
  readonly receivedMs: number
  /** When it may begin: later than it was received where all slots were taken. */
  readonly startMs: number
}

/** Sends one streamed answer on an absolute schedule; `done` is called when nothing of it is left to do. */
export const sendAnswer = (socket: Socket, pacer: Pacer, options: AnswerOptions, done: () => void): Truth => {
  const { behaviour, fault, startMs } = options
  const truth: Truth = {
    id: options.id,
    ...(options.clientId !== undefined && { clientId: options.clientId }),
    receivedMs: options.receivedMs,
    outcome: fault === 'none' ? 'ok' : fault,
    tokens: options.tokens,
    sentMs: [],
    lateMs: [],
    hadBackPressure: false,
    isCut: false,
  }
  const write = (text: string): void => {
    if (socket.destroyed) truth.isCut = true
    else if (!socket.write(text)) truth.hadBackPressure = true
  }
  if (refuse(socket, fault, write)) {
    done()
    return truth
  }
  const chunks = createChunks(options)
  const times = eventTimes(options.tokens, behaviour, options.seed)
  const stopAt = fault === 'none' ? times.length : Math.ceil(times.length / 2)

  const sendEvent = (event: number): void => {
    const dueMs = startMs + times[event]!
    pacer.at(dueMs, () => {
      if (socket.destroyed) {
        truth.isCut = true
        done()
        return
      }
      if (event === stopAt) {
        breakOff(socket, fault as SimulatedFault, write, chunks)
        done()
        return
      }
      const text = chunks.content(event)
      // A write to a socket that has room goes to the kernel at once, so that the time before it is that of the send.
      const sentMs = monotonicMs()
      if (behaviour.split) {
        const cut = Math.floor(text.length / 2)
        write(frame(text.slice(0, cut)))
        write(frame(text.slice(cut)))
      } else write(frame(text))
      truth.sentMs.push(sentMs)
      truth.lateMs.push(sentMs - dueMs)
      if (event + 1 < times.length) sendEvent(event + 1)
      else {
        write(frame(chunks.end()) + lastFrame)
        done()
      }
    })
  }
  write(`${streamHead}${frame(chunks.role())}`)
  if (fault === 'empty') {
    write(frame(chunks.end(0)) + lastFrame)
    done()
  } else if (stopAt >= times.length && fault !== 'none')
    pacer.at(startMs, () => {
      breakOff(socket, fault, write, chunks)
      done()
    })
  else sendEvent(0)
  return truth
}

const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n'
const lastFrame = '0\r\n\r\n'
/** All texts here are ASCII, so that characters are bytes. */
const frame = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

const statuses: Readonly<Partial<Record<SimulatedFault, string>>> = {
  http_4xx: '422 Unprocessable Content',
  http_429: '429 Too Many Requests',
  http_5xx: '500 Internal Server Error',
}

/** Faults that come before the head of an answer. */
const refuse = (socket: Socket, fault: SimulatedFault | 'none', write: (text: string) => void): boolean => {
  if (fault === 'reset-before') {
    socket.resetAndDestroy()
    return true
  }
  const status = fault === 'none' ? undefined : statuses[fault]
  if (status === undefined) return false
  const body = JSON.stringify({ error: { message: `Simulated ${fault}.`, type: 'simulated', code: null } })
  write(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return true
}

const breakOff = (
  socket: Socket,
  fault: SimulatedFault,
  write: (text: string) => void,
  chunks: ReturnType<typeof createChunks>,
): void => {
  switch (fault) {
    case 'reset-mid':
      socket.resetAndDestroy()
      break
    case 'sse_error_event':
      write(frame(chunks.event({ error: { message: 'Simulated failure.', type: 'simulated' } })) + lastFrame)
      break
    case 'truncated':
      write(lastFrame)
      break
    case 'bad_json':
      write(frame(chunks.raw('{"choices":[{"delta":{"con')) + lastFrame)
      break
    default:
    // A time-out: nothing more comes, and the connection stays.
  }
}

/** The texts of one answer's events. */
const createChunks = ({ id, model, tokens, behaviour }: AnswerOptions) => {
  const { bundle, reasoningTokens, usage, lineEnd } = behaviour
  const end = lineEnd === 'lf' ? '\n\n' : '\r\n\r\n'
  const head = `{"id":"${id}","object":"chat.completion.chunk","created":1700000000,"model":${JSON.stringify(model)},`
  const raw = (data: string): string => `data: ${data}${end}`
  const choice = (delta: string, finish: string): string =>
    `"choices":[{"index":0,"delta":${delta},"finish_reason":${finish}}]`
  const usageOf = (output: number): string =>
    `"usage":{"prompt_tokens":1,"completion_tokens":${output},"total_tokens":${output + 1}}`

  return {
    raw,
    event: (value: object): string => raw(JSON.stringify(value)),
    role: (): string => raw(`${head}${choice('{"role":"assistant","content":""}', 'null')}}`),
    content: (event: number): string => {
      const first = event * bundle
      const count = Math.min(bundle, tokens - first)
      let text = ''
      for (let token = first; token < first + count; token += 1)
        text += ` ${vocabulary[token % vocabulary.length]}`
      const member = first < reasoningTokens ? 'reasoning_content' : 'content'
      const counted = usage === 'each' ? `,${usageOf(first + count)}` : ''
      return raw(`${head}${choice(`{"${member}":"${text}"}`, 'null')}${counted}}`)
    },
    end: (output = tokens): string =>
      raw(`${head}${choice('{}', '"stop"')}${usage === 'each' ? `,${usageOf(output)}` : ''}}`) +
      (usage === 'end' ? raw(`${head}"choices":[],${usageOf(output)}}`) : '') +
      raw('[DONE]'),
  }
}
