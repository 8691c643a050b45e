import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { monotonicMs } from '../clock.ts'

/** What a measuring thread says of itself over one phase. Times in ms. */
export interface ThreadHealth {
  /** How late the event loop came round, beyond its own sampling step. */
  readonly loopDelayP50Ms: number
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
  /** Pauses for the collection of garbage. */
  readonly gcCount: number
  readonly gcTotalMs: number
  readonly gcMaxMs: number
  /** Share of one core that this thread used. */
  readonly cpuShare: number
}

export interface ThreadMonitor {
  /** What was seen since the last call, or the start. */
  take(): ThreadHealth
  close(): void
}

const samplingMs = 1
const nanoseconds = 1e6

export const watchThread = (): ThreadMonitor => {
  const delay = monitorEventLoopDelay({ resolution: samplingMs })
  delay.enable()
  let gc = { count: 0, totalMs: 0, maxMs: 0 }
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries())
      gc = { count: gc.count + 1, totalMs: gc.totalMs + duration, maxMs: Math.max(gc.maxMs, duration) }
  })
  observer.observe({ entryTypes: ['gc'] })
  let cpu = process.threadCpuUsage()
  let sinceMs = monotonicMs()
  const over = (ns: number): number => Math.max(0, ns / nanoseconds - samplingMs)

  const take = (): ThreadHealth => {
    const used = process.threadCpuUsage(cpu)
    const health: ThreadHealth = {
      loopDelayP50Ms: over(delay.percentile(50)),
      loopDelayP99Ms: over(delay.percentile(99)),
      loopDelayMaxMs: over(delay.max),
      gcCount: gc.count,
      gcTotalMs: gc.totalMs,
      gcMaxMs: gc.maxMs,
      cpuShare: (used.user + used.system) / 1000 / (monotonicMs() - sinceMs),
    }
    delay.reset()
    gc = { count: 0, totalMs: 0, maxMs: 0 }
    cpu = process.threadCpuUsage()
    sinceMs = monotonicMs()
    return health
  }

  return {
    take,
    close: () => {
      delay.disable()
      observer.disconnect()
    },
  }
}
