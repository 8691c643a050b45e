import type { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type {
  BackendTimings,
  FinishReason,
  Frame,
  InferenceEvent,
  ToolCallDelta,
  Usage,
} from '../../core/inference.ts'
import { encodeNdjson } from '../../core/ndjson.ts'
import { encodeError } from './errors.ts'
import { encodeLogprobs } from './logprobs.ts'
import { encodeCall } from './response.ts'
import { encodeMetrics, type Measured } from './usage.ts'
import { dialects, encodeDoneReason, madeCallId } from './wire.ts'

export interface StreamEncoderOptions {
  readonly form: 'chat' | 'generate'
  /** Goes into the ids of calls that have none. */
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
  /** The time, as RFC 3339: every line has its own. */
  readonly createdAt: () => string
  /** What mcpd has measured by the end. */
  readonly measured: () => Measured
}

export interface StreamEncoder {
  /**
   * The bytes for an event; undefined when it has none, or they went out with an earlier event of its frame.
   * Throws BACKEND_ERROR for a tool call that this dialect cannot express.
   */
  encode(event: InferenceEvent): Buffer | undefined
  /** The last bytes of a stream that failed after its first byte. No line with `done` follows. */
  fail(error: McpdError): Buffer
}

/** Writes the events of one stream as lines. What came from a backend in the same form goes out byte for byte. */
export const streamEncoder = (options: StreamEncoderOptions): StreamEncoder => {
  const { form, id, createdAt } = options
  let written: Frame | undefined
  let reason: FinishReason = 'stop'
  let usage: Usage | undefined
  const line = lineText(options)
  /** The calls so far. This dialect knows no fragments: they go out when the answer is finished. */
  const calls: { id: string; name: string; argumentsText: string }[] = []

  const collect = ({ call, id: callId, name, argumentsText }: ToolCallDelta): void => {
    const open = (calls[call] ??= { id: callId ?? madeCallId(id, call), name: '', argumentsText: '' })
    open.name ||= name ?? ''
    open.argumentsText += argumentsText
  }

  const finish = (timings: BackendTimings | undefined): Buffer => {
    const said = form === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' }
    return encodeNdjson({
      model: options.model,
      created_at: createdAt(),
      ...said,
      done: true,
      done_reason: encodeDoneReason(reason),
      ...encodeMetrics(usage, timings, options.measured()),
    })
  }

  const encode = (event: InferenceEvent): Buffer | undefined => {
    const frame = event.type === 'whole' ? undefined : event.frame
    if (frame?.dialect === dialects[form]) {
      if (frame === written) return undefined
      written = frame
      return frame.bytes
    }
    // This dialect has one answer; nobody can have asked for more.
    if ('index' in event && event.index !== 0) return undefined
    switch (event.type) {
      case 'text-delta': {
        const logprobs = event.logprobs && `,"logprobs":${JSON.stringify(encodeLogprobs(event.logprobs))}`
        return event.text === '' && !logprobs ? undefined : line(JSON.stringify(event.text), '', logprobs)
      }
      case 'reasoning-delta':
        return line('""', `,"thinking":${JSON.stringify(event.text)}`)
      case 'tool-call-delta':
        collect(event)
        return undefined
      case 'finish':
        reason = event.reason
        // A backend may leave holes in the numbering of its calls.
        return calls.length > 0
          ? line('""', `,"tool_calls":${JSON.stringify(calls.filter(Boolean).map(encodeCall))}`)
          : undefined
      case 'usage':
        usage = event.usage
        return undefined
      case 'end':
        return finish(event.timings)
      case 'whole':
        return Buffer.concat([...unfold(event.response())].map((part) => encode(part) ?? empty))
      default:
        return undefined
    }
  }

  /** An error that a backend spelled over several lines still is one line. */
  const fail = (error: McpdError): Buffer => encodeNdjson(JSON.parse(encodeError(error).toString()))

  return { encode, fail }
}

const empty = Buffer.alloc(0)

/** A line around its content, of which only that and the time change from one to the next. */
const lineText = ({ form, model, createdAt }: StreamEncoderOptions) => {
  const head = `{"model":${JSON.stringify(model)},"created_at":"`
  const before = form === 'chat' ? '","message":{"role":"assistant","content":' : '","response":'
  const after = form === 'chat' ? '}' : ''
  return (content: string, members = '', logprobs = ''): Buffer =>
    Buffer.from(`${head}${createdAt()}${before}${content}${members}${after},"done":false${logprobs}}\n`)
}
