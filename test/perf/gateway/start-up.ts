import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { mcpdCommand, startScript } from './candidates.ts'
import { startMcpd } from './mcpd.ts'
import { residentMb, type RunningProcess, startProcess } from './processes.ts'
import { median } from './statistics.ts'

export interface StartUp {
  /** Milliseconds: medians over the repeats. */
  readonly versionMs: number
  /** `node --eval 0`, the part of `versionMs` that nobody can save. */
  readonly nodeMs: number
  readonly readyMs: number
  /** A server of node:http that does nothing, from the start to its first line. */
  readonly bareReadyMs: number
  /** Megabytes in RAM after the idle time. */
  readonly idleMb: number
  readonly bareIdleMb: number
}

export interface StartUpOptions {
  readonly checkout: string
  /** For state directories. */
  readonly directory: string
  readonly repeats: number
  readonly idleMs: number
}

/** As text, since to strip the types of a file takes Node longer than all the rest. */
const bareServer = `require('node:http').createServer((_, response) => response.end())
  .listen(0, '127.0.0.1', () => console.log('ready'))`

/** What it takes to start mcpd, and what it holds when it has nothing to do. Nothing else of the bench runs meanwhile. */
export const measureStartUp = async (options: StartUpOptions): Promise<StartUp> => {
  const { checkout, directory, repeats, idleMs } = options
  const backend = await startScript('stand-in.ts')
  try {
    const mcpd = () =>
      startMcpd(checkout, directory, [{ name: 'answering', adapter: 'openai', url: `${backend.url}/v1` }])
    const bare = () => startProcess({ command: process.execPath, args: ['--eval', bareServer] })
    const times = {
      version: [] as number[],
      node: [] as number[],
      ready: [] as number[],
      bare: [] as number[],
    }
    for (let repeat = -1; repeat < repeats; repeat += 1) {
      const version = runMs([mcpdCommand(checkout), '--version'])
      const node = runMs(['--eval', '0'])
      const ready = await readyMs(mcpd)
      const bareReady = await readyMs(bare)
      // The first repeat fills the caches of the file system.
      if (repeat < 0) continue
      times.version.push(version)
      times.node.push(node)
      times.ready.push(ready)
      times.bare.push(bareReady)
    }
    const idle = await idleMegabytes([await mcpd(), await bare()], idleMs)
    return {
      versionMs: median(times.version),
      nodeMs: median(times.node),
      readyMs: median(times.ready),
      bareReadyMs: median(times.bare),
      idleMb: idle[0]!,
      bareIdleMb: idle[1]!,
    }
  } finally {
    await backend.stop()
  }
}

const runMs = (args: readonly string[]): number => {
  const startedMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args)
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr.toString()}`)
  return performance.now() - startedMs
}

const readyMs = async (start: () => Promise<RunningProcess>): Promise<number> => {
  const started = await start()
  await started.stop()
  return started.readyMs
}

const idleMegabytes = async (running: readonly RunningProcess[], idleMs: number): Promise<number[]> => {
  try {
    await sleep(idleMs)
    return running.map(({ pid }) => residentMb(pid))
  } finally {
    await Promise.all(running.map((each) => each.stop()))
  }
}
