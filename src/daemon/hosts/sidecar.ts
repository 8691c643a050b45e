import type { Adapter, AdapterHost, AdapterModule, Health, Model } from '../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import { operations, type InferenceEvent, type InferenceRequest } from '../../core/inference.ts'
import { createNdjsonDecoder } from '../../core/ndjson.ts'
import { type SidecarLimits, sidecarLimits, startSidecarProcess } from './sidecar-process.ts'
import {
  type Capabilities,
  fromWireEvent,
  fromWireFailure,
  type SidecarStart,
  type WireError,
  type WireLine,
} from './sidecar-protocol.ts'
import { supervise } from './sidecar-supervisor.ts'

export interface SidecarSettings {
  /** A module whose default export is the AdapterModule; else one that mcpd brings, by its type. */
  readonly moduleUrl?: string
  readonly limits?: Partial<SidecarLimits>
}

export interface SidecarAdapter extends Adapter {
  /** Resolves when the adapter can serve for the first time; rejects with the error because of which it never will. */
  readonly ready: Promise<void>
  /** The child's process id while there is one. */
  readonly pid: number | undefined
}

const answerMaxBytes = 16 * 1024 * 1024

/**
 * Runs an adapter in a child process and returns at once: requests wait until it can serve. When the child crashes,
 * the requests it was working on fail with BACKEND_UNAVAILABLE and it is started again after a wait that grows; until
 * then requests fail at once. When it says that it can never work, requests fail with that reason and nothing restarts.
 */
export const hostInSidecar = (
  module: Pick<AdapterModule, 'type'>,
  options: unknown,
  host: AdapterHost,
  settings: SidecarSettings = {},
): SidecarAdapter => {
  const limits = { ...sidecarLimits, ...settings.limits }
  const { type } = module
  const { moduleUrl } = settings
  const start: SidecarStart = { type, options, ...(moduleUrl !== undefined && { moduleUrl }) }
  const supervisor = supervise(
    `The ${type} runtime`,
    () => startSidecarProcess(start, host, limits),
    host,
    limits,
  )

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent> {
    const { signal, trace, frame: _, ...asked } = request
    const transport = await supervisor.transport(signal)
    const response = await supervisor.blame(signal, () =>
      transport.send({ method: 'POST', path: '/infer', body: JSON.stringify(asked), signal }),
    )
    const decoder = createNdjsonDecoder()
    const chunks = response.body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await supervisor.blame(signal, () => chunks.next())
        if (done) return
        for (const { text } of decoder.push(value)) {
          signal.throwIfAborted()
          const line = parseLine(text)
          if (line.type === 'error') throw fromWireFailure(line)
          if (line.type === 'warnings') trace.warnings.push(...line.warnings)
          else yield fromWireEvent(line)
        }
      }
    } finally {
      await chunks.return?.()
    }
  }

  const get = async <T>(path: string, signal: AbortSignal): Promise<T> => {
    const transport = await supervisor.transport(signal)
    const { status, body } = await supervisor.blame(signal, async () => {
      const response = await transport.send({ method: 'GET', path, signal })
      return { status: response.status, body: await response.bytes(answerMaxBytes) }
    })
    const value: unknown = JSON.parse(body.toString())
    if (status !== 200) throw fromWireFailure(value as WireError)
    return value as T
  }

  const health = async (signal: AbortSignal): Promise<Health> => {
    try {
      return await get<Health>('/health', signal)
    } catch (error) {
      if (supervisor.starting) return { ok: false, detail: `The ${type} runtime is starting.` }
      if (isMcpdError(error)) return { ok: false, detail: error.message }
      throw error
    }
  }

  let capabilities: Capabilities | undefined
  const askCapabilities = async (): Promise<void> => {
    await supervisor.ready
    capabilities = await get<Capabilities>('/capabilities', new AbortController().signal)
  }
  askCapabilities().catch(() => undefined)

  return {
    specVersion: 1,
    // Until it has said which, any: what it cannot do it refuses itself.
    get operations() {
      return capabilities?.operations ?? operations
    },
    get uses() {
      return capabilities?.uses ?? []
    },
    ready: supervisor.ready,
    get pid() {
      return supervisor.pid
    },
    infer,
    models: (signal) => get<Model[]>('/models', signal),
    health,
    close: () => supervisor.close(),
  }
}

const parseLine = (text: string): WireLine => {
  try {
    return JSON.parse(text) as WireLine
  } catch (error) {
    throw new McpdError('BACKEND_ERROR', 'The sidecar sent a line that is not JSON.', {}, error)
  }
}
