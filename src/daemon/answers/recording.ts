import { isUtf8 } from 'node:buffer'
import { createFold } from '../../core/fold.ts'
import {
  type FinishReason,
  type Frame,
  type InferenceEvent,
  type InferenceResponse,
  type Operation,
} from '../../core/inference.ts'
import type { StoredAnswer, StoredEvent } from './stored-answer.ts'

export interface Recording {
  push(event: InferenceEvent): void
  /** What was said; undefined where it is not complete, too large, or not to be said again. */
  result(): Pick<StoredAnswer, 'response' | 'verbatim'> | undefined
}

/** Records an answer as it goes by. Frames of `dialect`, the client's own, are kept. */
export const createRecording = (
  operation: Operation,
  dialect: string | undefined,
  bodyMaxBytes: number,
): Recording => {
  const folding = createFold()
  let read = folding.result
  let frames: Frame[] = []
  let events: StoredEvent[] = []
  let bytes = 0
  let isComplete = false
  let isTooLarge = false

  const push = (event: InferenceEvent): void => {
    if (isTooLarge) return
    const own = event.frame?.dialect === dialect ? event.frame : undefined
    if (own && own !== frames.at(-1)) {
      frames.push(own)
      bytes += own.bytes.length
    }
    bytes += sizeOf(event)
    isTooLarge = bytes > bodyMaxBytes
    if (isTooLarge) {
      frames = []
      events = []
      return
    }
    if (own || event.type !== 'other') events.push(stored(event, own && frames.length - 1))
    if (event.type === 'whole') read = event.response
    else folding.push(event)
    isComplete ||= event.type === 'end' || event.type === 'whole'
  }

  const result: Recording['result'] = () => {
    if (isTooLarge || !isComplete || !frames.every((frame) => isUtf8(frame.bytes))) return undefined
    const response = readable(read)
    if (!response || !isGood(operation, response)) return undefined
    if (dialect === undefined || frames.length === 0) return { response }
    return { response, verbatim: { dialect, frames: frames.map((frame) => frame.bytes.toString()), events } }
  }
  return { push, result }
}

/** A whole answer is read here for the first time, and may be one that only its client understands. */
const readable = (read: () => InferenceResponse): InferenceResponse | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const stored = (event: InferenceEvent, place: number | undefined): StoredEvent => {
  const { frame: _, ...rest } = event
  const said = rest.type === 'whole' ? { type: rest.type } : rest
  return { said, ...(place !== undefined && { frame: place }) }
}

/** About what an event holds in memory besides its frame; a whole answer is as large as its frame. */
const sizeOf = (event: InferenceEvent): number => {
  switch (event.type) {
    case 'text-delta':
      return event.text.length + 100 * (event.logprobs?.length ?? 0)
    case 'reasoning-delta':
      return event.text.length
    case 'tool-call-delta':
      return event.argumentsText.length
    case 'embedding':
      return 8 * event.values.length
    default:
      return 0
  }
}

const goodReasons: ReadonlySet<FinishReason> = new Set(['stop', 'length', 'tool-calls'])

/** Whether it holds what was asked for, and came to its end by itself. */
const isGood = (operation: Operation, { choices, embeddings, ranking }: InferenceResponse): boolean => {
  if (operation === 'embed') return (embeddings?.length ?? 0) > 0
  if (operation === 'rerank') return ranking !== undefined
  return choices.length > 0 && choices.every(({ finishReason }) => goodReasons.has(finishReason))
}
