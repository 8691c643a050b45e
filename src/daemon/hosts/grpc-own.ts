import { fileURLToPath } from 'node:url'
import type { Health, Model } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../../core/inference.ts'
import { textOf } from '../../dialects/wire.ts'
import { type GrpcChannel, type GrpcMethod, loadGrpcService } from '../grpc-channel.ts'
import { asOurs } from './grpc-errors.ts'
import {
  type Capabilities,
  fromWireEvent,
  fromWireFailure,
  parseAnswer,
  parseLine,
} from './sidecar-protocol.ts'
import { said } from './sidecar-schemas.ts'

/** A service of mcpd.adapter.v1, which speaks the words of the sidecar protocol. */
export interface OwnService {
  readonly capabilities: Capabilities
  infer(request: InferenceRequest): AsyncGenerator<InferenceEvent, void>
  models(signal: AbortSignal): Promise<readonly Model[]>
  health(signal: AbortSignal): Promise<Health>
  metrics(signal: AbortSignal): Promise<Readonly<Record<string, number>>>
}

export const ownServiceName = 'mcpd.adapter.v1.Adapter'
const protoFile = fileURLToPath(new URL('./adapter.proto', import.meta.url))
/** Warnings of one request that are kept. */
const warningsMax = 64

/** Throws what the service says of itself, such as CONFIG_INVALID when it can never serve. */
export const openOwnService = async (channel: GrpcChannel, signal: AbortSignal): Promise<OwnService> => {
  const methods = await loadGrpcService(protoFile, ownServiceName)
  const ask = async <Path extends Parameters<typeof parseAnswer>[0]>(
    method: string,
    path: Path,
    asked: AbortSignal,
  ) => {
    let text: string
    try {
      text = textOf((await channel.unary(methods[method]!, {}, asked))['text']) ?? ''
    } catch (error) {
      throw asOurs(error, false)
    }
    return parseAnswer(path, isFailure(text) ? 500 : 200, Buffer.from(text))
  }
  return {
    capabilities: await ask('Capabilities', '/capabilities', signal),
    infer: (request) => infer(channel, methods['Infer']!, request),
    models: (asked) => ask('Models', '/models', asked),
    health: (asked) => ask('Health', '/health', asked),
    metrics: (asked) => ask('Metrics', '/metrics', asked),
  }
}

const isFailure = (text: string): boolean => {
  try {
    return said.failure.Check(JSON.parse(text))
  } catch {
    return false
  }
}

async function* infer(
  channel: GrpcChannel,
  method: GrpcMethod,
  request: InferenceRequest,
): AsyncGenerator<InferenceEvent, void> {
  const { signal, trace, frame: _, header: __, ...asked } = request
  let begun = false
  try {
    for await (const message of channel.stream(method, { text: JSON.stringify(asked) }, signal)) {
      const text = textOf(message['text'])
      if (text === undefined) throw new McpdError('BACKEND_ERROR', 'The service sent an empty line.')
      const line = parseLine(text)
      if (line.type === 'error') throw fromWireFailure(line)
      if (line.type === 'warnings') {
        trace.warnings.push(...line.warnings.slice(0, Math.max(0, warningsMax - trace.warnings.length)))
        continue
      }
      begun = true
      yield fromWireEvent(line)
      if (line.type === 'end' || line.type === 'whole') return
    }
  } catch (error) {
    throw asOurs(error, begun)
  }
}
