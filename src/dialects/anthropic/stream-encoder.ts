import type { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type { FinishReason, Frame, InferenceEvent, ToolCallDelta, Usage } from '../../core/inference.ts'
import { encodeSse } from '../../core/sse.ts'
import { encodeError } from './errors.ts'
import { encodeUsage } from './usage.ts'
import { encodeStopReason, madeCallId } from './wire.ts'

export interface StreamEncoderOptions {
  /** The answer's id, such as msg_…. */
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
  readonly requestId: string
}

export interface StreamEncoder {
  /** The bytes for an event; undefined when it has none, or they went out with an earlier event of its frame. */
  encode(event: InferenceEvent): Buffer | undefined
  /** The last bytes of a stream that failed after its first byte. No message_stop follows. */
  fail(error: McpdError): Buffer
}

/** Says that a stream lives while its backend is silent. */
export const pingEvent = Buffer.from('event: ping\ndata: {"type":"ping"}\n\n')

/** Writes the events of one stream. What came from a backend of the same dialect goes out byte for byte. */
export const streamEncoder = (options: StreamEncoderOptions): StreamEncoder => {
  let written: Frame | undefined
  const encodeEvent = createBlocks(options)

  const encode = (event: InferenceEvent): Buffer | undefined => {
    const frame = event.type === 'whole' ? undefined : event.frame
    if (frame?.dialect === 'anthropic') {
      if (frame === written) return undefined
      written = frame
      return frame.bytes
    }
    if (event.type === 'whole')
      return Buffer.from([...unfold(event.response())].map((part) => encodeEvent(part)).join(''))
    const text = encodeEvent(event)
    return text === '' ? undefined : Buffer.from(text)
  }

  /** An error that a backend spelled over several lines still is one event. */
  const fail = (error: McpdError): Buffer =>
    encodeSse({ event: 'error', data: encodeError(error, options.requestId).body.toString() })

  return { encode, fail }
}

const write = (type: string, members: string): string =>
  `event: ${type}\ndata: {"type":"${type}"${members}}\n\n`

/**
 * One block after the other: another kind of output, or another call, closes the one before. A fragment that comes
 * late for a call goes to the block that it belongs to all the same.
 */
const createBlocks = ({ id, model }: StreamEncoderOptions): ((event: InferenceEvent) => string) => {
  let started = false
  let count = 0
  let open: { readonly kind: string; readonly index: number } | undefined
  let finishReason: FinishReason = 'other'
  let usage: Usage | undefined
  /** The blocks of calls, by the number of the call. */
  const calls = new Map<number, number>()

  const start = (): string => {
    if (started) return ''
    started = true
    const message = { id, type: 'message', role: 'assistant', model, content: [] }
    const rest = { stop_reason: null, stop_sequence: null, usage: encodeUsage(undefined) }
    return write('message_start', `,"message":${JSON.stringify({ ...message, ...rest })}`)
  }

  const close = (): string => {
    if (!open) return ''
    const { index } = open
    open = undefined
    return write('content_block_stop', `,"index":${index}`)
  }

  /** What has to be written before a delta of this kind: nothing, as a rule. */
  const begin = (kind: string, block: () => object): string => {
    if (open?.kind === kind) return ''
    const before = start() + close()
    open = { kind, index: count++ }
    return (
      before +
      write('content_block_start', `,"index":${open.index},"content_block":${JSON.stringify(block())}`)
    )
  }

  const delta = (index: number, type: string, member: string, text: string): string =>
    write(
      'content_block_delta',
      `,"index":${index},"delta":{"type":"${type}","${member}":${JSON.stringify(text)}}`,
    )

  const say = (kind: 'text' | 'thinking', block: () => object, text: string): string =>
    text === '' ? '' : begin(kind, block) + delta(open!.index, `${kind}_delta`, kind, text)

  const call = ({ call: number, id: callId, name, argumentsText }: ToolCallDelta): string => {
    let before = ''
    if (!calls.has(number)) {
      before = begin(`call ${number}`, () => ({
        type: 'tool_use',
        id: callId ?? madeCallId(id, number),
        name: name ?? '',
        input: {},
      }))
      calls.set(number, open!.index)
    }
    return argumentsText === ''
      ? before
      : before + delta(calls.get(number)!, 'input_json_delta', 'partial_json', argumentsText)
  }

  const end = (): string =>
    start() +
    close() +
    write(
      'message_delta',
      `,"delta":{"stop_reason":"${encodeStopReason(finishReason)}","stop_sequence":null},"usage":${JSON.stringify(encodeUsage(usage))}`,
    ) +
    write('message_stop', '')

  return (event) => {
    // The API has one answer; who wants more of them asks in another dialect.
    if ('index' in event && event.index !== 0) return ''
    switch (event.type) {
      case 'start':
        return start()
      case 'text-delta':
        return say('text', textBlock, event.text)
      case 'reasoning-delta':
        return say('thinking', thinkingBlock, event.text)
      case 'tool-call-delta':
        return call(event)
      case 'finish':
        finishReason = event.reason
        return ''
      case 'usage':
        usage = event.usage
        return ''
      case 'end':
        return end()
      default:
        return ''
    }
  }
}

const textBlock = (): object => ({ type: 'text', text: '' })
/** Only Anthropic signs what its models think. */
const thinkingBlock = (): object => ({ type: 'thinking', thinking: '', signature: '' })
