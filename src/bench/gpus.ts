import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { monotonicMs } from './clock.ts'

/** A graphics card of this machine, as nvidia-smi sees it. */
export interface GpuUse {
  readonly name: string
  readonly samples: readonly GpuSample[]
}

export interface GpuSample {
  readonly atMs: number
  /** Share of the time in which it did anything, from 0 to 1. */
  readonly busy: number
  readonly memoryMiB: number
  readonly watts: number
}

export interface GpuWatch {
  /** Ends nvidia-smi and says what it saw; nothing where there is none. */
  finish(): Promise<readonly GpuUse[]>
}

const samplesMax = 10_000
const query = [
  '--query-gpu=index,name,utilization.gpu,memory.used,power.draw',
  '--format=csv,noheader,nounits',
  '--loop=1',
]

/** Asks nvidia-smi once a second, where it is on the PATH. */
export const watchGpus = (env: NodeJS.ProcessEnv): GpuWatch => {
  const gpus = new Map<string, { name: string; samples: GpuSample[] }>()
  const child = spawn('nvidia-smi', query, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  // A program that is not there ends as one that is done.
  const ended = once(child, 'close').catch(() => undefined)
  createInterface(child.stdout).on('line', (line) => {
    const [index = '', name = '', ...numbers] = line.split(',').map((cell) => cell.trim())
    const [busy = Number.NaN, memoryMiB = Number.NaN, watts = Number.NaN] = numbers.map(Number)
    if (Number.isNaN(busy) || Number.isNaN(memoryMiB)) return
    const gpu = gpus.get(index) ?? { name: `GPU ${index}, ${name}`, samples: [] }
    gpus.set(index, gpu)
    if (gpu.samples.length >= samplesMax) return
    // Some cards do not say what they draw.
    gpu.samples.push({
      atMs: monotonicMs(),
      busy: busy / 100,
      memoryMiB,
      watts: Number.isNaN(watts) ? 0 : watts,
    })
  })
  return {
    finish: async () => {
      child.kill()
      await ended
      return [...gpus.values()]
    },
  }
}
