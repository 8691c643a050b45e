import type { FinishReason } from '../../core/inference.ts'

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
}

export const decodeStopReason = (reason: unknown): FinishReason =>
  typeof reason === 'string' && Object.hasOwn(reasons, reason) ? reasons[reason]! : 'other'

/** Which stop text ended an answer is not known of other dialects, so that a stop is an `end_turn`. */
export const encodeStopReason = (reason: FinishReason): string => {
  switch (reason) {
    case 'length':
      return 'max_tokens'
    case 'tool-calls':
      return 'tool_use'
    case 'content-filter':
      return 'refusal'
    default:
      return 'end_turn'
  }
}

/** The id of a call that came without one: the same whether the answer is streamed or whole. */
export const madeCallId = (messageId: string, call: number): string =>
  `toolu_${messageId.replaceAll(/[^\w-]/g, '_')}_${call}`

/** Arguments as the object that they are in this dialect; undefined when the model wrote none. */
export const parseArguments = (text: string): object | undefined => {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
