import { McpdError } from '../../core/errors.ts'
import type { BackendTimings, Frame, InferenceEvent, ToolCallDelta, Usage } from '../../core/inference.ts'
import type { SseEvent } from '../../core/sse.ts'
import { errorInside } from './errors.ts'
import { decodeLogprobs } from './logprobs.ts'
import { decodeTimings, decodeUsage } from './usage.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { argumentsOf, decodeFinishReason, madeCallId, reasoningOf } from './wire.ts'

export interface ChunkDecoder {
  /** The events of one block of the stream, all with its frame; at least one. Throws BACKEND_ERROR. */
  decode(block: SseEvent): InferenceEvent[]
  /** The events of a block that the end of the bytes cut off, if it says all it had to say. */
  decodeRest(block: SseEvent): InferenceEvent[] | undefined
  /** Whether choices have come and each has its finish. */
  allFinished(): boolean
  /** What is left to say when the stream is over. */
  finish(frame?: Frame): InferenceEvent[]
}

/** Choices and tool calls of one answer: a backend that counts higher is broken. */
const choicesMax = 4096
const callsMax = 1024

/** Turns the chunks of one stream into events. A state machine: start, choices, [DONE]. */
export const createChunkDecoder = (operation: 'chat' | 'complete', dropUsageChunk: boolean): ChunkDecoder => {
  let started = false
  let id: string | undefined
  /** Usage that came beside content, told at the end: a running count would make many events. */
  let heldUsage: Usage | undefined
  let usageTold = false
  let timings: BackendTimings | undefined
  /** By index, with holes where a backend skips some. */
  const choices: (OpenChoice | undefined)[] = []

  const decode = (block: SseEvent): InferenceEvent[] => {
    const frame: Frame = { dialect: 'openai', bytes: block.raw }
    if (block.error !== undefined) throw errorField(block.error)
    if (block.data === undefined) return [{ type: 'other', frame }]
    if (block.data === '[DONE]') return finish(frame)
    if (block.event !== '' && block.event !== 'message' && block.event !== 'error')
      return [{ type: 'other', frame }]
    const chunk = parseChunk(block.data)
    const failure = errorInside(chunk) ?? (block.event === 'error' ? errorField(block.data) : undefined)
    if (failure) throw failure
    const events = decodeChunk(chunk, frame)
    return events.length > 0 ? events : [{ type: 'other', frame }]
  }

  const decodeChunk = (chunk: Wire, frame: Frame): InferenceEvent[] => {
    const events: InferenceEvent[] = []
    const wire = Array.isArray(chunk['choices']) ? (chunk['choices'] as unknown[]) : []
    const usage = chunk['usage'] == null ? undefined : decodeUsage(chunk['usage'])
    const isUsageChunk = usage !== undefined && wire.length === 0
    const framed = isUsageChunk && dropUsageChunk ? {} : { frame }
    if (!started && (wire.length > 0 || usage)) {
      started = true
      id = textOf(chunk['id'])
      events.push({
        type: 'start',
        model: textOf(chunk['model']) ?? '',
        ...(id !== undefined && { id }),
        ...framed,
      })
    }
    for (const choice of wire) if (isRecord(choice)) decodeChoice(choice, frame, events)
    if (isUsageChunk && !usageTold) {
      usageTold = true
      events.push({ type: 'usage', usage, ...framed })
    } else heldUsage = usage ?? heldUsage
    timings = decodeTimings(chunk['timings']) ?? timings
    return events
  }

  const decodeChoice = (choice: Wire, frame: Frame, events: InferenceEvent[]): void => {
    const index = indexOf(choice['index'], choicesMax)
    const open = (choices[index] ??= { finished: false, calls: [] })
    const logprobs = choice['logprobs'] == null ? undefined : decodeLogprobs(choice['logprobs'])
    const delta = isRecord(choice['delta']) ? choice['delta'] : {}
    const reasoning = operation === 'chat' ? reasoningOf(delta) : undefined
    if (reasoning !== undefined) events.push({ type: 'reasoning-delta', index, text: reasoning, frame })
    const text =
      operation === 'chat' ? (textOf(delta['content']) ?? textOf(delta['refusal'])) : textOf(choice['text'])
    if (text !== undefined || logprobs)
      events.push({ type: 'text-delta', index, text: text ?? '', ...(logprobs && { logprobs }), frame })
    for (const call of callsOf(delta)) events.push(decodeCall(call, index, open, frame))
    if (choice['finish_reason'] != null && !open.finished) {
      open.finished = true
      events.push({ type: 'finish', index, reason: decodeFinishReason(choice['finish_reason']), frame })
    }
  }

  const decodeCall = (wire: Wire, index: number, { calls }: OpenChoice, frame: Frame): ToolCallDelta => {
    const called = isRecord(wire['function']) ? wire['function'] : {}
    const name = textOf(called['name'])
    const callId = textOf(wire['id'])
    const wireIndex = wire['index'] == null ? undefined : indexOf(wire['index'], callsMax)
    let call = findCall(calls, wireIndex, callId, name)
    const isNew = call === -1
    if (isNew) {
      call = calls.length
      if (call >= callsMax) throw malformed('it counts too many tool calls')
      calls.push({ wireIndex: wireIndex ?? call, id: callId })
    }
    return {
      type: 'tool-call-delta',
      index,
      call,
      ...(isNew && { id: callId ?? madeCallId(id, index, call) }),
      ...(isNew && name !== undefined && { name }),
      argumentsText: argumentsOf(called['arguments']),
      frame,
    }
  }

  const finish = (frame?: Frame): InferenceEvent[] => {
    if (choices.length === 0)
      throw new McpdError('BACKEND_INCOMPLETE', 'The backend said that it was done without an answer.')
    const framed = frame ? { frame } : {}
    const events: InferenceEvent[] = []
    for (const [index, choice] of choices.entries())
      if (choice && !choice.finished) events.push({ type: 'finish', index, reason: 'other', ...framed })
    if (heldUsage && !usageTold) events.push({ type: 'usage', usage: heldUsage, ...framed })
    events.push({ type: 'end', ...(timings && { timings }), ...framed })
    return events
  }

  const decodeRest = (block: SseEvent): InferenceEvent[] | undefined => {
    if (block.error !== undefined) throw errorField(block.error)
    if (block.data === '[DONE]') return finish()
    const failure = block.data === undefined ? undefined : errorInside(parseOr(block.data, {}))
    if (failure) throw failure
    return undefined
  }

  const allFinished = (): boolean =>
    choices.length > 0 && choices.every((choice) => choice === undefined || choice.finished)

  return { decode, decodeRest, allFinished, finish }
}

interface OpenChoice {
  finished: boolean
  /** The tool calls begun so far, in our numbering. */
  readonly calls: { readonly wireIndex: number; readonly id: string | undefined }[]
}

/**
 * The call that a fragment belongs to, -1 for a new one. Some servers number every call 0 or not at all: a second
 * id that comes with a name is a second call. An id alone is not, for old vLLM sends a new one with each fragment.
 */
const findCall = (
  calls: OpenChoice['calls'],
  wireIndex: number | undefined,
  id: string | undefined,
  name: string | undefined,
): number => {
  const at =
    wireIndex === undefined ? calls.length - 1 : calls.findLastIndex((call) => call.wireIndex === wireIndex)
  const isOther = name !== undefined && id !== undefined && calls[at]?.id !== id
  return isOther ? -1 : at
}

/** Tool calls of a delta: a list, or in TGI before 2025-03 a single object; or the older function_call. */
const callsOf = ({ tool_calls: calls, function_call: legacy }: Wire): readonly Wire[] => {
  if (calls == null && legacy == null) return none
  if (isRecord(legacy)) return [{ index: 0, function: legacy }]
  return Array.isArray(calls) ? calls.filter(isRecord) : [calls].filter(isRecord)
}
const none: readonly Wire[] = []

const indexOf = (value: unknown, max: number): number => {
  if (value === undefined || value === null) return 0
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < max) return value as number
  throw malformed('it has an index that is none')
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend sent a malformed chunk: ${why}.`)

const parseChunk = (data: string): Wire => {
  const chunk = parseOr(data, undefined)
  if (!chunk) throw malformed(`${data.length} characters that are no JSON object`)
  return chunk
}

const parseOr = <T>(data: string, otherwise: T): Wire | T => {
  try {
    const value: unknown = JSON.parse(data)
    return isRecord(value) ? value : otherwise
  } catch {
    return otherwise
  }
}

/** An error that came as a field of its own: an error object without the `error` around it, or mere text. */
const errorField = (text: string): McpdError => {
  const said = parseOr(text, { message: text })
  return errorInside('error' in said ? said : { error: said }) ?? malformed('an empty error')
}
