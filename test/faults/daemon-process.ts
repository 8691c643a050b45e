import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'
import type { Build } from './builds.ts'

export interface DaemonOptions {
  readonly name: string
  /** A folder of its own: configuration, state, log. */
  readonly folder: string
  /** Text of its mcpd.yaml. */
  readonly config: string
  readonly env?: Readonly<Record<string, string>>
  readonly builds: readonly Build[]
}

/** A daemon in a process of its own behind a wire of its own: clients keep the address however often it dies. */
export interface DaemonProcess {
  readonly name: string
  readonly url: string
  /** Between clients and the daemon. */
  readonly wire: TcpProxy
  /** Resolves when it serves. With a failpoint it dies where that says. */
  start(failpoint?: string): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** Called with the signal or the exit code of every end but by `kill` and `close`. */
  onDeath(listener: (how: string) => void): void
  signal(name: NodeJS.Signals): void
  /** Sets its clock so much ahead of the machine's, at once. */
  jump(aheadMs: number): Promise<void>
  /** The largest file it may write, in bytes; undefined: any. */
  limitFiles(bytes: number | undefined): Promise<void>
  close(): Promise<void>
}

const run = promisify(execFile)
const program = fileURLToPath(new URL('../../bin/mcpd-daemon.js', import.meta.url))
const preload = new URL('preload.ts', import.meta.url).href
/** Longest start on a machine that has other things to do. */
const startMaxMs = 60_000

export const createDaemonProcess = async (options: DaemonOptions): Promise<DaemonProcess> => {
  const { name, folder, config, builds } = options
  await mkdir(folder, { recursive: true })
  const configPath = join(folder, 'mcpd.yaml')
  const clock = join(folder, 'clock')
  await Promise.all([writeFile(configPath, config), writeFile(clock, '0')])
  const log = createWriteStream(join(folder, 'stderr'), { flags: 'a' })
  const wire = await startTcpProxy({ port: 0 }, { port: 9 })
  const args = ['--config', configPath, '--state-dir', folder, '--port', '0', '--json', '--no-discover']
  let child: ChildProcess | undefined
  let died: (how: string) => void = () => undefined
  const expected = new WeakSet<ChildProcess>()
  const hasEnded = (): boolean => !child || child.exitCode !== null || child.signalCode !== null

  const end = async (): Promise<void> => {
    if (!child || hasEnded()) return
    expected.add(child)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  return {
    name,
    url: `http://127.0.0.1:${wire.port}`,
    wire,
    start: async (failpoint = '') => {
      const started = spawn(process.execPath, ['--import', preload, program, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          ...options.env,
          MCPD_SOURCE: '1',
          // Starts are most of what a storm waits for.
          NODE_COMPILE_CACHE: join(folder, 'compiled'),
          MCPD_FAILPOINT: failpoint,
          MCPD_FAULTS_BUILDS: builds.join(','),
          MCPD_FAULTS_CLOCK: clock,
        },
      })
      child = started
      // A pipe, so that a limit of its files does not end its log.
      started.stderr.pipe(log, { end: false })
      const gone = new AbortController()
      started.once('exit', (code, signal) => {
        gone.abort()
        if (!expected.has(started)) died(signal ?? String(code))
      })
      const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(startMaxMs)])
      try {
        const [line] = (await once(createInterface(started.stdout), 'line', { signal })) as [string]
        const { url } = JSON.parse(line) as { url: string }
        wire.aim({ port: Number(new URL(url).port) })
      } catch (error) {
        // One that dies at a failpoint may do so before it serves.
        if (failpoint !== '' && hasEnded()) return
        throw new Error(`The daemon ${name} did not start; see ${folder}/stderr.`, { cause: error })
      }
    },
    kill: end,
    onDeath: (listener) => {
      died = listener
    },
    signal: (signal) => void child?.kill(signal),
    jump: (aheadMs) => writeFile(clock, String(aheadMs)),
    limitFiles: async (bytes) => {
      if (!child || hasEnded()) return
      await run('prlimit', ['--pid', String(child.pid), `--fsize=${bytes ?? 'unlimited'}:unlimited`])
    },
    close: async () => {
      await end()
      await wire.close()
      log.end()
    },
  }
}
