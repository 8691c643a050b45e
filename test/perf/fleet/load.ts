import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from '../gateway/connection.ts'
import { cpuSeconds } from '../gateway/processes.ts'
import { percentile } from '../gateway/statistics.ts'

export interface Target {
  readonly url: string
  readonly body: string
}

export interface FleetLoad {
  /** Each connection sends one of them, the connections in turn. */
  readonly targets: readonly Target[]
  readonly connections: number
  /** The processes whose CPU time is added up. */
  readonly pids: readonly number[]
  readonly warmMs: number
  readonly runMs: number
}

export interface FleetResult {
  readonly answers: number
  readonly perSecond: number
  readonly errors: number
  /** CPU microseconds of the processes per answer. */
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Closed loop: each connection sends its request again when its answer is complete. */
export const runFleetLoad = async (load: FleetLoad): Promise<FleetResult> => {
  let isCounting = false
  let answers = 0
  let errors = 0
  const latencies: number[] = []
  const open = (target: Target): Connection => {
    let sentMs = 0
    const send = (): void => {
      sentMs = performance.now()
      connection.send()
    }
    const connection = openConnection(new URL(target.url), requestOf(target), {
      body: () => undefined,
      end: (status) => {
        if (isCounting) {
          answers += 1
          latencies.push(performance.now() - sentMs)
          if (status !== 200) errors += 1
        }
        send()
      },
      lost: () => (errors += 1),
    })
    send()
    return connection
  }
  const opened = Array.from({ length: load.connections }, (_, at) =>
    open(load.targets[at % load.targets.length]!),
  )
  await sleep(load.warmMs)
  const cpu = (): number => load.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const before = { cpu: cpu(), ms: performance.now() }
  isCounting = true
  await sleep(load.runMs)
  isCounting = false
  const seconds = (performance.now() - before.ms) / 1000
  const used = cpu() - before.cpu
  for (const connection of opened) connection.close()
  latencies.sort((left, right) => left - right)
  return {
    answers,
    errors,
    perSecond: answers / seconds,
    cpuUs: (used / answers) * 1e6,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}

const requestOf = ({ url, body }: Target): Buffer => {
  const { host, pathname } = new URL(url)
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nanthropic-version: 2023-06-01\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
