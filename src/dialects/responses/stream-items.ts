import type { TokenLogprob } from '../../core/inference.ts'
import { callItem, messageItem, outputLogprobs, outputText, reasoningItem } from './item-encoder.ts'
import type { ItemStatus, OutputItem } from './response-schemas.ts'

/** An event before it has its number. */
export interface NumberlessEvent {
  readonly type: string
}

/** One item of an answer while it is written. Each verb gives the events to send, without their numbers. */
export interface StreamItem {
  open(): NumberlessEvent[]
  push(delta: string, logprobs?: readonly TokenLogprob[]): NumberlessEvent[]
  /** Its text is complete, whether or not the answer is; nothing the second time. */
  finish(status: ItemStatus): NumberlessEvent[]
  /** As it is now; one that is finished keeps its own status. */
  item(status: ItemStatus): OutputItem
}

/** The message of an answer, of one part. */
export const textStreamItem = (turn: string, outputIndex: number): StreamItem => {
  let text = ''
  const logprobs: TokenLogprob[] = []
  const part = () => outputText(text, logprobs)
  const { id } = messageItem(turn, undefined, 'in_progress')
  const place = { item_id: id, output_index: outputIndex, content_index: 0 }
  return streamItem({
    outputIndex,
    item: (status) => messageItem(turn, status === 'in_progress' ? undefined : part(), status),
    opened: () => [{ type: 'response.content_part.added', ...place, part: part() }],
    push: (delta, probabilities = []) => {
      text += delta
      logprobs.push(...probabilities)
      return [
        { type: 'response.output_text.delta', ...place, delta, logprobs: outputLogprobs(probabilities) },
      ]
    },
    finished: () => [
      { type: 'response.output_text.done', ...place, text, logprobs: outputLogprobs(logprobs) },
      { type: 'response.content_part.done', ...place, part: part() },
    ],
  })
}

/** What a model thinks, of one part. `segment` counts from 0 where it thinks again after it has begun to speak. */
export const reasoningStreamItem = (turn: string, outputIndex: number, segment: number): StreamItem => {
  let text = ''
  const part = () => ({ type: 'reasoning_text', text })
  const item = (status: ItemStatus) =>
    reasoningItem(turn, status === 'in_progress' ? '' : text, status, segment)
  const place = { item_id: item('in_progress').id, output_index: outputIndex, content_index: 0 }
  return streamItem({
    outputIndex,
    item,
    opened: () => [{ type: 'response.content_part.added', ...place, part: part() }],
    push: (delta) => {
      text += delta
      return [{ type: 'response.reasoning_text.delta', ...place, delta }]
    },
    finished: () => [
      { type: 'response.reasoning_text.done', ...place, text },
      { type: 'response.content_part.done', ...place, part: part() },
    ],
  })
}

/** The `call`th function call of an answer; `id` is the name by which its output answers it. */
export const callStreamItem = (
  turn: string,
  outputIndex: number,
  call: number,
  { id, name }: { readonly id: string; readonly name: string },
): StreamItem => {
  let argumentsText = ''
  const item = (status: ItemStatus) => callItem(turn, call, { id, name, argumentsText }, status)
  const place = { item_id: item('in_progress').id, output_index: outputIndex }
  return streamItem({
    outputIndex,
    item,
    opened: () => [],
    push: (delta) => {
      argumentsText += delta
      return [{ type: 'response.function_call_arguments.delta', ...place, delta }]
    },
    finished: () => [
      { type: 'response.function_call_arguments.done', ...place, name, arguments: argumentsText },
    ],
  })
}

interface StreamItemParts {
  readonly outputIndex: number
  readonly item: (status: ItemStatus) => OutputItem
  readonly opened: () => NumberlessEvent[]
  readonly push: StreamItem['push']
  readonly finished: () => NumberlessEvent[]
}

const streamItem = ({ outputIndex, item, opened, push, finished }: StreamItemParts): StreamItem => {
  let final: ItemStatus | undefined
  const now = (status: ItemStatus) => item(final ?? status)
  const event = (type: string, status: ItemStatus) => ({ type, output_index: outputIndex, item: now(status) })
  return {
    open: () => [event('response.output_item.added', 'in_progress'), ...opened()],
    push,
    finish: (status) => {
      if (final !== undefined) return []
      final = status
      return [...finished(), event('response.output_item.done', status)]
    },
    item: now,
  }
}
