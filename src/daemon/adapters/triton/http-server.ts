import type { AdapterHost } from '../../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import type { InferenceResponse, WantedOutput, WholeEvent } from '../../../core/inference.ts'
import { parseSize } from '../../../core/quantity.ts'
import type { TransportResponse } from '../../../core/transport.ts'
import { promptBody } from '../../../dialects/kserve/generate-request.ts'
import { createPieceDecoder, decodeGenerated } from '../../../dialects/kserve/generate-response.ts'
import { encodeInfer } from '../../../dialects/kserve/infer-request.ts'
import { decodeInferResponse } from '../../../dialects/kserve/infer-response.ts'
import { factsOfConfig, factsOfMetadata } from '../../../dialects/kserve/model.ts'
import { decodeStream } from '../../../dialects/kserve/stream-decoder.ts'
import { tensorOf } from '../../../dialects/kserve/tensor-bytes.ts'
import { dialects, jsonLengthHeader, splitVersion } from '../../../dialects/kserve/wire.ts'
import { isRecord } from '../../../dialects/wire.ts'
import {
  type HttpConnection,
  modelPath,
  notKserve,
  openHttp,
  parse,
  requireObject,
} from './http-connection.ts'
import { generatePlainly, streamPlainly } from './http-plain.ts'
import type { TritonOptions } from './options.ts'
import type { InferCall, Inferences, Questions, Server, TextCall } from './server.ts'

/** The KServe protocol over HTTP. */
export const connectHttp = (options: TritonOptions, host: AdapterHost): Server => {
  const connection = openHttp(options, host)
  return {
    ...questionsOver(connection),
    ...inferencesOver(connection, parseSize(options.answerMax ?? '64MB')),
    close: () => connection.close(),
  }
}

const questionsOver = (connection: HttpConnection): Questions => {
  const config: Questions['config'] = (model, signal) =>
    connection.readObject({ method: 'GET', path: `${modelPath(model)}/config`, signal })
  return {
    isLive: (signal) => connection.probe('/v2/health/live', signal),
    isReady: (signal) => connection.probe('/v2/health/ready', signal),
    describe: (signal) => connection.readObject({ method: 'GET', path: '/v2', signal }),
    index: async (signal) => {
      const list = await connection.read({ method: 'POST', path: '/v2/repository/index', body: '{}', signal })
      if (!Array.isArray(list)) throw notKserve(200, 'no list of models')
      return list.filter(isRecord)
    },
    config,
    facts: async (model, signal) => {
      try {
        return factsOfConfig(await config(model, signal))
      } catch (error) {
        if (!isMcpdError(error) || !tellsNoConfig(error)) throw error
        const metadata = await connection.readObject({ method: 'GET', path: modelPath(model), signal })
        return factsOfMetadata(metadata, error.code === 'OPERATION_UNSUPPORTED')
      }
    },
    statistics: async (signal) => {
      const { model_stats: list } = await connection.readObject({
        method: 'GET',
        path: '/v2/models/stats',
        signal,
      })
      return Array.isArray(list) ? list.filter(isRecord) : []
    },
    load: (model, signal) => connection.change(`${repositoryPathOf(model)}/load`, signal),
    unload: (model, signal) => connection.change(`${repositoryPathOf(model)}/unload`, signal),
  }
}

const inferencesOver = (connection: HttpConnection, answerMaxBytes: number): Inferences => ({
  infer: async (call) => {
    const { body, outputs } = inferBody(call)
    const response = await connection.ask({
      method: 'POST',
      path: `${modelPath(call.model)}/infer`,
      body: body.body,
      signal: call.signal,
      headers: bytesHeaders(body.jsonLength),
    })
    return wholeInfer(response, await response.bytes(answerMaxBytes), outputs)
  },
  generatesDecoupled: true,
  generate: async (call) => {
    if (call.layout.facts.isPlain) return generatePlainly(connection, call, answerMaxBytes)
    const path = `${modelPath(call.model)}/generate`
    const response = await connection.ask({
      method: 'POST',
      path,
      body: generateBody(call),
      signal: call.signal,
    })
    return wholeText(call, response, await response.bytes(answerMaxBytes))
  },
  async *generateStream(call) {
    if (call.layout.facts.isPlain) return yield* streamPlainly(connection, call, answerMaxBytes)
    const path = `${modelPath(call.model)}/generate_stream`
    const response = await connection.ask({
      method: 'POST',
      path,
      body: generateBody(call),
      signal: call.signal,
    })
    // What a client of this dialect has asked for itself is its own matter.
    const tellsFinish = call.prompt.tellsFinish && !isPassed(call)
    const pieces = createPieceDecoder(call.model, call.layout, tellsFinish)
    if (response.headers['content-type']?.includes('event-stream'))
      return yield* decodeStream(response.body, pieces)
    // What went wrong before the model ran is told without a stream.
    const body = requireObject(parse(response.status, await response.bytes(answerMaxBytes)))
    yield* pieces.push(body)
    yield* pieces.end()
  },
})

/** Whether the client's bytes mean the same to the model. */
const isPassed = ({ frame, layout }: TextCall): boolean =>
  frame?.dialect === dialects.generate && layout.prompt?.name === 'text_input'

const generateBody = (call: TextCall): Buffer | string =>
  isPassed(call) ? call.frame!.bytes : JSON.stringify({ id: call.id, ...promptBody(call.prompt) })

const bytesHeaders = (jsonLength: number | undefined): Record<string, string> =>
  jsonLength === undefined
    ? {}
    : { [jsonLengthHeader]: String(jsonLength), 'content-type': 'application/octet-stream' }

const repositoryPathOf = (model: string): string =>
  modelPath(splitVersion(model).name).replace('/v2/models/', '/v2/repository/models/')

/** A server without the extension, or one that keeps it to itself. */
const tellsNoConfig = ({ code, message }: McpdError): boolean =>
  code === 'OPERATION_UNSUPPORTED' || (code === 'BACKEND_ERROR' && message.includes('restricts'))

/** What values JSON cannot hold, or would round. */
const bytesTypes: ReadonlySet<string> = new Set(['FP16', 'BF16', 'INT64', 'UINT64'])

/** The body, and the outputs the client itself wanted as bytes: the others become values where they have any. */
const inferBody = ({ input, frame, facts, id }: InferCall) => {
  const wantsAll = input.parameters?.['binary_data_output'] === true
  const wanted = new Set(
    input.outputs?.filter(({ parameters }) => parameters?.['binary_data'] === true).map(({ name }) => name),
  )
  const isWanted = (name: string): boolean => wantsAll || wanted.has(name)
  if (frame?.dialect === dialects.infer)
    return {
      body: { body: frame.bytes, ...(frame.jsonLength !== undefined && { jsonLength: frame.jsonLength }) },
      outputs: isWanted,
    }
  const asBytes = new Set(
    facts?.outputs.filter(({ datatype }) => bytesTypes.has(datatype)).map(({ name }) => name),
  )
  const listed: readonly WantedOutput[] | undefined =
    input.outputs ?? (asBytes.size > 0 ? facts?.outputs.map(({ name }) => ({ name })) : undefined)
  const outputs = listed?.map((output) =>
    asBytes.has(output.name) && output.parameters?.['classification'] === undefined
      ? { ...output, parameters: { ...output.parameters, binary_data: true } }
      : output,
  )
  return { body: encodeInfer(input, outputs, id), outputs: isWanted }
}

const wholeInfer = (
  { headers }: TransportResponse,
  bytes: Buffer,
  isWanted: (name: string) => boolean,
): WholeEvent => {
  const length = headers[jsonLengthHeader]
  const response = decodeInferResponse(bytes, length === undefined ? undefined : Number(length))
  const tensors = response.tensors?.map((tensor) => {
    const { base64, ...head } = tensor
    return base64 === undefined || isWanted(tensor.name)
      ? tensor
      : tensorOf(head, Buffer.from(base64, 'base64'))
  })
  return {
    type: 'whole',
    ...(length === undefined && { frame: { dialect: dialects.infer, bytes } }),
    response: () => ({ ...response, ...(tensors && { tensors }) }),
  }
}

const wholeText = ({ layout }: TextCall, { status }: TransportResponse, bytes: Buffer): WholeEvent => {
  const body = requireObject(parse(status, bytes))
  const response: InferenceResponse = decodeGenerated(body, layout)
  return {
    type: 'whole',
    frame: { dialect: dialects.generate, bytes },
    ...(response.usage && { usage: response.usage }),
    response: () => response,
  }
}
