import type { FinishReason } from '../../core/inference.ts'
import { textOf, type Wire } from '../wire.ts'

/** The arguments of a call: text, or the object that TGI before 3.2 sends. */
export const argumentsOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  return value == null ? '' : JSON.stringify(value)
}

/** What the model thought: llama.cpp, DeepSeek and older vLLM use the first name, Ollama and newer vLLM the second. */
export const reasoningOf = (message: Wire): string | undefined =>
  textOf(message['reasoning_content']) ?? textOf(message['reasoning'])

/** The id of a call that came without one: the same whether the answer is streamed or whole. */
export const madeCallId = (responseId: unknown, index: number, call: number): string =>
  `call_${textOf(responseId) ?? 'mcpd'}_${index}_${call}`

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
}

export const decodeFinishReason = (reason: unknown): FinishReason =>
  typeof reason === 'string' && Object.hasOwn(reasons, reason) ? reasons[reason]! : 'other'

/** OpenAI has no word for a reason that has no name: clients only know these four. */
export const encodeFinishReason = (reason: FinishReason): string => {
  if (reason === 'tool-calls') return 'tool_calls'
  if (reason === 'content-filter') return 'content_filter'
  return reason === 'other' ? 'stop' : reason
}
