import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Errors } from '@oclif/core'
import { execa } from 'execa'
import { errorTable, isErrorCode, McpdError } from '../core/errors.ts'

/** Where a daemon listens that is ready. */
export interface Ready {
  readonly url: string
  readonly pid: number
}

interface Failed {
  readonly type: 'failed'
  readonly code: string
  readonly message: string
  readonly exit: number
  readonly suggestions?: readonly string[]
}

type Report = ({ readonly type: 'ready' } & Ready) | Failed

const ownProgram = fileURLToPath(new URL('../../bin/mcpd-daemon.js', import.meta.url))
/** Loading a large model from a slow disk is the longest part of a start. */
const readyMs = 10 * 60_000

interface Start {
  readonly argv: readonly string[]
  /** The daemon's entry point; default: mcpd's own. */
  readonly program?: string
}

interface DetachedStart extends Start {
  /** An open file for its standard error. */
  readonly log: number
  readonly interrupted: AbortSignal
}

const start = (
  { argv, program = ownProgram }: Start,
  detached: boolean,
  output: 'inherit' | 'ignore',
  errors: 'inherit' | number,
) =>
  spawn(process.execPath, [program, ...argv], {
    detached,
    stdio: [output, output, errors, 'ipc'],
  })

/**
 * Runs a daemon in the foreground, on this terminal, until it ends. Signals go on to it. Resolves with its exit code.
 * Throws what it says when it cannot start.
 */
export const runDaemon = async (options: Start): Promise<number> => {
  const child = start(options, false, 'inherit', 'inherit')
  const stopForwarding = forwardSignals(child)
  const ended = untilEnd(child)
  let report: Report | undefined
  // The channel stays open: by its end the daemon learns that this process is gone.
  child.once('message', (message) => (report = message as Report))
  const [code, signal] = await ended
  stopForwarding()
  if (report?.type === 'failed') throw startError(report)
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL']
}

/**
 * Starts a daemon that outlives this process and resolves once it is ready. Throws what it says when it cannot start,
 * or the signal's reason, having stopped it.
 */
export const detachDaemon = async (options: DetachedStart): Promise<Ready> => {
  const { log, interrupted } = options
  const child = start({ ...options, argv: [...options.argv, '--detached'] }, true, 'ignore', log)
  const patience = AbortSignal.any([interrupted, AbortSignal.timeout(readyMs)])
  try {
    const report = await Promise.race([
      once(child, 'message', { signal: patience }).then(([message]) => message as Report),
      untilEnd(child, patience).then(([code, signal]) => code ?? signal ?? 'nothing'),
    ])
    if (typeof report !== 'object') throw silentEnd(report)
    if (report.type === 'failed') throw startError(report)
    child.disconnect()
    child.unref()
    return { url: report.url, pid: report.pid }
  } catch (error) {
    if (!patience.aborted) throw error
    child.kill('SIGTERM')
    if (interrupted.aborted) throw interrupted.reason
    throw new McpdError('DEADLINE_EXCEEDED', `The daemon was not ready after ${readyMs / 60_000} minutes.`, {
      suggestions: ['Its log says how far it came: mcpd logs'],
    })
  }
}

/** Exit code or signal; not before the last message has arrived, which may be on its way when the process is gone. */
const untilEnd = async (child: ChildProcess, signal?: AbortSignal) => {
  const options = signal && { signal }
  const [ended] = await Promise.all([once(child, 'exit', options), once(child, 'disconnect', options)])
  return ended as [number | null, NodeJS.Signals | null]
}

/** Longer than any machine needs to load the program and read a file. */
const answerMs = 60_000

/**
 * What the daemon's program answers to one of its questions, such as `--check`, without starting a daemon.
 * Throws the error it answers with, or the signal's reason.
 */
export const askProgram = async (argv: readonly string[], signal: AbortSignal): Promise<unknown> => {
  const { stdout, exitCode } = await execa(process.execPath, [ownProgram, ...argv], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    timeout: answerMs,
    cancelSignal: signal,
  })
  signal.throwIfAborted()
  const answer = parseOrUndefined(stdout)
  if (answer === undefined) throw silentEnd(exitCode ?? errorTable.INTERNAL.exit)
  const { error } = answer as { readonly error?: Omit<Failed, 'type' | 'exit'> }
  if (error) throw startError({ type: 'failed', exit: exitCode ?? errorTable.INTERNAL.exit, ...error })
  return answer
}

const parseOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * On a terminal Ctrl-C reaches the whole process group, so that handing it on would be a second one. A terminal that
 * closes is the end of the daemon on it, while SIGHUP from elsewhere makes a daemon read its config again.
 */
const forwardSignals = (child: ChildProcess): (() => void) => {
  const { isTTY } = process.stdin
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map((signal) => {
    const forward = (): void => {
      if (signal === 'SIGINT' && isTTY) return
      child.kill(signal === 'SIGHUP' && isTTY ? 'SIGTERM' : signal)
    }
    process.on(signal, forward)
    return () => process.off(signal, forward)
  })
  return () => {
    for (const remove of handlers) remove()
  }
}

const startError = ({ code, message, exit, suggestions = [] }: Failed): Error =>
  isErrorCode(code)
    ? new McpdError(code, message, { suggestions })
    : new Errors.CLIError(message, { code, exit, suggestions: [...suggestions] })

const silentEnd = (by: number | string): Error =>
  new Errors.CLIError(`The daemon ended with ${by} before it was ready.`, {
    code: 'INTERNAL',
    exit: errorTable.INTERNAL.exit,
    suggestions: ['Its log may say why: mcpd logs'],
  })
