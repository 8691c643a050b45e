import type * as Grpc from '@grpc/grpc-js'
import { McpdError } from '../core/errors.ts'
import type { Wire } from '../dialects/wire.ts'

/** gRPC towards one backend. The library is only loaded by whoever opens a channel. */
export interface GrpcChannel {
  /** Throws GrpcFailure with the code of gRPC, or the signal's reason. */
  unary(method: GrpcMethod, request: object, signal: AbortSignal): Promise<Wire>
  /** Messages of a method that streams its answer, whether it also streams its request or not. */
  stream(method: GrpcMethod, request: object, signal: AbortSignal): AsyncGenerator<Wire, void>
  close(): void
}

export type GrpcMethod = Grpc.MethodDefinition<object, object>

export interface GrpcChannelOptions {
  /** `host:port`. */
  readonly address: string
  readonly isSecure: boolean
  /** Sent as metadata with every call. */
  readonly headers: Readonly<Record<string, string>>
  /** Of one message. */
  readonly messageMaxBytes: number
}

/** A call that did not end well, before anybody has said what that means. */
export class GrpcFailure extends Error {
  readonly code: number

  constructor(code: number, message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'GrpcFailure'
    this.code = code
  }
}

export const grpcUnavailable = 14

/** Loads the library and opens a channel; it connects at its first call. */
export const openGrpcChannel = async (options: GrpcChannelOptions): Promise<GrpcChannel> => {
  const { default: grpc } = await import('@grpc/grpc-js')
  const { address, isSecure, headers, messageMaxBytes } = options
  const client = new grpc.Client(
    address,
    isSecure ? grpc.credentials.createSsl() : grpc.credentials.createInsecure(),
    {
      'grpc.max_receive_message_length': messageMaxBytes,
      'grpc.max_send_message_length': -1,
      // Whether anything is sent again is decided in one place.
      'grpc.enable_retries': 0,
      'grpc.primary_user_agent': 'mcpd',
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
    },
  )
  const metadata = (): Grpc.Metadata => {
    const made = new grpc.Metadata()
    for (const [name, value] of Object.entries(headers)) made.set(name.toLowerCase(), value)
    return made
  }
  const open = new Set<Grpc.Call>()
  let closed = false

  const begin = <C extends Grpc.Call>(make: () => C, signal: AbortSignal): { call: C; end: () => void } => {
    signal.throwIfAborted()
    if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The connection to the backend is closed.')
    const call = make()
    const onAbort = (): void => call.cancel()
    open.add(call)
    signal.addEventListener('abort', onAbort, { once: true })
    return {
      call,
      end: () => {
        open.delete(call)
        signal.removeEventListener('abort', onAbort)
      },
    }
  }
  const failed = (error: unknown, signal: AbortSignal): unknown => {
    if (signal.aborted) return signal.reason
    const { code, details, message } = error as Partial<Grpc.ServiceError>
    return typeof code === 'number' ? new GrpcFailure(code, details || message || '', error) : error
  }

  const unary: GrpcChannel['unary'] = async (
    { path, requestSerialize, responseDeserialize },
    request,
    signal,
  ) => {
    const answered = Promise.withResolvers<object | undefined>()
    const { end } = begin(
      () =>
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata(),
          (error, value) => (error ? answered.reject(error) : answered.resolve(value)),
        ),
      signal,
    )
    try {
      return ((await answered.promise) ?? {}) as Wire
    } catch (error) {
      throw failed(error, signal)
    } finally {
      end()
    }
  }

  async function* stream(
    { path, requestSerialize, responseDeserialize, requestStream }: GrpcMethod,
    request: object,
    signal: AbortSignal,
  ): AsyncGenerator<Wire, void> {
    const { call, end } = begin(() => {
      if (!requestStream)
        return client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata(),
        )
      const both = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata())
      both.write(request)
      both.end()
      return both
    }, signal)
    try {
      for await (const message of call) {
        signal.throwIfAborted()
        yield message as Wire
      }
      signal.throwIfAborted()
    } catch (error) {
      throw failed(error, signal)
    } finally {
      call.cancel()
      end()
    }
  }

  return {
    unary,
    stream,
    close: () => {
      closed = true
      for (const call of open) call.cancel()
      client.close()
    },
  }
}

/** The methods of a service by their names, from a .proto file. */
export const loadGrpcService = async (
  protoFile: string,
  service: string,
): Promise<Readonly<Record<string, GrpcMethod>>> => {
  const { default: loader } = await import('@grpc/proto-loader')
  const definition = await loader.load(protoFile, protoOptions)
  // The file is ours and has that service.
  return definition[service] as unknown as Readonly<Record<string, GrpcMethod>>
}

/** 64-bit numbers as text, since JSON numbers would round them. */
export const protoOptions = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }
