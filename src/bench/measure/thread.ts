import { parentPort, workerData } from 'node:worker_threads'
import { monotonicMs } from '../clock.ts'
import { drive, type Prepared } from '../load/drive.ts'
import { createPacer } from '../pacer.ts'
import { askOf } from '../workload/workload.ts'
import { createMeter } from './meter.ts'
import { outputTokensOf, type RequestRecord } from './record.ts'
import { watchThread } from './thread-health.ts'
import {
  type CounterName,
  counterNames,
  type FromThread,
  type ThreadStart,
  type ToThread,
} from './thread-protocol.ts'

/** The entry of a measuring thread: it sends, stamps and decodes, and does nothing else. */

const port = parentPort!
const { targets, workload, meter: meterOptions, share, counters: shared } = workerData as ThreadStart
const counters = new Int32Array(shared)
const meter = createMeter(meterOptions)
const pacer = createPacer()
const monitor = watchThread()

/** Records travel in batches: each message costs this thread some of the time it measures with. */
const batchMax = 64
const batchMs = 200

/** Characters of answers that this thread keeps for a tokenizer; later answers are counted by events. */
const textsMaxLength = 2 ** 26

/** Outcomes that come back at once: a closed loop would ask again thousands of times a second. */
const refusals: ReadonlySet<RequestRecord['outcome']> = new Set([
  'connect',
  'reset-before',
  'http_429',
  'http_5xx',
])

let batch: RequestRecord[] = []
let textLength = 0
let stop = new AbortController()
let drainTimer: NodeJS.Timeout | undefined

const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

const add = (name: CounterName, by = 1): void => {
  counters[counterNames.indexOf(name)]! += by
}

const flush = (): void => {
  if (batch.length === 0) return
  const records = batch
  batch = []
  say(
    { type: 'records', records },
    records.map(({ stamps }) => stamps.buffer as ArrayBuffer),
  )
}
const flushing = setInterval(flush, batchMs)

const keep = (record: RequestRecord): void => {
  textLength += record.text?.length ?? 0
  if (textLength > textsMaxLength) delete record.text
  add('running', -1)
  add(record.outcome === 'ok' ? 'ok' : 'failed')
  add('tokens', outputTokensOf(record))
  batch.push(record)
  if (batch.length >= batchMax) flush()
}

const run = async ({ phase, phaseIndex, originMs }: Extract<ToThread, { type: 'run' }>): Promise<void> => {
  monitor.take()
  let lastSentMs = originMs
  stop = new AbortController()
  const sized = { ...workload, ...phase.sizes }
  const prepare = (index: number): Prepared => {
    const targetIndex = phase.targets[index % phase.targets.length]!
    const ask = askOf(sized, phase.isWarmUp ? 'warm-up' : 'measured', phase.firstIndex + index)
    const send = meter.prepare({ target: targets[targetIndex]!, targetIndex, phase: phaseIndex, ask })
    return async (scheduledMs) => {
      add('issued')
      add('running')
      lastSentMs = monotonicMs()
      const record = await send(scheduledMs)
      keep(record)
      return !refusals.has(record.outcome)
    }
  }
  const endOfSending =
    phase.durationMs === undefined
      ? undefined
      : setTimeout(endSending, originMs + phase.durationMs - monotonicMs(), phase.drainMs)
  await drive({ phase, share, originMs, pacer, prepare, signal: stop.signal })
  clearTimeout(endOfSending)
  clearTimeout(drainTimer)
  flush()
  say({ type: 'done', health: monitor.take(), lastSentMs })
}

const endSending = (drainMs: number): void => {
  stop.abort()
  drainTimer = setTimeout(() => meter.cancel(), drainMs)
}

const close = async (): Promise<void> => {
  clearInterval(flushing)
  monitor.close()
  pacer.close()
  await meter.close()
  port.close()
}

port.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'run':
      void run(message)
      break
    case 'open':
      void meter.open(targets[message.target]!, message.count).then(() => say({ type: 'opened' }))
      break
    case 'stop':
      stop.abort()
      break
    case 'cancel':
      stop.abort()
      meter.cancel()
      break
    case 'close':
      void close()
      break
    default:
  }
})
