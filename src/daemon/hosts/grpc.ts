import type { Adapter, AdapterHost, AdapterModule, Health, Model } from '../../core/adapter.ts'
import { isMcpdError, McpdError, toMcpdError } from '../../core/errors.ts'
import {
  type InferenceEvent,
  type InferenceRequest,
  type Operation,
  operations,
} from '../../core/inference.ts'
import { parseSize } from '../../core/quantity.ts'
import { type GrpcChannel, type GrpcMethod, openGrpcChannel } from '../grpc-channel.ts'
import { fence, requireOperation } from './fence.ts'
import { asOurs } from './grpc-errors.ts'
import { type MappedService, mapService } from './grpc-mapped.ts'
import { type GrpcOptions, grpcOptions } from './grpc-options.ts'
import { openOwnService, type OwnService, ownServiceName } from './grpc-own.ts'
import { reflect } from './grpc-reflection.ts'
import { isFinal } from './sidecar-protocol.ts'

/** What was found at the address. */
interface Found {
  readonly own?: OwnService
  readonly mapped?: MappedService
}

/** How long the first look at a service may take; its callers wait no longer than their own signals. */
const lookMaxMs = 10_000

/**
 * An adapter behind gRPC, in a process of its own that mcpd does not start. It is looked at when first needed, by
 * server reflection: a service of mcpd.adapter.v1 is an adapter as it is, any other is asked by the methods of the
 * config. One that goes away and comes back is looked at again.
 */
const create = (options: GrpcOptions, host: AdapterHost): Adapter => {
  const { address, tls = false, headers = {}, messageMax = '64MB' } = options
  const closing = new AbortController()
  let opening: Promise<GrpcChannel> | undefined
  let looking: Promise<Found> | undefined
  let found: Found | undefined

  const open = (): Promise<GrpcChannel> =>
    (opening ??= openGrpcChannel({
      address,
      isSecure: tls,
      headers,
      messageMaxBytes: parseSize(messageMax),
    }))
  const lookOnce = async (): Promise<Found> => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(lookMaxMs)])
    try {
      return (found = await look(await open(), options, host.name, signal))
    } catch (error) {
      if (signal.aborted && !closing.signal.aborted)
        throw new McpdError('BACKEND_TIMEOUT', `The service told nothing of itself within ${lookMaxMs} ms.`)
      throw asOurs(error, false)
    } finally {
      looking = undefined
    }
  }
  const connect = async (signal: AbortSignal): Promise<Found> => {
    signal.throwIfAborted()
    if (closing.signal.aborted) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter is closed.')
    return found ?? whileWanted((looking ??= lookOnce()), signal)
  }

  async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void> {
    const { own, mapped } = await connect(request.signal)
    if (own) {
      requireOperation(own.capabilities.operations, request)
      yield* own.infer(request)
    } else if (mapped) yield* mapped.infer(await open(), request)
  }

  const health = async (signal: AbortSignal): Promise<Health> => {
    try {
      const { own } = await connect(signal)
      return own ? await own.health(signal) : { ok: true }
    } catch (error) {
      signal.throwIfAborted()
      // What comes back may be another than what went.
      found = undefined
      const { message, details } = toMcpdError(error)
      return { ok: false, detail: [message, ...(details.suggestions ?? [])].join(' ') }
    }
  }
  // A service that is away today may be back tomorrow; only what can never work is a failed start.
  const ready = connect(closing.signal).then(
    () => undefined,
    (error: unknown) => {
      if (isMcpdError(error) && isFinal(error)) throw error
    },
  )
  ready.catch(() => undefined)

  return {
    specVersion: 1,
    get operations(): readonly Operation[] {
      // Until it has said which, any: what it cannot do it refuses itself.
      return (
        options.methods?.map(({ operation }) => operation) ??
        found?.own?.capabilities.operations ??
        operations
      )
    },
    get uses() {
      return options.methods?.map(({ method }) => method) ?? found?.own?.capabilities.uses ?? []
    },
    infer: (request) => fence(request, infer(request)),
    models: async (signal): Promise<readonly Model[]> => {
      const { own, mapped } = await connect(signal)
      return own ? own.models(signal) : (mapped?.models ?? [])
    },
    health,
    metrics: async (signal) => {
      const { own } = await connect(signal)
      return own?.capabilities.metrics ? own.metrics(signal) : {}
    },
    ready,
    close: async () => {
      if (closing.signal.aborted) return
      closing.abort(new McpdError('SHUTTING_DOWN', 'The adapter is being closed.'))
      await looking?.catch(() => undefined)
      const channel = await opening?.catch(() => undefined)
      channel?.close()
    },
  }
}

const look = async (
  channel: GrpcChannel,
  options: GrpcOptions,
  name: string,
  signal: AbortSignal,
): Promise<Found> => {
  const reflection = await reflect(channel, signal)
  if (!options.methods) {
    if (reflection.services.includes(ownServiceName)) return { own: await openOwnService(channel, signal) }
    const there = reflection.services.join(', ') || 'none'
    throw new McpdError('CONFIG_INVALID', `The server has no service ${ownServiceName}; it has ${there}.`, {
      suggestions: ["Say under methods in the backend's entry of the config which of its methods do what."],
    })
  }
  const methods = new Map<string, GrpcMethod>()
  for (const { method } of options.methods) methods.set(method, await reflection.method(method, signal))
  return { mapped: mapService(options, name, methods) }
}

/** Ends when the caller has had enough; what was begun goes on for the next one. */
const whileWanted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const grpc: AdapterModule<GrpcOptions> = {
  type: 'grpc',
  description: 'An adapter of your own, or any service, behind gRPC with server reflection.',
  host: 'module',
  options: grpcOptions,
  create,
}

export default grpc
