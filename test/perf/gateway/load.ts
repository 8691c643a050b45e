import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from './connection.ts'
import { cpuSeconds } from './processes.ts'
import { percentile } from './statistics.ts'

export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly connections: number
  /** The process whose CPU time is measured. */
  readonly pid: number
  readonly warmMs: number
  readonly runMs: number
  /** Server-sent events that each answer has at least; absent for answers that are not streamed. */
  readonly chunks?: number
}

export interface LoadResult {
  /** CPU microseconds of the process per answer, or per event of a stream. */
  readonly cpuUs: number
  /** Answers or events per second. */
  readonly perSecond: number
  /** Milliseconds from sending a request to the end of its answer, or to the first event of its stream. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were refused, cut, or short. */
  readonly errors: number
}

const eventMark = Buffer.from('data:')

/** Closed loop: each connection sends its next request when an answer is complete. What is warmed up is not counted. */
export const runLoad = async (load: Load): Promise<LoadResult> => {
  const { connections, chunks } = load
  const request = requestBytes(load)
  const isStream = chunks !== undefined
  let isCounting = false
  let count = 0
  let errors = 0
  let latencies: number[] = []

  const open = (): Connection => {
    let sentMs = 0
    let counted = false
    let events = 0
    const send = (): void => {
      sentMs = performance.now()
      counted = isCounting
      events = 0
      connection.send()
    }
    const connection = openConnection(new URL(load.url), request, {
      body: (bytes) => {
        if (!isStream) return
        const some = countEvents(bytes)
        if (events === 0 && some > 0 && counted) latencies.push(performance.now() - sentMs)
        events += some
        if (isCounting) count += some
      },
      end: (status) => {
        if (status !== 200 || (isStream && events < chunks)) errors += 1
        if (!isStream && isCounting) {
          count += 1
          if (counted) latencies.push(performance.now() - sentMs)
        }
        send()
      },
      lost: () => (errors += 1),
    })
    send()
    return connection
  }

  const opened: Connection[] = []
  const staggerMs = isStream ? streamStaggerMs / connections : 0
  for (let number = 0; number < connections; number += 1) {
    opened.push(open())
    if (isStream) await sleep(staggerMs)
  }
  await sleep(load.warmMs)
  const before = { cpu: cpuSeconds(load.pid), ms: performance.now() }
  isCounting = true
  await sleep(load.runMs)
  isCounting = false
  const cpu = cpuSeconds(load.pid) - before.cpu
  const seconds = (performance.now() - before.ms) / 1000
  for (const connection of opened) connection.close()
  latencies = latencies.sort((a, b) => a - b)
  return {
    cpuUs: (cpu / count) * 1e6,
    perSecond: count / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    errors,
  }
}

/** Streams begin one after the other over about the length of one, as they do where nobody gives a starting signal. */
const streamStaggerMs = 1000

const countEvents = (bytes: Buffer): number => {
  let count = 0
  for (let at = bytes.indexOf(eventMark); at >= 0; at = bytes.indexOf(eventMark, at + eventMark.length))
    count += 1
  return count
}

const requestBytes = ({ url, headers, body }: Load): Buffer => {
  const { host, pathname } = new URL(url)
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
