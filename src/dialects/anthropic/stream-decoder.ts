import { McpdError } from '../../core/errors.ts'
import type { Frame, InferenceEvent } from '../../core/inference.ts'
import type { SseEvent } from '../../core/sse.ts'
import { decodeEventStream, parseBlock } from '../event-stream.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'
import { decodeUsage, mergeUsage } from './usage.ts'
import { decodeStopReason, madeCallId } from './wire.ts'

/** Blocks of one answer: a backend that counts higher is broken. */
const blocksMax = 4096

/**
 * Reads the stream of a message as events, each with its exact bytes as frame. Throws BACKEND_ERROR for an event that
 * is malformed or says that the backend failed, BACKEND_INCOMPLETE when the bytes end before message_stop.
 */
export const decodeStream = (
  source: AsyncIterable<Buffer>,
  options: { readonly eventMaxBytes?: number } = {},
): AsyncGenerator<InferenceEvent, void> =>
  decodeEventStream(source, { decode: createEventDecoder(), ...options })

interface OpenBlock {
  /** Of a tool_use, its number among the calls. */
  readonly call?: number
  /** The arguments that came with its start, for a server that sends no deltas. */
  readonly input?: unknown
  spoke: boolean
}

/** Turns the events of one stream into ours. A state machine: message_start, blocks, message_delta, message_stop. */
const createEventDecoder = (): ((block: SseEvent) => readonly InferenceEvent[]) => {
  let id = ''
  let started = false
  let usage: Wire = {}
  let stopReason: unknown
  let calls = 0
  const blocks = new Map<number, OpenBlock>()

  const decode = (block: SseEvent): readonly InferenceEvent[] => {
    const frame: Frame = { dialect: 'anthropic', bytes: block.raw }
    if (block.data === undefined) return [{ type: 'other', frame }]
    const event = parseBlock(block.data)
    const failure = errorInside(event)
    if (failure) throw failure
    if (block.event === 'error') throw malformed('an empty error')
    const events = decodeEvent(event, frame)
    return events.length > 0 ? events : [{ type: 'other', frame }]
  }

  const decodeEvent = (event: Wire, frame: Frame): InferenceEvent[] => {
    switch (event['type']) {
      case 'message_start':
        return start(isRecord(event['message']) ? event['message'] : {}, frame)
      case 'content_block_start':
        return begin(indexOf(event), isRecord(event['content_block']) ? event['content_block'] : {}, frame)
      case 'content_block_delta':
        return isRecord(event['delta']) ? delta(indexOf(event), event['delta'], frame) : []
      case 'content_block_stop':
        return close(indexOf(event), frame)
      case 'message_delta':
        usage = mergeUsage(usage, event['usage'])
        stopReason = (isRecord(event['delta']) ? event['delta']['stop_reason'] : undefined) ?? stopReason
        return []
      case 'message_stop':
        return finish(frame)
      default:
        return []
    }
  }

  const start = (message: Wire, frame: Frame): InferenceEvent[] => {
    if (started) throw malformed('a second message_start')
    started = true
    id = textOf(message['id']) ?? ''
    usage = mergeUsage(usage, message['usage'])
    return [{ type: 'start', model: textOf(message['model']) ?? '', ...(id !== '' && { id }), frame }]
  }

  const begin = (index: number, content: Wire, frame: Frame): InferenceEvent[] => {
    if (!started) throw malformed('a block before message_start')
    if (content['type'] === 'tool_use') {
      const call = calls++
      blocks.set(index, { call, input: content['input'], spoke: false })
      const callId = textOf(content['id']) ?? madeCallId(id, call)
      const name = textOf(content['name']) ?? ''
      return [{ type: 'tool-call-delta', index: 0, call, id: callId, name, argumentsText: '', frame }]
    }
    blocks.set(index, { spoke: true })
    return spoken(content, frame)
  }

  const spoken = (content: Wire, frame: Frame): InferenceEvent[] => {
    const text = textOf(content['text'])
    if (text !== undefined) return [{ type: 'text-delta', index: 0, text, frame }]
    const thinking = textOf(content['thinking'])
    return thinking === undefined ? [] : [{ type: 'reasoning-delta', index: 0, text: thinking, frame }]
  }

  const delta = (index: number, content: Wire, frame: Frame): InferenceEvent[] => {
    if (content['type'] !== 'input_json_delta') return spoken(content, frame)
    const open = blocks.get(index)
    const argumentsText = textOf(content['partial_json'])
    if (open?.call === undefined || argumentsText === undefined) return []
    open.spoke = true
    return [{ type: 'tool-call-delta', index: 0, call: open.call, argumentsText, frame }]
  }

  const close = (index: number, frame: Frame): InferenceEvent[] => {
    const open = blocks.get(index)
    if (open?.call === undefined || open.spoke) return []
    open.spoke = true
    const argumentsText = JSON.stringify(open.input ?? {})
    return [{ type: 'tool-call-delta', index: 0, call: open.call, argumentsText, frame }]
  }

  const finish = (frame: Frame): InferenceEvent[] => {
    if (!started)
      throw new McpdError('BACKEND_INCOMPLETE', 'The backend said that it was done without an answer.')
    const counted = decodeUsage(usage)
    return [
      { type: 'finish', index: 0, reason: decodeStopReason(stopReason), frame },
      ...(counted ? [{ type: 'usage', usage: counted, frame } as const] : []),
      { type: 'end', frame },
    ]
  }

  return decode
}

const indexOf = ({ index = 0 }: Wire): number => {
  if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < blocksMax)
    return index as number
  throw malformed('it has an index that is none')
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend sent a malformed event: ${why}.`)
