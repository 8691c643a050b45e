import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterHost } from '../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import { encodeNdjson } from '../../core/ndjson.ts'
import type { Transport } from '../../core/transport.ts'
import { createTransport } from '../transport.ts'
import { endWithUs, residentBytes, signalGroup } from './process-group.ts'
import { followLog } from './sidecar-log.ts'
import { type Capabilities, isFinal, parseAnswer, type SidecarStart } from './sidecar-protocol.ts'

export interface SidecarLimits {
  /** How long loading may take until the process is given up. */
  readonly startMs: number
  /** How long a process may take to end when told to, until it is killed. */
  readonly stopMs: number
  /** Waits before a crashed process is started again: the first, doubled each time, up to the last. */
  readonly restartFirstMs: number
  readonly restartMaxMs: number
  /** A process that was up for this long has not crashed in a row. */
  readonly stableMs: number
  /** Requests that may wait for a process that is starting. */
  readonly waitingMax: number
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly logLineMaxBytes: number
  /** Lines of its log in one second; more are counted and left out. */
  readonly logLinesMax: number
  /** How long the log of a process that has ended is still read. */
  readonly lastWordsMs: number
  /** How often it is asked whether it is ready, while it starts. */
  readonly pollMs: number
  /** How often a running one is asked whether it is alive, and how long it may take to say so until it is killed. */
  readonly pingEveryMs: number
  readonly pingMaxMs: number
  /** How often its memory is looked at, where that has a limit. */
  readonly memoryEveryMs: number
}

export const sidecarLimits: SidecarLimits = {
  startMs: 600_000,
  stopMs: 5000,
  restartFirstMs: 500,
  restartMaxMs: 30_000,
  stableMs: 60_000,
  waitingMax: 1024,
  connectionsMax: 256,
  connectTimeoutMs: 10_000,
  logLineMaxBytes: 64 * 1024,
  logLinesMax: 100,
  lastWordsMs: 500,
  pollMs: 10,
  pingEveryMs: 10_000,
  pingMaxMs: 60_000,
  memoryEveryMs: 1000,
}

/** What is started. */
export interface SidecarProgram {
  /** Program and arguments for a socket; no shell is involved. */
  readonly command: (socket: string) => readonly string[]
  readonly cwd?: string
  readonly env: NodeJS.ProcessEnv
  readonly start: SidecarStart
  /** Resident memory of the program and its children, at which it is killed. */
  readonly memoryMaxBytes?: number
}

export type Started =
  | { readonly kind: 'ready'; readonly capabilities: Capabilities }
  | { readonly kind: 'failed'; readonly error: McpdError }
  | { readonly kind: 'ended' }

/** One child process, from its start to its end. */
export interface SidecarProcess {
  readonly pid: number | undefined
  readonly transport: Transport
  /** Resolves when it can serve, with the final error it reported, or when it ended before either. Never rejects. */
  readonly started: Promise<Started>
  /** Resolves with how it ended, in words, when nothing of it is left. Never rejects. */
  readonly ended: Promise<string>
  /** Whether it answers at once: what tells a process that crashed from one that broke a connection off. */
  isAlive(): Promise<boolean>
  stop(): Promise<void>
}

const aliveMs = 1000
const capabilitiesMaxBytes = 64 * 1024

const askCapabilities = async (transport: Transport, signal: AbortSignal): Promise<Capabilities> => {
  const response = await transport.send({ method: 'GET', path: '/capabilities', signal })
  return parseAnswer('/capabilities', response.status, await response.bytes(capabilitiesMaxBytes))
}

const makeSocket = async (): Promise<{ path: string; folder: string; remove: () => Promise<void> }> => {
  if (process.platform === 'win32')
    return { path: `\\\\.\\pipe\\mcpd-${randomUUID()}`, folder: '', remove: () => Promise.resolve() }
  // Only this user can enter the directory, so the socket needs no key.
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
  return {
    path: join(folder, 'socket'),
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export const startSidecarProcess = async (
  program: SidecarProgram,
  host: AdapterHost,
  limits: SidecarLimits,
): Promise<SidecarProcess> => {
  const socket = await makeSocket()
  const [command = '', ...args] = program.command(socket.path)
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(program.cwd !== undefined && { cwd: program.cwd }),
    env: { ...program.env, MCPD_SOCKET: socket.path },
    // A group of its own: Ctrl-C on the daemon's terminal is for the daemon, which ends the group when it has drained.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const callOff = endWithUs(child.pid, socket.folder)
  const transport = createTransport('http://sidecar', { ...limits, socketPath: socket.path })
  followLog(child.stdout, 'debug', host, limits)
  const lastWords = followLog(child.stderr, 'warn', host, limits)
  // It stays open: its end is how the child learns of ours.
  child.stdin.on('error', () => undefined)
  child.stdin.write(encodeNdjson(program.start))

  const over = new AbortController()
  let verdict: string | undefined
  /** Ends it for a reason that is told instead of its exit code. */
  const kill = (why: string): void => {
    verdict ??= why
    signalGroup(child, 'SIGKILL')
  }

  const { promise: gone, resolve: end } = Promise.withResolvers<string>()
  child.once('error', (error) => end(`could not be started (${error.message})`))
  child.once('exit', (code, signal) => {
    signalGroup(child, 'SIGKILL')
    const finish = (): void => {
      const how = verdict ?? (signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`)
      const words = verdict === undefined ? lastWords() : ''
      end(words === '' ? how : `${how}: ${words}`)
    }
    // The last lines of the log, where a native crash says why, may come after the exit; a grandchild may keep them open.
    child.once('close', finish)
    setTimeout(finish, limits.lastWordsMs)
  })
  const ended = gone.then(async (how) => {
    over.abort(new McpdError('BACKEND_UNAVAILABLE', how))
    callOff()
    await Promise.allSettled([transport.close(), socket.remove()])
    return how
  })

  const started = untilReady(transport, over.signal, limits).then((outcome): Started => {
    if (isMcpdError(outcome)) {
      if (over.signal.aborted) return { kind: 'ended' }
      if (isFinal(outcome)) return { kind: 'failed', error: outcome }
      kill(`was ended, for it cannot be used: ${outcome.message}`)
      return { kind: 'ended' }
    }
    watch(child.pid, transport, program.memoryMaxBytes, over.signal, limits, kill)
    return { kind: 'ready', capabilities: outcome }
  })

  return {
    pid: child.pid,
    transport,
    started,
    ended,
    isAlive: () =>
      askCapabilities(transport, AbortSignal.any([over.signal, AbortSignal.timeout(aliveMs)])).then(
        () => true,
        () => false,
      ),
    stop: async () => {
      // Running requests are aborted by losing their connections; then nothing keeps the child.
      await transport.close()
      child.stdin.end()
      signalGroup(child, 'SIGTERM')
      const stubborn = setTimeout(() => signalGroup(child, 'SIGKILL'), limits.stopMs)
      await ended
      clearTimeout(stubborn)
    },
  }
}

/** Its capabilities as soon as it answers, or why it never will. */
const untilReady = async (
  transport: Transport,
  over: AbortSignal,
  { startMs, pollMs }: SidecarLimits,
): Promise<Capabilities | McpdError> => {
  const patience = AbortSignal.any([over, AbortSignal.timeout(startMs)])
  for (;;) {
    try {
      return await askCapabilities(transport, patience)
    } catch (error) {
      if (patience.aborted)
        return new McpdError('BACKEND_TIMEOUT', `it took more than ${startMs} ms to start.`)
      if (!isMcpdError(error)) return new McpdError('BACKEND_ERROR', String(error), {}, error)
      const isListening = error.code !== 'BACKEND_UNAVAILABLE' && error.code !== 'BACKEND_INCOMPLETE'
      if (isListening) return error
      await sleep(pollMs)
    }
  }
}

/** Ends a process that says nothing any more or takes too much memory. */
const watch = (
  pid: number | undefined,
  transport: Transport,
  memoryMaxBytes: number | undefined,
  over: AbortSignal,
  { pingEveryMs, pingMaxMs, memoryEveryMs }: SidecarLimits,
  kill: (why: string) => void,
): void => {
  const every = (milliseconds: number, look: () => Promise<void>): void => {
    const run = async (): Promise<void> => {
      while (!over.aborted) {
        await sleep(milliseconds, undefined, { signal: over, ref: false })
        await look()
      }
    }
    run().catch(() => undefined)
  }
  every(pingEveryMs, async () => {
    const patience = AbortSignal.timeout(pingMaxMs)
    await askCapabilities(transport, AbortSignal.any([patience, over])).catch(() => {
      if (patience.aborted && !over.aborted)
        kill(`hung and was ended: it did not answer GET /capabilities within ${pingMaxMs} ms`)
    })
  })
  if (memoryMaxBytes !== undefined && pid !== undefined)
    every(memoryEveryMs, async () => {
      const bytes = (await residentBytes(pid)) ?? 0
      if (bytes > memoryMaxBytes)
        kill(
          `was ended, for it took ${Math.round(bytes / 2 ** 20)} MB of memory and may take ${Math.round(memoryMaxBytes / 2 ** 20)} MB`,
        )
    })
}
