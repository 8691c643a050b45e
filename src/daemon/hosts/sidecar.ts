import { extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Adapter, AdapterHost, AdapterModule, Health, Model } from '../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../core/errors.ts'
import { type InferenceEvent, type InferenceRequest, operations } from '../../core/inference.ts'
import { createNdjsonDecoder } from '../../core/ndjson.ts'
import type { TransportResponse } from '../../core/transport.ts'
import { fence, requireOperation } from './fence.ts'
import { residentBytes } from './process-group.ts'
import { describeInSidecar, manageInSidecar } from './sidecar-manage.ts'
import {
  type SidecarLimits,
  sidecarLimits,
  type SidecarProgram,
  startSidecarProcess,
} from './sidecar-process.ts'
import {
  fromWireEvent,
  fromWireFailure,
  parseAnswer,
  parseFailure,
  parseLine,
  type WireLine,
} from './sidecar-protocol.ts'
import { supervise } from './sidecar-supervisor.ts'

export interface SidecarSettings {
  /** A module whose default export is the AdapterModule; else one that mcpd brings, by its type. */
  readonly moduleUrl?: string
  /** A program that speaks the protocol, with its arguments, instead of a module. */
  readonly command?: readonly string[]
  /** Where the command runs. Default: the daemon's own directory. */
  readonly cwd?: string
  /** Variables besides those of the daemon, of which it gets all but mcpd's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Resident memory of the program and its children, at which it is ended and started again. */
  readonly memoryMaxBytes?: number
  readonly limits?: Partial<SidecarLimits>
}

export interface SidecarAdapter extends Adapter {
  /** Resolves when the adapter can serve for the first time; rejects with the error because of which it never will. */
  readonly ready: Promise<void>
  /** The child's process id while there is one. */
  readonly pid: number | undefined
}

const answerMaxBytes = 16 * 1024 * 1024
/** Of all lines of an answer that is not streamed to the client. */
const wholeMaxBytes = 64 * 1024 * 1024
/** How long a connection whose answer is complete is given to end. */
const afterlifeMs = 1000
/** Warnings of one request that are kept. */
const warningsMax = 64

/** The child's entry beside this file, from source as from dist. */
const entry = fileURLToPath(new URL(`./sidecar-child${extname(import.meta.url)}`, import.meta.url))

/**
 * Runs an adapter in a child process and returns at once: requests wait until it can serve. When the child crashes,
 * hangs or takes too much memory, the requests it was working on fail with BACKEND_UNAVAILABLE and it is started again
 * after a wait that grows; until then requests fail at once. When it says that it can never work, requests fail with
 * that reason and nothing restarts.
 */
export const hostInSidecar = (
  module: Pick<AdapterModule, 'type'>,
  options: unknown,
  host: AdapterHost,
  settings: SidecarSettings = {},
): SidecarAdapter => {
  const limits = { ...sidecarLimits, ...settings.limits }
  const name = `The ${module.type} runtime`
  const program = programOf(module.type, options, host, settings)
  const supervisor = supervise(name, () => startSidecarProcess(program, host, limits), host, limits)

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent> {
    const { signal, trace, stream, frame: _, ...asked } = request
    const transport = await supervisor.transport(signal)
    if (supervisor.capabilities) requireOperation(supervisor.capabilities.operations, request)
    const body = JSON.stringify({ ...asked, stream })
    const response = await supervisor.blame(signal, () =>
      transport.send({ method: 'POST', path: '/infer', body, headers: json, signal }),
    )
    if (response.status !== 200) throw await refusal(response)
    for await (const line of linesOf(response, stream, (use) => supervisor.blame(signal, use))) {
      signal.throwIfAborted()
      if (line.type === 'error') throw fromWireFailure(line)
      if (line.type === 'warnings')
        trace.warnings.push(...line.warnings.slice(0, Math.max(0, warningsMax - trace.warnings.length)))
      else yield fromWireEvent(line)
    }
  }

  const get = async <Path extends Parameters<typeof parseAnswer>[0]>(path: Path, signal: AbortSignal) => {
    const transport = await supervisor.transport(signal)
    const { status, body } = await supervisor.blame(signal, async () => {
      const response = await transport.send({ method: 'GET', path, signal })
      return { status: response.status, body: await response.bytes(answerMaxBytes) }
    })
    return parseAnswer(path, status, body)
  }

  const health = async (signal: AbortSignal): Promise<Health> => {
    try {
      return await get('/health', signal)
    } catch (error) {
      if (supervisor.starting) return { ok: false, detail: `${name} is starting.` }
      if (isMcpdError(error))
        return { ok: false, detail: [error.message, ...(error.details.suggestions ?? [])].join(' ') }
      throw error
    }
  }

  const metrics = async (signal: AbortSignal): Promise<Readonly<Record<string, number>>> => {
    const { pid, capabilities, restarts } = supervisor
    const bytes = pid === undefined ? undefined : await residentBytes(pid)
    return {
      ...(capabilities?.metrics && (await get('/metrics', signal))),
      restarts,
      ...(bytes !== undefined && { resident_bytes: bytes }),
    }
  }

  return {
    specVersion: 1,
    // Until it has said which, any: what it cannot do it refuses itself.
    get operations() {
      return supervisor.capabilities?.operations ?? operations
    },
    get uses() {
      return supervisor.capabilities?.uses ?? []
    },
    ready: supervisor.ready,
    get pid() {
      return supervisor.pid
    },
    infer: (request) => fence(request, infer(request)),
    // Known once it has said what it can.
    get manage() {
      return manageInSidecar(supervisor, supervisor.capabilities?.manage)
    },
    get describe() {
      if (!supervisor.capabilities?.describe) return undefined
      return (model: string, signal: AbortSignal) => describeInSidecar(supervisor, model, signal)
    },
    models: (signal): Promise<readonly Model[]> => get('/models', signal),
    health,
    metrics,
    close: () => supervisor.close(),
  }
}

const json = { 'content-type': 'application/json' }

const programOf = (
  type: string,
  options: unknown,
  { name }: AdapterHost,
  { moduleUrl, command, cwd, env, memoryMaxBytes }: SidecarSettings,
): SidecarProgram => {
  // The daemon's keys are not the adapter's business.
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('MCPD_'))
  const shared = {
    env: { ...Object.fromEntries(inherited), ...env },
    ...(cwd !== undefined && { cwd }),
    ...(memoryMaxBytes !== undefined && { memoryMaxBytes }),
  }
  if (command) return { ...shared, command: () => command, start: { name, options } }
  // V8 collects in time only when it knows where the end is; the rest of the memory is not its own.
  const heap =
    memoryMaxBytes === undefined
      ? []
      : [`--max-old-space-size=${Math.ceil((memoryMaxBytes / 2 ** 20) * 0.75)}`]
  return {
    ...shared,
    command: (socket) => [process.execPath, ...heap, entry, '--name', name, '--socket', socket],
    start: { name, options, type, ...(moduleUrl !== undefined && { moduleUrl }) },
  }
}

const refusal = async (response: TransportResponse): Promise<McpdError> =>
  parseFailure('POST /infer', response.status, await response.bytes(answerMaxBytes))

/** The lines as they come, up to the one that ends the answer. `blame` runs whatever may end with the process. */
async function* linesOf(
  response: TransportResponse,
  stream: boolean,
  blame: <T>(use: () => Promise<T>) => Promise<T>,
): AsyncGenerator<WireLine> {
  const decoder = createNdjsonDecoder()
  const chunks = response.body[Symbol.asyncIterator]()
  let readBytes = 0
  try {
    for (;;) {
      const { done, value } = await blame(() => chunks.next())
      if (done) break
      readBytes += value.length
      if (!stream && readBytes > wholeMaxBytes)
        throw new McpdError('BACKEND_ERROR', `The sidecar's answer is over ${wholeMaxBytes} bytes.`)
      for (const { text } of decoder.push(value)) {
        if (text.trim() === '') continue
        const line = parseLine(text)
        yield line
        if (line.type !== 'end' && line.type !== 'whole') continue
        // A connection that comes to its own end can be used again.
        await Promise.race([
          chunks.next().catch(() => undefined),
          sleep(afterlifeMs, undefined, { ref: false }),
        ])
        return
      }
    }
    const last = decoder.end()?.text ?? ''
    if (last.trim() !== '') yield parseLine(last)
  } finally {
    await chunks.return?.()
  }
}
