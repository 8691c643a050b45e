import { isMcpdError } from '../../../core/errors.ts'
import { unfold } from '../../../core/fold.ts'
import type { InferenceEvent, InferenceResponse, InferInput, WholeEvent } from '../../../core/inference.ts'
import { promptTensors } from '../../../dialects/kserve/generate-request.ts'
import { createPieceDecoder, decodeGenerated, recordOf } from '../../../dialects/kserve/generate-response.ts'
import { encodeInfer } from '../../../dialects/kserve/infer-request.ts'
import { decodeInferBody, decodeInferResponse } from '../../../dialects/kserve/infer-response.ts'
import { decodeStream } from '../../../dialects/kserve/stream-decoder.ts'
import { type HttpConnection, modelPath } from './http-connection.ts'
import type { TextCall } from './server.ts'

/**
 * Texts over servers of the base protocol, such as MLServer: as tensors, of which each says by which codec of the
 * server it is text.
 */
const inputOf = ({ prompt }: TextCall): InferInput => ({
  operation: 'infer',
  inputs: promptTensors(prompt).map((tensor) =>
    tensor.datatype === 'BYTES' ? { ...tensor, parameters: { content_type: 'str' } } : tensor,
  ),
  parameters: prompt.parameters,
  extra: {},
})

export const generatePlainly = async (
  connection: HttpConnection,
  call: TextCall,
  answerMaxBytes: number,
): Promise<WholeEvent> => {
  const { body } = encodeInfer(inputOf(call), undefined, call.id)
  const path = `${modelPath(call.model)}/infer`
  const answer = await connection.ask({ method: 'POST', path, body, signal: call.signal })
  const whole = decodeInferResponse(await answer.bytes(answerMaxBytes))
  const response: InferenceResponse = decodeGenerated(recordOf(whole.model, whole.tensors ?? []), call.layout)
  return { type: 'whole', ...(response.usage && { usage: response.usage }), response: () => response }
}

/** The same without a model being told to stream. */
const asWhole = (call: TextCall): TextCall => {
  const flag = call.layout.named('stream')
  const values = new Map(
    [...call.prompt.values].map(([tensor, value]) => [tensor, tensor === flag ? false : value]),
  )
  return { ...call, prompt: { ...call.prompt, values } }
}

/** By MLServer's route for streams; the whole answer at once where there is none. */
export async function* streamPlainly(
  connection: HttpConnection,
  call: TextCall,
  answerMaxBytes: number,
): AsyncGenerator<InferenceEvent, void> {
  const { body } = encodeInfer(inputOf(call), undefined, call.id)
  const path = `${modelPath(call.model)}/infer_stream`
  const answer = await connection
    .ask({ method: 'POST', path, body, signal: call.signal })
    .catch((error: unknown) => {
      if (isMcpdError(error) && error.code === 'OPERATION_UNSUPPORTED') return undefined
      throw error
    })
  if (!answer) {
    const whole = await generatePlainly(connection, asWhole(call), answerMaxBytes)
    return yield* unfold(whole.response())
  }
  const pieces = createPieceDecoder(call.model, call.layout, call.prompt.tellsFinish)
  yield* decodeStream(answer.body, {
    push: (event) => {
      const { model, tensors = [] } = decodeInferBody(event)
      return pieces.push(recordOf(model || call.model, tensors))
    },
    end: pieces.end,
  })
}
