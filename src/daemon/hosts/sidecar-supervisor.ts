import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterHost } from '../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import type { Transport } from '../../core/transport.ts'
import type { SidecarLimits, SidecarProcess } from './sidecar-process.ts'
import type { Capabilities } from './sidecar-protocol.ts'
import { createSidecarStatus } from './sidecar-state.ts'

/** Keeps one child process alive. */
export interface Supervisor {
  /** Resolves when a child can serve for the first time; rejects with the error because of which none ever will. */
  readonly ready: Promise<void>
  readonly starting: boolean
  readonly pid: number | undefined
  /** What the last child that could serve said of itself. */
  readonly capabilities: Capabilities | undefined
  /** How often a child had to be started again. */
  readonly restarts: number
  /** The way to a child that can serve: waits while one is starting, throws BACKEND_UNAVAILABLE when it has crashed. */
  transport(signal: AbortSignal): Promise<Transport>
  /** Runs `use`; a connection that breaks meanwhile is the child's crash, and thrown as that. */
  blame<T>(signal: AbortSignal, use: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

const unavailable = (message: string, retryAfterSeconds?: number): McpdError =>
  new McpdError('BACKEND_UNAVAILABLE', message, {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })

/** What a request is told of a start that failed for good: a missing runtime as it is, a mistake of the config as its effect. */
const asRequestError = (final: McpdError): McpdError =>
  final.code === 'RUNTIME_MISSING'
    ? final
    : new McpdError('BACKEND_UNAVAILABLE', final.message, final.details, final)

const isBroken = (error: unknown): boolean =>
  isMcpdError(error) && (error.code === 'BACKEND_UNAVAILABLE' || error.code === 'BACKEND_INCOMPLETE')

/** A connection broke: with its process, or because that wanted it so. */
const whoBrokeIt = (name: string, isAlive: boolean, cause: unknown): McpdError =>
  isAlive
    ? new McpdError('BACKEND_INCOMPLETE', `${name} broke its answer off.`, {}, cause)
    : new McpdError('BACKEND_UNAVAILABLE', `${name} crashed while it worked on the request.`, {}, cause)

const causeOf = (error: unknown): { readonly how: string; readonly upMs: number } => ({
  how: `could not be started (${String(error)})`,
  upMs: 0,
})

/** `name` is what people call what runs in there, such as "The embedded runtime". */
export const supervise = (
  name: string,
  start: () => Promise<SidecarProcess>,
  { log }: AdapterHost,
  limits: SidecarLimits,
): Supervisor => {
  const closing = new AbortController()
  const first = Promise.withResolvers<void>()
  first.promise.catch(() => undefined)
  const status = createSidecarStatus()
  let child: SidecarProcess | undefined
  let capabilities: Capabilities | undefined
  let restarts = 0
  let waiting = 0

  /** One child from start to end. Returns how it ended and how long it could serve, or undefined if it is final. */
  const runOnce = async (): Promise<{ how: string; upMs: number } | undefined> => {
    child = await start()
    if (closing.signal.aborted) {
      await child.stop()
      return undefined
    }
    const outcome = await child.started
    const readyMs = performance.now()
    if (outcome.kind === 'failed') {
      const { error } = outcome
      first.reject(error)
      log('error', error.message, { suggestions: error.details.suggestions })
      status.become({ kind: 'failed', error: asRequestError(error) })
      await child.stop()
      return undefined
    }
    if (outcome.kind === 'ready') {
      capabilities = outcome.capabilities
      status.become({ kind: 'up', transport: child.transport })
      first.resolve()
    }
    const how = await child.ended
    return { how, upMs: outcome.kind === 'ready' ? performance.now() - readyMs : 0 }
  }

  const run = async (): Promise<void> => {
    for (let crashes = 1; ; crashes++) {
      const end = await runOnce().catch(causeOf)
      child = undefined
      if (end === undefined || closing.signal.aborted) return
      if (end.upMs >= limits.stableMs) crashes = 1
      const waitMs = Math.min(limits.restartFirstMs * 2 ** (crashes - 1), limits.restartMaxMs)
      log('error', `${name} ${end.how}`, { restartMs: waitMs })
      status.become({
        kind: 'crashed',
        error: unavailable(`${name} ${end.how}. It is about to be started again.`, Math.ceil(waitMs / 1000)),
      })
      await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined)
      if (closing.signal.aborted) return
      restarts += 1
      status.become({ kind: 'starting' })
    }
  }

  const transport = async (signal: AbortSignal): Promise<Transport> => {
    signal.throwIfAborted()
    if (status.state.kind === 'starting' && waiting >= limits.waitingMax)
      throw new McpdError('QUEUE_FULL', `${waiting} requests wait for a start already.`)
    waiting++
    try {
      while (status.state.kind === 'starting') await status.changed(signal)
    } finally {
      waiting--
    }
    const { state } = status
    if (state.kind === 'up') return state.transport
    throw state.error
  }

  const blame: Supervisor['blame'] = async (signal, use) => {
    try {
      return await use()
    } catch (error) {
      signal.throwIfAborted()
      if (!isBroken(error)) throw error
      const { state } = status
      if (state.kind === 'closed') throw state.error
      throw whoBrokeIt(name, (await child?.isAlive()) ?? false, error)
    }
  }

  const running = run()
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const error = unavailable(`${name} is closed.`)
    status.become({ kind: 'closed', error })
    first.reject(error)
    closing.abort()
    await child?.stop()
    await running
  }

  return {
    ready: first.promise,
    get starting() {
      return status.state.kind === 'starting'
    },
    get pid() {
      return child?.pid
    },
    get capabilities() {
      return capabilities
    },
    get restarts() {
      return restarts
    },
    transport,
    blame,
    close: () => (closed ??= close()),
  }
}
