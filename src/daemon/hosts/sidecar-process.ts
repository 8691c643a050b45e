import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { AdapterHost } from '../../core/adapter.ts'
import type { McpdError } from '../../core/errors.ts'
import { createNdjsonDecoder } from '../../core/ndjson.ts'
import type { Transport } from '../../core/transport.ts'
import { createTransport } from '../transport.ts'
import { fromWireFailure, type SidecarReport, type SidecarStart } from './sidecar-protocol.ts'

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
  /** How long the log of a process that has ended is still read. */
  readonly lastWordsMs: number
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
  lastWordsMs: 500,
}

/** One child process, from its start to its end. */
export interface SidecarProcess {
  readonly pid: number | undefined
  readonly transport: Transport
  /** Resolves when it can serve, with the final error it reported, or when it ended before either. Never rejects. */
  readonly started: Promise<'ready' | 'ended' | McpdError>
  /** Resolves with how it ended, in words, when nothing of it is left. Never rejects. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

/** The child's entry beside this file, from source as from dist. */
const entry = fileURLToPath(new URL(`./sidecar-child${extname(import.meta.url)}`, import.meta.url))

const logLevels = ['debug', 'info', 'warn', 'error'] as const

/** Each line of `stream` to the log: a JSON entry as what it is, anything else at `level`. Returns the last other line. */
const followLog = (
  stream: Readable | null,
  level: 'debug' | 'warn',
  { log }: AdapterHost,
  lineMaxBytes: number,
): (() => string) => {
  let decoder = createNdjsonDecoder(lineMaxBytes)
  let last = ''
  const handle = (text: string) => {
    if (text.trim() === '') return
    try {
      const { level: own, message, ...fields } = JSON.parse(text) as Record<string, unknown>
      const known = logLevels.find((candidate) => candidate === own)
      if (known === undefined || typeof message !== 'string') throw new TypeError('not one of our entries')
      log(known, message, fields)
    } catch {
      last = text.trim()
      log(level, last)
    }
  }
  stream?.on('data', (chunk: Buffer) => {
    try {
      for (const { text } of decoder.push(chunk)) handle(text)
    } catch {
      // Of a line without end nothing is kept.
      decoder = createNdjsonDecoder(lineMaxBytes)
    }
  })
  stream?.on('end', () => handle(decoder.end()?.text ?? ''))
  return () => last
}

const makeSocket = async (): Promise<{ path: string; remove: () => Promise<void> }> => {
  if (process.platform === 'win32')
    return { path: `\\\\.\\pipe\\mcpd-${randomUUID()}`, remove: () => Promise.resolve() }
  // Only this user can enter the directory, so the socket needs no key.
  const directory = await mkdtemp(join(tmpdir(), 'mcpd-'))
  return { path: join(directory, 'socket'), remove: () => rm(directory, { recursive: true, force: true }) }
}

export const startSidecarProcess = async (
  start: SidecarStart,
  host: AdapterHost,
  limits: SidecarLimits,
): Promise<SidecarProcess> => {
  const socket = await makeSocket()
  const child = spawn(process.execPath, [entry, '--name', host.name, '--socket', socket.path], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const transport = createTransport('http://sidecar', { ...limits, socketPath: socket.path })
  followLog(child.stdout, 'debug', host, limits.logLineMaxBytes)
  const lastWords = followLog(child.stderr, 'warn', host, limits.logLineMaxBytes)

  const { promise: gone, resolve: end } = Promise.withResolvers<string>()
  child.once('error', (error) => end(`could not be started (${error.message})`))
  child.once('exit', (code, signal) => {
    const finish = () => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      const words = lastWords()
      end(words === '' ? how : `${how}: ${words}`)
    }
    // The last lines of the log, where a native crash says why, may come after the exit; a grandchild may keep them open.
    child.once('close', finish)
    setTimeout(finish, limits.lastWordsMs)
  })

  const { promise: started, resolve: settle } = Promise.withResolvers<'ready' | 'ended' | McpdError>()
  const slow = setTimeout(() => {
    host.log('error', `the sidecar took more than ${limits.startMs} ms to start`)
    child.kill('SIGKILL')
  }, limits.startMs)
  child.on('message', (message) => {
    const said = message as SidecarReport
    clearTimeout(slow)
    settle(said.type === 'ready' ? 'ready' : fromWireFailure(said))
  })
  const ended = gone.then(async (how) => {
    clearTimeout(slow)
    settle('ended')
    await Promise.allSettled([transport.close(), socket.remove()])
    return how
  })
  // A child that is gone already has said why by ending.
  child.send(start, () => undefined)

  return {
    pid: child.pid,
    transport,
    started,
    ended,
    stop: async () => {
      // Running requests are aborted by losing their connections; then nothing keeps the child.
      await transport.close()
      child.kill('SIGTERM')
      const stubborn = setTimeout(() => child.kill('SIGKILL'), limits.stopMs)
      await ended
      clearTimeout(stubborn)
    },
  }
}
