import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { McpdError } from '../../core/errors.ts'
import { monotonicMs } from '../clock.ts'
import type { Phase } from '../load/phase.ts'
import type { Target } from '../target.ts'
import type { Workload } from '../workload/workload.ts'
import type { MeterOptions } from './meter.ts'
import type { RequestRecord } from './record.ts'
import type { ThreadHealth } from './thread-health.ts'
import {
  type CounterName,
  counterNames,
  type FromThread,
  type ThreadStart,
  type ToThread,
} from './thread-protocol.ts'

export type Counters = Readonly<Record<CounterName, number>>

/** The measuring threads of a run. */
export interface Crew {
  /** Opens connections to a target ahead, shared out over the threads. */
  open(target: number, count: number): Promise<void>
  /** Runs a phase to its end. When the signal strikes, what runs is cancelled and what is there is returned. */
  run(phase: Phase, phaseIndex: number, signal: AbortSignal): Promise<PhaseRun>
  /** Since the start, over all threads. */
  counters(): Counters
  close(): Promise<void>
}

/** Times on the monotonic clock. */
export interface PhaseRun {
  readonly originMs: number
  readonly lastSentMs: number
  readonly endedMs: number
  readonly records: readonly RequestRecord[]
  /** One per thread. */
  readonly health: readonly ThreadHealth[]
}

export interface CrewOptions {
  readonly targets: readonly Target[]
  readonly workload: Workload
  readonly meter: MeterOptions
  readonly threads: number
}

/** From the order to start to the first request, so that every thread has heard it. */
const leadMs = 20
/** Little garbage is old here; a larger nursery collects it less often. */
const youngGenerationMb = 64

const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

export const createCrew = async ({
  targets,
  workload,
  meter,
  threads: count,
}: CrewOptions): Promise<Crew> => {
  const shared: Int32Array[] = []
  const threads = Array.from({ length: count }, (_, share) => {
    const counters = new SharedArrayBuffer(counterNames.length * Int32Array.BYTES_PER_ELEMENT)
    shared.push(new Int32Array(counters))
    const start: ThreadStart = { targets, workload, meter, share: { share, count }, counters }
    return new Worker(entry, {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    })
  })
  await Promise.all(threads.map((thread) => once(thread, 'online')))
  const tell = (message: ToThread): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    for (const thread of threads) thread.postMessage(message)
  }

  /** Resolves when every thread has said `last`; whatever they say before goes to `hear`. */
  const listen = (last: FromThread['type'], hear: (message: FromThread) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      let left = threads.length
      const stop = (): void => {
        for (const thread of threads) thread.removeAllListeners('message').removeAllListeners('error')
      }
      for (const thread of threads) {
        thread.on('message', (message: FromThread) => {
          hear(message)
          if (message.type !== last) return
          left -= 1
          if (left > 0) return
          stop()
          resolve()
        })
        thread.on('error', (error) => {
          stop()
          reject(new McpdError('INTERNAL', 'A measuring thread ended.', {}, error))
        })
      }
    })

  const open = async (target: number, connections: number): Promise<void> => {
    const opened = listen('opened', () => undefined)
    tell({ type: 'open', target, count: Math.ceil(connections / count) })
    await opened
  }

  const run = async (phase: Phase, phaseIndex: number, signal: AbortSignal): Promise<PhaseRun> => {
    const records: RequestRecord[] = []
    const health: ThreadHealth[] = []
    const originMs = monotonicMs() + leadMs
    let lastSentMs = originMs
    const done = listen('done', (message) => {
      if (message.type === 'records') for (const record of message.records) records.push(record)
      if (message.type !== 'done') return
      health.push(message.health)
      lastSentMs = Math.max(lastSentMs, message.lastSentMs)
    })
    const cancel = (): void => tell({ type: 'cancel' })
    tell({ type: 'run', phase, phaseIndex, originMs })
    signal.addEventListener('abort', cancel, { once: true })
    if (signal.aborted) cancel()
    try {
      await done
    } finally {
      signal.removeEventListener('abort', cancel)
    }
    const endedMs = records.reduce((latest, record) => Math.max(latest, record.endedMs), originMs)
    return { originMs, lastSentMs, endedMs, records, health }
  }

  return {
    open,
    run,
    counters: () =>
      Object.fromEntries(
        counterNames.map((name, at) => [name, shared.reduce((sum, counters) => sum + counters[at]!, 0)]),
      ) as Record<CounterName, number>,
    close: async () => {
      tell({ type: 'close' })
      const alive = threads.filter(({ threadId }) => threadId !== -1)
      await Promise.all(alive.map((thread) => once(thread, 'exit')))
    },
  }
}
