import { fileURLToPath } from 'node:url'
import { McpdError } from '../../../core/errors.ts'
import { parseSize } from '../../../core/quantity.ts'
import { refusal } from '../../../dialects/kserve/errors.ts'
import {
  decodeInferMessage,
  encodeInferMessage,
  type InferMessage,
  statusOfCode,
} from '../../../dialects/kserve/grpc-messages.ts'
import { isRecord, textOf, type Wire } from '../../../dialects/wire.ts'
import {
  type GrpcChannel,
  GrpcFailure,
  type GrpcMethod,
  grpcUnavailable,
  loadGrpcService,
  openGrpcChannel,
} from '../../grpc-channel.ts'
import { defaultUrls, headersOf, type TritonOptions } from './options.ts'
import type { InferCall } from './server.ts'

const protoFile = fileURLToPath(new URL('../../../dialects/kserve/inference.proto', import.meta.url))

interface Connected {
  readonly channel: GrpcChannel
  readonly methods: Readonly<Record<string, GrpcMethod>>
}

/** Triton's final response is told by a parameter of it, and only to those who ask. */
const finalParameter = 'triton_final_response'
/** Streams of newer servers then fail with a code; those of others carry their errors inside, in words alone. */
const errorsAsStatus = { triton_grpc_error: 'true' }
const asksForFinal = { triton_enable_empty_final_response: true } as const

/** A KServe server over gRPC. */
export interface GrpcConnection {
  /** A call with one answer, by the name of its method. */
  unary(method: string, request: object, signal: AbortSignal): Promise<Wire>
  /** Every response to an inference. Throws what an error inside the stream means, BACKEND_INCOMPLETE where it breaks off. */
  responses(call: InferCall): AsyncGenerator<StreamedResponse>
  close(): Promise<void>
}

/** An empty one says nothing but that it is the last. */
export type StreamedResponse = InferMessage & { readonly isFinal: boolean }

/** Its library is loaded at the first call. */
export const openGrpc = (options: TritonOptions): GrpcConnection => {
  const url = new URL(options.url ?? defaultUrls.grpc)
  const isSecure = url.protocol === 'grpcs:' || url.protocol === 'https:'
  const messageMaxBytes = parseSize(options.answerMax ?? '64MB')
  let connecting: Promise<Connected> | undefined
  let closed = false

  const connect = (): Promise<Connected> => {
    if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter is closed.')
    connecting ??= (async () => ({
      methods: await loadGrpcService(protoFile, 'inference.GRPCInferenceService'),
      channel: await openGrpcChannel({
        address: `${url.hostname}:${url.port || '8001'}`,
        isSecure,
        headers: { ...errorsAsStatus, ...headersOf(options, url) },
        messageMaxBytes,
      }),
    }))()
    return connecting
  }
  const unary = async (method: string, request: object, signal: AbortSignal): Promise<Wire> => {
    const { channel, methods } = await connect()
    try {
      return await channel.unary(methods[method]!, request, signal)
    } catch (error) {
      throw asOurs(error, false)
    }
  }

  async function* responses(call: InferCall): AsyncGenerator<StreamedResponse> {
    const { channel, methods } = await connect()
    const { input, model, id, signal } = call
    const parameters = { ...input.parameters, ...asksForFinal }
    const request = encodeInferMessage(model, { ...input, parameters }, id)
    let saysFinal = false
    let begun = false
    try {
      for await (const { error_message: failure, infer_response: message } of channel.stream(
        methods['ModelStreamInfer']!,
        request,
        signal,
      )) {
        const said = textOf(failure)
        if (said !== undefined) throw inBand(said, begun)
        const response = decodeInferMessage(isRecord(message) ? message : {}, input.outputs, allBytes(call))
        const final = response.parameters[finalParameter]
        if (final !== undefined) saysFinal = true
        begun = true
        yield { ...response, isFinal: final === true }
        if (final === true) return
      }
    } catch (error) {
      throw asOurs(error, begun)
    }
    if (saysFinal)
      throw new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream before the final response.')
  }
  return {
    unary,
    responses,
    close: async () => {
      closed = true
      const connected = await connecting?.catch(() => undefined)
      connected?.channel.close()
    },
  }
}

export const allBytes = ({ input }: InferCall): boolean => input.parameters?.['binary_data_output'] === true

/** Until there was output, an error in a stream has the meaning that it would have had as a status. */
const inBand = (said: string, begun: boolean): McpdError => {
  if (begun) return new McpdError('BACKEND_ERROR', `The backend failed: ${said.slice(0, 1000)}`)
  const isClients = /unknown model|unexpected|expect(s|ed)\b|invalid|must|not found/i.test(said)
  return refusal(isClients ? 400 : 500, said)
}

/** What a code of gRPC means. A stream that had begun has broken off. */
const asOurs = (error: unknown, begun: boolean): unknown => {
  if (!(error instanceof GrpcFailure)) return error
  const { code, message } = error
  const isCut = code === 1 || message.includes('RST_STREAM') || (begun && code === grpcUnavailable)
  if (isCut)
    return new McpdError('BACKEND_INCOMPLETE', `The backend cut its answer short (${message}).`, {}, error)
  // Triton says so with the code of what is not there.
  if (message.includes('expecting header')) return refusal(403, message)
  if (code === grpcUnavailable && message.includes('unknown model')) return refusal(503, message)
  if (code === grpcUnavailable)
    return new McpdError('BACKEND_UNAVAILABLE', `The backend cannot be reached (${message}).`, {}, error)
  if (message.includes('larger than max'))
    return new McpdError('BACKEND_ERROR', "The backend's answer is larger than answerMax allows.", {}, error)
  return begun ? inBand(message, begun) : refusal(statusOfCode(code), message)
}
