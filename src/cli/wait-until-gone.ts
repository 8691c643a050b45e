import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../client/index.ts'
import { readDaemonRecord } from '../client/locate.ts'
import { isMcpdError, McpdError } from '../core/errors.ts'

type Observed = Pick<Client, 'isLocal' | 'status'>

interface WaitOptions {
  readonly pid: number
  readonly stateDir: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const lookEveryMs = 50

/**
 * Resolves when a daemon that was told to stop no longer answers and, on this machine, has let go of its state
 * directory, so that another can start. Throws DEADLINE_EXCEEDED after `timeoutMs`, or the signal's reason.
 */
export const waitUntilGone = async (client: Observed, options: WaitOptions): Promise<void> => {
  const { pid, stateDir, timeoutMs, signal } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const patience = AbortSignal.any([signal, timeout])
  const holds = (): boolean => client.isLocal && readDaemonRecord(stateDir)?.pid === pid && isAlive(pid)
  while ((await answers(client, pid, patience)) || holds()) {
    await sleep(lookEveryMs, undefined, { signal: patience }).catch(() => undefined)
    signal.throwIfAborted()
    if (timeout.aborted)
      throw new McpdError(
        'DEADLINE_EXCEEDED',
        `The daemon (process ${pid}) is still there after ${timeoutMs} ms.`,
        {
          suggestions: ['Wait longer: mcpd stop --timeout 5m', 'See what it works on: mcpd status'],
        },
      )
  }
}

/** False too when another daemon has taken its place. */
const answers = async (client: Observed, pid: number, signal: AbortSignal): Promise<boolean> => {
  try {
    return (await client.status({ signal })).pid === pid
  } catch (error) {
    return isMcpdError(error) && error.code !== 'DAEMON_UNREACHABLE'
  }
}

/** A process that was killed leaves its record behind. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
