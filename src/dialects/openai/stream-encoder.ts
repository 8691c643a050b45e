import type { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type { Frame, InferenceEvent, TextDelta, ToolCallDelta, Usage } from '../../core/inference.ts'
import { encodeSse } from '../../core/sse.ts'
import { encodeErrorBody } from './errors.ts'
import { encodeChatLogprobs, encodeCompletionLogprobs } from './logprobs.ts'
import { encodeUsage } from './usage.ts'
import { encodeFinishReason, madeCallId } from './wire.ts'

export interface StreamEncoderOptions {
  readonly operation: 'chat' | 'complete'
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
  readonly createdSeconds: number
  /** Whether the client asked for the usage: a chunk of its own at the end, and null in the others. */
  readonly includeUsage: boolean
}

export interface StreamEncoder {
  /** The bytes for an event; undefined when it has none, or they went out with an earlier event of its frame. */
  encode(event: InferenceEvent): Buffer | undefined
  /** The last bytes of a stream that failed after its first byte. No [DONE] follows. */
  fail(error: McpdError): Buffer
}

const done = Buffer.from('data: [DONE]\n\n')

/** Writes the events of one stream. What came from a backend of the same dialect goes out byte for byte. */
export const streamEncoder = (options: StreamEncoderOptions): StreamEncoder => {
  let written: Frame | undefined
  let heldUsage: Usage | undefined
  const encodeEvent = options.operation === 'chat' ? chatEncoder(options) : completionEncoder(options)
  const usageChunk = chunkText(options)

  /** Puts the chunk with the usage before the end, for a client that asked and has not got it in a frame. */
  const withUsage = (end: Buffer): Buffer =>
    options.includeUsage && heldUsage
      ? Buffer.concat([Buffer.from(usageChunk('', JSON.stringify(encodeUsage(heldUsage)))), end])
      : end

  const encode = (event: InferenceEvent): Buffer | undefined => {
    const frame = event.type === 'whole' ? undefined : event.frame
    if (frame?.dialect === 'openai') {
      if (frame === written) return undefined
      written = frame
      return event.type === 'end' ? withUsage(frame.bytes) : frame.bytes
    }
    switch (event.type) {
      case 'whole':
        return Buffer.concat([...unfold(event.response())].map((part) => encode(part) ?? empty))
      case 'usage':
        heldUsage = event.usage
        return undefined
      case 'end':
        return withUsage(done)
      default: {
        const text = encodeEvent(event)
        return text === undefined ? undefined : Buffer.from(text)
      }
    }
  }

  /** An error that a backend spelled over several lines still is one event. */
  const fail = (error: McpdError): Buffer => encodeSse({ data: encodeErrorBody(error).toString() })

  return { encode, fail }
}

const empty = Buffer.alloc(0)

/** The text of a chunk around its choices, of which only the choices change from one to the next. */
const chunkText = ({ operation, id, model, createdSeconds, includeUsage }: StreamEncoderOptions) => {
  const object = operation === 'chat' ? 'chat.completion.chunk' : 'text_completion'
  const head = JSON.stringify({ id, object, created: createdSeconds, model }).slice(0, -1)
  const before = `data: ${head},"choices":[`
  return (choice: string, usage = 'null'): string =>
    includeUsage ? `${before}${choice}],"usage":${usage}}\n\n` : `${before}${choice}]}\n\n`
}

const chatEncoder = (options: StreamEncoderOptions) => {
  const chunk = chunkText(options)
  const begun = new Set<number>()
  /** Calls of which a fragment has been written, which then has told id and name. */
  const calls = new Set<string>()

  const choice = (index: number, delta: string, logprobs = 'null', finish = 'null'): string => {
    let role = ''
    if (!begun.has(index)) {
      begun.add(index)
      role = delta === '' ? '"role":"assistant"' : '"role":"assistant",'
    }
    return chunk(
      `{"index":${index},"delta":{${role}${delta}},"logprobs":${logprobs},"finish_reason":${finish}}`,
    )
  }

  const toolCall = ({ index, call, id, name, argumentsText }: ToolCallDelta): string => {
    const key = `${index}/${call}`
    const first = calls.has(key)
      ? undefined
      : { id: id ?? madeCallId(options.id, index, call), type: 'function' }
    calls.add(key)
    const fragment = {
      index: call,
      ...first,
      function: { ...(name !== undefined && { name }), arguments: argumentsText },
    }
    return choice(index, `"tool_calls":[${JSON.stringify(fragment)}]`)
  }

  return (event: InferenceEvent): string | undefined => {
    switch (event.type) {
      case 'text-delta': {
        const logprobs = event.logprobs && JSON.stringify(encodeChatLogprobs(event.logprobs))
        return choice(event.index, `"content":${JSON.stringify(event.text)}`, logprobs)
      }
      case 'reasoning-delta':
        return choice(event.index, `"reasoning_content":${JSON.stringify(event.text)}`)
      case 'tool-call-delta':
        return toolCall(event)
      case 'finish':
        return choice(event.index, '', 'null', `"${encodeFinishReason(event.reason)}"`)
      default:
        return undefined
    }
  }
}

const completionEncoder = (options: StreamEncoderOptions) => {
  const chunk = chunkText(options)
  const lengths: number[] = []

  const delta = ({ index, text, logprobs }: TextDelta): string => {
    const offset = lengths[index] ?? 0
    lengths[index] = offset + text.length
    const probabilities = logprobs ? JSON.stringify(encodeCompletionLogprobs(logprobs, offset)) : 'null'
    return chunk(
      `{"index":${index},"text":${JSON.stringify(text)},"logprobs":${probabilities},"finish_reason":null}`,
    )
  }

  return (event: InferenceEvent): string | undefined => {
    if (event.type === 'text-delta') return delta(event)
    if (event.type !== 'finish') return undefined
    const reason = encodeFinishReason(event.reason)
    return chunk(`{"index":${event.index},"text":"","logprobs":null,"finish_reason":"${reason}"}`)
  }
}
