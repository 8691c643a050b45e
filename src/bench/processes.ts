import { readdirSync, readFileSync } from 'node:fs'
import { monotonicMs } from './clock.ts'
import type { WatchedProcess } from './plan.ts'

/** What a process used, seen from outside. */
export interface ProcessSample {
  readonly atMs: number
  /** Cores in use since the sample before. */
  readonly cpu: number
  readonly rssBytes: number
  readonly threads: number
}

export interface ProcessUse {
  readonly pid: number
  readonly name: string
  readonly samples: readonly ProcessSample[]
}

export interface ProcessWatch {
  /** Takes one sample of each process; those that are gone are left out from then on. */
  sample(): void
  uses(): readonly ProcessUse[]
}

/** Linux counts in hundredths of a second on every architecture that Node runs on. */
const ticksPerSecond = 100
const samplesMax = 10_000

interface Reading {
  readonly atMs: number
  readonly cpuSeconds: number
}

/** Watches processes through /proc, and this process itself. On systems without /proc only the latter, without its threads. */
export const watchProcesses = (watched: readonly WatchedProcess[]): ProcessWatch => {
  const all = [{ pid: process.pid, name: 'mcpd bench (this client)' }, ...watched].map((one) => ({
    ...one,
    samples: [] as ProcessSample[],
    last: undefined as Reading | undefined,
  }))

  const sample = (): void => {
    for (const one of all) {
      const read = one.pid === process.pid ? readSelf() : readProcess(one.pid)
      if (!read || one.samples.length >= samplesMax) continue
      const atMs = monotonicMs()
      if (one.last) {
        const cpu = (read.cpuSeconds - one.last.cpuSeconds) / ((atMs - one.last.atMs) / 1000)
        one.samples.push({ atMs, cpu: Math.max(0, cpu), rssBytes: read.rssBytes, threads: read.threads })
      }
      one.last = { atMs, cpuSeconds: read.cpuSeconds }
    }
  }

  return { sample, uses: () => all.map(({ pid, name, samples }) => ({ pid, name, samples })) }
}

const readSelf = () => {
  const { user, system } = process.cpuUsage()
  return {
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.memoryUsage.rss(),
    threads: readProcess(process.pid)?.threads ?? 0,
  }
}

const readProcess = (pid: number) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name may hold spaces and parentheses; the fields after it cannot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      rssBytes: Number(rss?.[1] ?? 0) * 1024,
      threads: Number(fields[17]),
    }
  } catch {
    return undefined
  }
}

/** The processes that a process has started, and theirs: a daemon's sidecars. Empty without /proc. */
export const childrenOf = (pid: number): number[] => {
  const direct: number[] = []
  try {
    for (const task of readdirSync(`/proc/${pid}/task`))
      direct.push(
        ...readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
      )
  } catch {
    return []
  }
  return direct.flatMap((child) => [child, ...childrenOf(child)])
}
