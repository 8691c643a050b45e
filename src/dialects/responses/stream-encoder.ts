import type { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type { FinishReason, InferenceEvent, TextDelta, ToolCallDelta, Usage } from '../../core/inference.ts'
import { encodeSse } from '../../core/sse.ts'
import { madeCallId } from '../openai/wire.ts'
import { bare, encodeFailed, encodeUsage, endingOf, itemStatusOf, type ResponseFacts } from './response.ts'
import type { ResponseBody } from './response-schemas.ts'
import {
  callStreamItem,
  type NumberlessEvent,
  reasoningStreamItem,
  type StreamItem,
  textStreamItem,
} from './stream-items.ts'

export interface StreamEncoder {
  /** The bytes for an event; undefined when it has none. */
  encode(event: InferenceEvent): Buffer | undefined
  /** The last bytes of a stream that failed after its first byte: a response that has failed. */
  fail(error: McpdError): Buffer
}

type LifecycleEvent = NumberlessEvent & { readonly response: ResponseBody }

/** Writes one response as typed events, numbered from 0. Of several choices only the first has a place. */
export const streamEncoder = (facts: ResponseFacts): StreamEncoder => {
  const output = createOutput(facts.turn)
  let sequence = 0
  let begun = false
  let finish: FinishReason = 'other'
  let usage: Usage | undefined

  const write = (events: readonly NumberlessEvent[]): Buffer =>
    Buffer.concat(
      events.map((event) => {
        const data = JSON.stringify({ ...event, sequence_number: sequence })
        sequence += 1
        return encodeSse({ event: event.type, data })
      }),
    )

  const begin = (): LifecycleEvent[] => {
    if (begun) return []
    begun = true
    const response = bare(facts)
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ]
  }

  const end = (): NumberlessEvent[] => {
    const ending = endingOf(finish)
    const status = itemStatusOf(ending)
    const events = output.finish(status)
    const response: ResponseBody = {
      ...bare(facts),
      ...ending,
      output: output.items().map((item) => item.item(status)),
      usage: usage ? encodeUsage(usage) : null,
    }
    const ended: LifecycleEvent = { type: `response.${ending.status}`, response }
    return [...events, ended]
  }

  const eventsOf = (event: InferenceEvent): NumberlessEvent[] => {
    switch (event.type) {
      case 'text-delta':
        return event.index === 0 ? output.text(event) : []
      case 'reasoning-delta':
        return event.index === 0 ? output.reasoning(event.text) : []
      case 'tool-call-delta':
        return event.index === 0 ? output.call(event) : []
      case 'finish':
        if (event.index === 0) finish = event.reason
        return []
      case 'usage':
        usage = event.usage
        return []
      case 'end':
        return end()
      case 'whole':
        return [...unfold(event.response())].flatMap(eventsOf)
      default:
        return []
    }
  }

  return {
    encode: (event) => {
      const events = [...begin(), ...eventsOf(event)]
      return events.length > 0 ? write(events) : undefined
    },
    fail: (error) => {
      const items = output.items().map((item) => item.item('incomplete'))
      const failed: LifecycleEvent = { type: 'response.failed', response: encodeFailed(error, items, facts) }
      return write([...begin(), failed])
    },
  }
}

/** The items of an answer as they come. Thinking ends where something else begins; the rest ends with the answer. */
const createOutput = (turn: string) => {
  const items: StreamItem[] = []
  const calls = new Map<number, StreamItem>()
  let text: StreamItem | undefined
  let thought: StreamItem | undefined
  let thoughts = 0

  const add = (item: StreamItem): NumberlessEvent[] => {
    items.push(item)
    return item.open()
  }

  const endThought = (): NumberlessEvent[] => {
    const events = thought?.finish('completed') ?? []
    thought = undefined
    return events
  }

  const openText = (): NumberlessEvent[] => {
    text = textStreamItem(turn, items.length)
    return add(text)
  }

  return {
    items: (): readonly StreamItem[] => items,

    text: ({ text: delta, logprobs = [] }: TextDelta): NumberlessEvent[] => {
      if (delta === '' && logprobs.length === 0) return []
      return [...endThought(), ...(text ? [] : openText()), ...text!.push(delta, logprobs)]
    },

    reasoning: (delta: string): NumberlessEvent[] => {
      if (delta === '') return []
      let opened: NumberlessEvent[] = []
      if (!thought) {
        thought = reasoningStreamItem(turn, items.length, thoughts)
        thoughts += 1
        opened = add(thought)
      }
      return [...opened, ...thought.push(delta)]
    },

    call: ({ call, id, name, argumentsText }: ToolCallDelta): NumberlessEvent[] => {
      const events = endThought()
      let item = calls.get(call)
      if (!item) {
        const at = calls.size
        item = callStreamItem(turn, items.length, at, { id: id || madeCallId(turn, 0, at), name: name ?? '' })
        calls.set(call, item)
        events.push(...add(item))
      }
      return argumentsText === '' ? events : [...events, ...item.push(argumentsText)]
    },

    /** An answer of nothing is an empty message. */
    finish: (status: 'completed' | 'incomplete'): NumberlessEvent[] => [
      ...(items.length === 0 ? openText() : []),
      ...items.flatMap((item) => item.finish(status)),
    ],
  }
}
