import { unfold } from '../../../core/fold.ts'
import type { InferenceEvent, InferenceRequest } from '../../../core/inference.ts'
import { editMembers } from '../../../core/json-edit.ts'
import { bodyOf, openaiPaths, wholeOf } from '../../../dialects/openai/exchange.ts'
import { decodeStream } from '../../../dialects/openai/stream-decoder.ts'
import { parseJson, requireObject } from '../../adapter-server.ts'
import type { Place } from './place.ts'

/** The part of these servers that speaks the OpenAI dialect, below /v1. */
export async function* inferOpenAi(
  place: Place,
  request: InferenceRequest,
  operation: 'chat' | 'complete' | 'embed' | 'rerank',
): AsyncGenerator<InferenceEvent, void> {
  const { body, usageInjected } = bodyOf(request, {})
  const isStream = request.stream && (operation === 'chat' || operation === 'complete')
  const response = await place.ask({
    method: 'POST',
    path: `/v1${openaiPaths[operation]}`,
    headers: { accept: isStream ? 'text/event-stream' : 'application/json' },
    body: withModelFirst(body, request.model),
    signal: request.signal,
  })
  if (isStream && !response.headers['content-type']?.includes('json')) {
    // `complete` is of this dialect too; only what has no stream is excluded.
    yield* decodeStream(operation === 'complete' ? 'complete' : 'chat', response.body, {
      dropUsageChunk: usageInjected,
    })
    return
  }
  const bytes = await response.bytes(place.answerMaxBytes)
  const whole = wholeOf(operation, requireObject(parseJson(response, bytes)), bytes)
  // The server does not stream, or found something wrong after it had decided on the status.
  if (isStream) yield* unfold(whole.response())
  else yield whole
}

const startsWithModel = /^\s*\{\s*"model"\s*:/

/** The router chooses a provider by the beginning of a body, so the model has to stand there. */
export const withModelFirst = (body: Buffer | string, model: string): Buffer => {
  const bytes = Buffer.from(body)
  if (startsWithModel.test(bytes.toString('utf8', 0, 256))) return bytes
  // A member that is not there is put before the others.
  return editMembers(editMembers(bytes, { model: 'remove' }), { model: { set: model } })
}
