import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Where real runtimes are installed; $MCPD_RUNTIMES goes before it. */
export const cache = process.env['MCPD_RUNTIMES'] ?? join(homedir(), '.cache/mcpd-runtimes')

/** The Python of a runtime that test/runtimes/install.ts has installed. */
export const pythonOf = (runtime: string): string => join(cache, 'venvs', runtime, 'bin/python')

/** Why a runtime cannot be run; undefined when it can. */
export const whyNot = (runtime: string): string | undefined =>
  existsSync(join(cache, 'venvs', runtime, 'installed'))
    ? undefined
    : `${runtime} is not installed in ${cache}; node test/runtimes/install.ts says why`

/** A file beside this one. */
export const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const startMaxMs = 90_000
/** What they log, for who wants to know why something went wrong. */
const log = process.env['MCPD_RUNTIMES_LOG'] ? 'inherit' : 'ignore'

export interface Program {
  readonly pid: number
  readonly close: () => Promise<void>
}

export interface ProgramOptions {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whether it serves. */
  readonly isReady: () => Promise<boolean>
}

/** Starts a program in a folder of its own and waits until it serves. */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const { name, command, env, isReady } = options
  const [file = '', ...rest] = command
  const folder = await mkdtemp(join(tmpdir(), `mcpd-${name}-`))
  const child = spawn(file, rest, {
    cwd: folder,
    env: { ...process.env, HOME: folder, LOGDIR: folder, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', log, log],
    // A group of its own, so that what it starts goes with it.
    detached: true,
  })
  const close = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  child.once('error', () => undefined)
  const lateMs = performance.now() + startMaxMs
  while (performance.now() < lateMs && child.exitCode === null && child.pid !== undefined) {
    if (await isReady().catch(() => false)) return { pid: child.pid, close }
    await wait(100)
  }
  await close()
  throw new Error(`${name} did not start; MCPD_RUNTIMES_LOG=1 shows what it says.`)
}

const graceMs = 5000

const end = async (child: ChildProcess): Promise<void> => {
  const { pid } = child
  if (pid === undefined) return
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name)
    } catch {
      // It has gone.
    }
  }
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    signal('SIGTERM')
    await Promise.race([gone, wait(graceMs)])
  }
  signal('SIGKILL')
}

export const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether a question is answered with 200. */
export const answers = async (url: string, init: RequestInit = {}): Promise<boolean> =>
  (await fetch(url, init)).ok
