import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** Starting and ending the processes of a bench, and reading what Linux says of them. */

export interface RunningProcess {
  readonly pid: number
  /** The first line on its standard output; '' for one whose port was waited for. */
  readonly firstLine: string
  /** Milliseconds from the start to that line, or to the port being open. */
  readonly readyMs: number
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Ready when this port takes connections; without it, at the first line on standard output. */
  readonly port?: number
}

const readyMaxMs = 20_000
const stopMaxMs = 5000
const children = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a process and waits until it is ready. Throws with what it wrote to stderr when it does not get there. */
export const startProcess = async (options: ProcessOptions): Promise<RunningProcess> => {
  const startedMs = performance.now()
  const child = spawn(options.command, options.args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-2000)))
  const exited = once(child, 'exit').then(() => children.delete(child))
  const limit = new AbortController()
  const failed = Promise.race([exited, sleep(readyMaxMs, undefined, { signal: limit.signal })]).then(() => {
    throw new Error(`${options.command} ${options.args.join(' ')} did not get ready.\n${complaints}`)
  })
  failed.catch(() => undefined)
  const ready =
    options.port === undefined
      ? once(createInterface(child.stdout), 'line').then(([line]) => line as string)
      : portOpen(options.port, limit.signal)
  const stop = async (): Promise<void> => {
    if (!children.has(child)) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs)
    await exited
    clearTimeout(timer)
  }
  try {
    const firstLine = await Promise.race([ready, failed])
    child.stdout.resume()
    return { pid: child.pid!, firstLine, readyMs: performance.now() - startedMs, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    limit.abort()
  }
}

const portOpen = async (port: number, signal: AbortSignal): Promise<string> => {
  while (!signal.aborted) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) break
    await sleep(20)
  }
  return ''
}

/** A TCP port that nothing listens on right now, for programs that cannot pick one themselves. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** /proc counts in hundredths of a second on every architecture that Node runs on. */
const ticksPerSecond = 100

/** Seconds of CPU that a process has used, user and system, over all its threads. */
export const cpuSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the process may hold spaces and parentheses; the fields that follow it cannot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Megabytes of memory that a process holds in RAM. */
export const residentMb = (pid: number): number => {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(kilobytes?.[1]) / 1024
}
