import { McpdError } from '../../core/errors.ts'
import type { Frame, InferenceEvent } from '../../core/inference.ts'
import { createNdjsonDecoder, type NdjsonLine } from '../../core/ndjson.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import { decodeLogprobs } from './logprobs.ts'
import { contentOf, decodeCalls } from './response.ts'
import { decodeTimings, decodeUsage } from './usage.ts'
import { decodeDoneReason, dialects } from './wire.ts'

export interface DecodeStreamOptions {
  /** Goes into the ids of calls that have none. */
  readonly id: string
  /** Largest line in bytes; `ndjsonLineMaxBytes` when absent. */
  readonly lineMaxBytes?: number
}

/** Bytes read after the last line in the hope of its connection's end; more of them and the connection is given up. */
const afterlifeMaxBytes = 64 * 1024
/** Calls of one answer: a backend that makes more is broken. */
const callsMax = 1024

/**
 * Reads the stream of a chat or of an answer to a prompt as events, each with its exact bytes as frame. Throws
 * BACKEND_ERROR for a line that is malformed or says that the backend failed, BACKEND_INCOMPLETE when the bytes end
 * before a line with `done`. What comes after that is read and thrown away, so that the connection can be used again.
 */
export async function* decodeStream(
  form: 'chat' | 'generate',
  source: AsyncIterable<Buffer>,
  options: DecodeStreamOptions,
): AsyncGenerator<InferenceEvent, void> {
  const lines = createNdjsonDecoder(options.lineMaxBytes)
  const decode = createLineDecoder(form, options.id)
  let ended = false
  let afterlifeBytes = 0
  for await (const bytes of source) {
    if (ended) {
      afterlifeBytes += bytes.length
      if (afterlifeBytes > afterlifeMaxBytes) return
      continue
    }
    for (const line of lines.push(bytes)) {
      for (const event of decode(line)) {
        yield event
        ended = event.type === 'end'
      }
      if (ended) break
    }
  }
  if (ended) return
  const rest = lines.end()
  for (const event of rest ? decodeRest(decode, rest) : []) {
    yield event
    ended = event.type === 'end'
  }
  if (!ended)
    throw new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream without saying that it was done.')
}

type LineDecoder = (line: NdjsonLine) => InferenceEvent[]

/** A line without its end: whole, or cut off, which says nothing. */
const decodeRest = (decode: LineDecoder, line: NdjsonLine): InferenceEvent[] => {
  try {
    JSON.parse(line.text)
  } catch {
    return []
  }
  return decode(line)
}

/** Turns the lines of one stream into events. A state machine: start, content, the line that is done. */
const createLineDecoder = (form: 'chat' | 'generate', id: string): LineDecoder => {
  let started = false
  let calls = 0

  return (line) => {
    const frame: Frame = { dialect: dialects[form], bytes: line.raw }
    if (line.text.trim() === '') return [{ type: 'other', frame }]
    const body = parseLine(line.text)
    const failure = errorInside(body)
    if (failure) throw failure
    const events: InferenceEvent[] = []
    if (!started) {
      started = true
      events.push({ type: 'start', model: textOf(body['model']) ?? '', frame })
    }
    calls += decodeContent(form, body, { id, calls, frame }, events)
    if (body['done'] === true) {
      const timings = decodeTimings(body)
      const reason = decodeDoneReason(body['done_reason'], calls)
      events.push(
        { type: 'finish', index: 0, reason, frame },
        { type: 'usage', usage: decodeUsage(body), frame },
        { type: 'end', ...(timings && { timings }), frame },
      )
    }
    return events.length > 0 ? events : [{ type: 'other', frame }]
  }
}

/** Pushes what a line says; returns how many calls it made. */
const decodeContent = (
  form: 'chat' | 'generate',
  body: Wire,
  { id, calls, frame }: { readonly id: string; readonly calls: number; readonly frame: Frame },
  events: InferenceEvent[],
): number => {
  const said = contentOf(form, body)
  if (!said) {
    if (body['done'] === true) return 0
    throw malformed('it has no message')
  }
  if (said.thinking !== undefined)
    events.push({ type: 'reasoning-delta', index: 0, text: said.thinking, frame })
  // Of a thought, other dialects have no log probabilities.
  const logprobs = said.thinking === undefined ? decodeLogprobs(body['logprobs']) : undefined
  if (said.text !== undefined || logprobs)
    events.push({ type: 'text-delta', index: 0, text: said.text ?? '', ...(logprobs && { logprobs }), frame })
  const made = decodeCalls(said.calls, id, calls)
  if (calls + made.length > callsMax) throw malformed('it makes too many tool calls')
  for (const [at, call] of made.entries())
    events.push({ type: 'tool-call-delta', index: 0, call: calls + at, ...call, frame })
  return made.length
}

const parseLine = (text: string): Wire => {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw malformed(`${text.length} characters that are no JSON object`)
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend sent a malformed line: ${why}.`)
