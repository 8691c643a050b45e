import { McpdError } from '../../core/errors.ts'
import type { FinishReason, InferenceEvent, Usage } from '../../core/inference.ts'
import { createNdjsonDecoder, type NdjsonLine } from '../../core/ndjson.ts'
import { decodeUsage } from '../openai/usage.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'

const nul = 0

/** What a tokenizer gives for a character whose bytes are not complete yet. */
const unfinished = /\uFFFD+$/

/**
 * Reads the stream of POST /worker_generate_stream as events: objects that end in a NUL, each with the whole text so
 * far. `model` is the one that was asked, for the stream does not name it. Throws what an error in it says,
 * BACKEND_ERROR for what is no such object, and BACKEND_INCOMPLETE when the bytes end before an object that says why
 * the text ended.
 */
export async function* decodeStream(
  source: AsyncIterable<Buffer>,
  { model, objectMaxBytes }: { readonly model: string; readonly objectMaxBytes?: number },
): AsyncGenerator<InferenceEvent, void> {
  const objects = createNdjsonDecoder(objectMaxBytes, nul)
  const answer = createAnswerDecoder(model)
  for await (const bytes of source)
    for (const object of objects.push(bytes)) if (object.text !== '') yield* answer.push(parse(object))
  const rest = objects.end()
  if (rest && isWhole(rest)) yield* answer.push(parse(rest))
  yield* answer.end()
}

/** Turns the objects of one answer into events. A state machine: nothing yet, text, the reason of its end. */
const createAnswerDecoder = (model: string) => {
  let started = false
  /** Characters of the text that were told. What was told is never taken back, even where a worker does so. */
  let toldLength = 0
  let finish: FinishReason | undefined
  let usage: Usage | undefined

  return {
    push: (body: Wire): readonly InferenceEvent[] => {
      const failure = errorInside(body)
      if (failure) throw failure
      const { text } = body
      if (typeof text !== 'string')
        throw new McpdError('BACKEND_ERROR', 'The backend sent a malformed answer: it has no text.')
      finish = finishOf(body['finish_reason']) ?? finish
      usage = decodeUsage(body['usage']) ?? usage
      const whole = finish === undefined ? text.replace(unfinished, '') : text
      const more = whole.slice(toldLength)
      toldLength = Math.max(toldLength, whole.length)
      const events: InferenceEvent[] = started ? [] : [{ type: 'start', model }]
      started = true
      if (more !== '') events.push({ type: 'text-delta', index: 0, text: more })
      return events
    },
    end: (): readonly InferenceEvent[] => {
      if (finish === undefined)
        throw new McpdError(
          'BACKEND_INCOMPLETE',
          'The backend ended its stream without saying that it was done: its worker may have died.',
        )
      return [
        { type: 'finish', index: 0, reason: finish },
        ...(usage ? [{ type: 'usage', usage } as const] : []),
        { type: 'end' },
      ]
    },
  }
}

/** One reason, or a list with one for each of several answers. */
const finishOf = (value: unknown): FinishReason | undefined => {
  const reason = textOf(Array.isArray(value) ? value[0] : value)
  if (reason === undefined) return undefined
  return reason === 'stop' || reason === 'length' ? reason : 'other'
}

const parse = ({ text }: NdjsonLine): Wire => {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw new McpdError(
    'BACKEND_ERROR',
    `The backend sent a malformed answer: ${text.length} characters that are no JSON object.`,
  )
}

/** What broke off in its middle says nothing. */
const isWhole = ({ text }: NdjsonLine): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
