import type { GpuUse } from '../gpus.ts'
import type { ProcessUse } from '../processes.ts'
import type { ServerMetrics } from '../server-metrics.ts'

/** What the run cost the machine, as far as it could be seen from here. */
export interface Resources {
  readonly processes: readonly ProcessSummary[]
  readonly gpus: readonly GpuSummary[]
  readonly servers: readonly ServerMetrics[]
}

export interface ProcessSummary {
  readonly pid: number
  readonly name: string
  readonly cores: Spread
  readonly rssMaxMiB: number
  readonly threadsMax: number
}

export interface GpuSummary {
  readonly name: string
  readonly samples: number
  readonly busy: Spread
  readonly memoryMaxMiB: number
  readonly watts: Spread
}

interface Spread {
  readonly mean: number
  readonly max: number
}

export const resourcesOf = (
  processes: readonly ProcessUse[],
  gpus: readonly GpuUse[],
  servers: readonly ServerMetrics[],
): Resources => ({
  processes: processes
    .filter(({ samples }) => samples.length > 0)
    .map(({ pid, name, samples }) => ({
      pid,
      name,
      cores: spreadOf(samples.map(({ cpu }) => cpu)),
      rssMaxMiB: round(most(samples.map(({ rssBytes }) => rssBytes)) / 2 ** 20),
      threadsMax: most(samples.map(({ threads }) => threads)),
    })),
  gpus: gpus.map(({ name, samples }) => ({
    name,
    samples: samples.length,
    busy: spreadOf(samples.map(({ busy }) => busy)),
    memoryMaxMiB: most(samples.map(({ memoryMiB }) => memoryMiB)),
    watts: spreadOf(samples.map(({ watts }) => watts)),
  })),
  servers,
})

const spreadOf = (values: readonly number[]): Spread => ({
  mean: round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)),
  max: round(most(values)),
})

const most = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, value), 0)

const round = (value: number): number => Math.round(value * 1000) / 1000
