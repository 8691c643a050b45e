import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { McpdError } from '../../core/errors.ts'
import type { FaultKind } from './faults.ts'

/** A server that the run started itself: the one process whose failures may be real. */
export interface StartedServer {
  /** Of the first start. */
  readonly pid: number
  /** `kill` ends it and its children, to be started again at the end of the fault; `freeze` stops them where they are. */
  set(kind: ProcessFault | undefined): void
  close(): Promise<void>
}

export type ProcessFault = 'kill' | 'freeze'

export const isProcessFault = (kind: FaultKind): kind is ProcessFault => kind === 'kill' || kind === 'freeze'

/** Long enough for a large model to be read. */
const startMaxMs = 600_000
const askEveryMs = 100
const askMaxMs = 2000
const endMaxMs = 5000
/** Characters of its standard error that are quoted when it does not start. */
const quotedMaxLength = 1000

/**
 * Runs a command of the shell and resolves when the URL answers with anything but a failure of the server. Throws USAGE
 * when something answers there already, BACKEND_UNAVAILABLE when the command ends or nothing answers in time.
 */
export const startServer = async (
  command: string,
  url: string,
  signal: AbortSignal,
): Promise<StartedServer> => {
  if (await answers(url, signal))
    throw new McpdError('USAGE', `Something answers at ${url} already: it is not the server of --start.`, {
      suggestions: ['End it, or let the command listen at another port.'],
    })
  let running = run(command)
  let fault: ProcessFault | undefined
  const endWithUs = (): void => tell(running.child, 'SIGKILL')
  process.once('exit', endWithUs)

  const close = async (): Promise<void> => {
    process.off('exit', endWithUs)
    const { child } = running
    if (!isAlive(child)) return
    const ended = once(child, 'exit')
    // What stands still takes no other signal.
    tell(child, 'SIGCONT')
    tell(child, 'SIGTERM')
    const late = setTimeout(() => tell(child, 'SIGKILL'), endMaxMs)
    await ended
    clearTimeout(late)
  }

  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(startMaxMs)])
    while (!(await answers(url, limit))) {
      if (!isAlive(running.child)) throw failed(`The command of --start ended. ${running.said()}`)
      if (limit.aborted) throw failed(`Nothing answered at ${url} within ${startMaxMs / 1000} s.`)
      await sleep(askEveryMs, undefined, { signal: limit })
    }
  } catch (error) {
    await close()
    signal.throwIfAborted()
    throw error
  }
  return {
    pid: running.child.pid!,
    set: (kind) => {
      if (fault === 'freeze') tell(running.child, 'SIGCONT')
      if (fault === 'kill') running = run(command)
      if (kind !== undefined) tell(running.child, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP')
      fault = kind
    },
    close,
  }
}

const failed = (message: string): McpdError =>
  new McpdError('BACKEND_UNAVAILABLE', message.trim(), {
    suggestions: ['Run the command by hand, and see that it listens at the target.'],
  })

/** In a group of its own, so that what the shell starts is reached as well. */
const run = (command: string) => {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  child.on('error', () => undefined)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-quotedMaxLength)
  })
  return { child, said: () => said.trim() }
}

const isAlive = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null

/** Only a group whose leader has not been reaped is surely still ours. */
const tell = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (!isAlive(child)) return
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // It has just ended.
  }
}

const answers = async (url: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const { statusCode, body } = await request(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(askMaxMs)]),
    })
    await body.dump()
    return statusCode < 500
  } catch {
    return false
  }
}
