import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { unfold } from '../../../core/fold.ts'
import type { InferenceEvent, WholeEvent } from '../../../core/inference.ts'
import { promptTensors } from '../../../dialects/kserve/generate-request.ts'
import { createPieceDecoder, decodeGenerated, recordOf } from '../../../dialects/kserve/generate-response.ts'
import { decodeInferMessage, encodeInferMessage } from '../../../dialects/kserve/grpc-messages.ts'
import { factsOfConfig, factsOfMetadata } from '../../../dialects/kserve/model.ts'
import { splitVersion } from '../../../dialects/kserve/wire.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import { allBytes, type GrpcConnection, openGrpc } from './grpc-connection.ts'
import type { TritonOptions } from './options.ts'
import type { InferCall, Inferences, Questions, Server, TextCall } from './server.ts'

/** The KServe protocol over gRPC. */
export const connectGrpc = (options: TritonOptions): Server => {
  const connection = openGrpc(options)
  return { ...questionsOver(connection), ...inferencesOver(connection), close: () => connection.close() }
}

const questionsOver = (connection: GrpcConnection): Questions => {
  const probe = async (method: string, member: string, signal: AbortSignal): Promise<boolean> =>
    (await connection.unary(method, {}, signal))[member] === true
  const config: Questions['config'] = async (model, signal) => {
    const { config: told } = await connection.unary('ModelConfig', splitVersion(model), signal)
    return isRecord(told) ? told : {}
  }
  return {
    isLive: (signal) => probe('ServerLive', 'live', signal),
    isReady: (signal) => probe('ServerReady', 'ready', signal),
    describe: (signal) => connection.unary('ServerMetadata', {}, signal),
    index: async (signal) => listOf((await connection.unary('RepositoryIndex', {}, signal))['models']),
    config,
    facts: async (model, signal) => {
      try {
        return factsOfConfig(await config(model, signal))
      } catch (error) {
        if (!isMcpdError(error) || error.code !== 'OPERATION_UNSUPPORTED') throw error
        return factsOfMetadata(await connection.unary('ModelMetadata', splitVersion(model), signal), true)
      }
    },
    statistics: async (signal) =>
      listOf((await connection.unary('ModelStatistics', {}, signal))['model_stats']),
    load: async (model, signal) => {
      await connection.unary('RepositoryModelLoad', { model_name: splitVersion(model).name }, signal)
    },
    unload: async (model, signal) => {
      await connection.unary('RepositoryModelUnload', { model_name: splitVersion(model).name }, signal)
    },
  }
}

const inferencesOver = (connection: GrpcConnection): Inferences => {
  const infer: Inferences['infer'] = async (call) => {
    const request = encodeInferMessage(call.model, call.input, call.id)
    const answer = await connection.unary('ModelInfer', request, call.signal)
    const { model, tensors } = decodeInferMessage(answer, call.input.outputs, allBytes(call))
    return { type: 'whole', response: () => ({ model, choices: [], tensors }) }
  }
  const generate: Inferences['generate'] = async (call) => {
    const whole = (await infer(asInfer(call))).response()
    const response = decodeGenerated(recordOf(whole.model, whole.tensors ?? []), call.layout)
    return { type: 'whole', ...(response.usage && { usage: response.usage }), response: () => response }
  }
  return {
    infer,
    async *inferStream(call) {
      // MLServer has another message in its streams than Triton has.
      if (call.facts?.isPlain) return yield* pieces(await infer(call), call.signal)
      let started = false
      for await (const { model, tensors } of connection.responses(call)) {
        if (!started) yield { type: 'start', model: model || call.model }
        started = true
        if (tensors.length > 0) yield { type: 'tensors', tensors }
      }
      if (!started) throw noResponse()
      yield { type: 'end' }
    },
    generatesDecoupled: false,
    generate,
    async *generateStream(call) {
      if (call.layout.facts.isPlain) return yield* pieces(await generate(call), call.signal)
      const decoder = createPieceDecoder(call.model, call.layout, call.prompt.tellsFinish)
      for await (const { model, tensors, isFinal } of connection.responses(asInfer(call)))
        // An empty last response says nothing but that it is the last.
        if (tensors.length > 0 || !isFinal) yield* decoder.push(recordOf(model || call.model, tensors))
      yield* decoder.end()
    },
  }
}

/** A whole answer as a stream. */
function* pieces(whole: WholeEvent, signal: AbortSignal): Generator<InferenceEvent> {
  for (const event of unfold(whole.response())) {
    signal.throwIfAborted()
    yield event
  }
}

const asInfer = ({ prompt, model, id, signal }: TextCall): InferCall => ({
  model,
  id,
  signal,
  input: { operation: 'infer', inputs: promptTensors(prompt), parameters: prompt.parameters, extra: {} },
})

const listOf = (value: unknown): Wire[] => (Array.isArray(value) ? value.filter(isRecord) : [])

const noResponse = (): McpdError =>
  new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream without any response.')
