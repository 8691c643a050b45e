import { McpdError } from '../../core/errors.ts'
import type { InferenceEvent } from '../../core/inference.ts'
import type { SseEvent } from '../../core/sse.ts'
import { decodeEventStream, parseBlock } from '../event-stream.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import { decodeFinishReason, logprobOf, usageOf } from './response.ts'

export interface DecodeStreamOptions {
  /** The model that was asked, for the stream does not name it. */
  readonly model: string
  readonly logprobs: boolean
  /** With `return_full_text` the prompt comes back, but not token by token. */
  readonly prompt?: string
  readonly eventMaxBytes?: number
}

/**
 * Reads the stream of POST /generate_stream as events. Throws what an error in it says, BACKEND_ERROR for a malformed
 * event, and BACKEND_INCOMPLETE when the bytes end before the event that has the whole text.
 */
export const decodeStream = (
  source: AsyncIterable<Buffer>,
  options: DecodeStreamOptions,
): AsyncGenerator<InferenceEvent, void> =>
  decodeEventStream(source, {
    decode: createEventDecoder(options),
    ...(options.eventMaxBytes !== undefined && { eventMaxBytes: options.eventMaxBytes }),
  })

const createEventDecoder = ({ model, logprobs, prompt = '' }: DecodeStreamOptions) => {
  let started = false

  return ({ data }: SseEvent): readonly InferenceEvent[] => {
    if (data === undefined) return []
    const event = parseBlock(data)
    const failure = errorInside(event)
    if (failure) throw failure
    if (!isRecord(event['token']))
      throw new McpdError('BACKEND_ERROR', 'The backend sent a malformed event: it has no token.')
    const events: InferenceEvent[] = started ? [] : [{ type: 'start', model }]
    if (!started && prompt !== '') events.push({ type: 'text-delta', index: 0, text: prompt })
    started = true
    const { token } = event as { readonly token: Wire }
    const text = token['special'] === true ? undefined : textOf(token['text'])
    if (text !== undefined)
      events.push({
        type: 'text-delta',
        index: 0,
        text,
        ...(logprobs && { logprobs: [logprobOf(token, event['top_tokens'])] }),
      })
    if (typeof event['generated_text'] === 'string') events.push(...finish(event['details']))
    return events
  }
}

const finish = (value: unknown): InferenceEvent[] => {
  const details = isRecord(value) ? value : {}
  const usage = usageOf(details)
  return [
    { type: 'finish', index: 0, reason: decodeFinishReason(details['finish_reason']) },
    ...(usage ? [{ type: 'usage', usage } as const] : []),
    { type: 'end' },
  ]
}
