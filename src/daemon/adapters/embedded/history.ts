import type { ChatHistoryItem, ChatModelFunctionCall, ChatModelResponse } from 'node-llama-cpp'
import type { Message } from '../../../core/inference.ts'

const textOf = (content: Message['content']): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')

/** Chat templates print values as JSON themselves: JSON text handed on as text would be quoted twice. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What is wrong with the order of calls and answers, or undefined. */
export const brokenCalls = (messages: readonly Message[]): string | undefined => {
  const asked = new Set(
    messages.flatMap(({ role, toolCalls = [] }) =>
      role === 'assistant' ? toolCalls.map(({ id }) => id) : [],
    ),
  )
  const answered = new Set(
    messages.flatMap(({ role, toolCallId }) => (role === 'tool' ? [toolCallId ?? ''] : [])),
  )
  for (const id of answered)
    if (!asked.has(id)) return `A tool message answers the call '${id}', which no message made.`
  for (const id of asked) if (!answered.has(id)) return `No tool message answers the call '${id}'.`
  return undefined
}

const callsOf = (message: Message, results: ReadonlyMap<string, string>): ChatModelFunctionCall[] =>
  (message.toolCalls ?? []).map(({ id, name, argumentsText }, at) => ({
    type: 'functionCall',
    name,
    params: valueOf(argumentsText || '{}'),
    result: valueOf(results.get(id) ?? ''),
    ...(at === 0 && { startsNewChunk: true }),
  }))

/**
 * Messages as node-llama-cpp tells a conversation: the result of a call stands beside the call, and all a model says
 * until the next user message is one item. Ends with the item that is to be written. Every call has its answer.
 */
export const toHistory = (messages: readonly Message[]): ChatHistoryItem[] => {
  const results = new Map(
    messages.flatMap((message) =>
      message.role === 'tool' ? [[message.toolCallId ?? '', textOf(message.content)] as const] : [],
    ),
  )
  const history: ChatHistoryItem[] = []
  const answer = (): ChatModelResponse => {
    const last = history.at(-1)
    if (last?.type === 'model') return last
    const opened: ChatModelResponse = { type: 'model', response: [] }
    history.push(opened)
    return opened
  }
  for (const message of messages) {
    const text = textOf(message.content)
    switch (message.role) {
      case 'system':
      case 'developer':
        history.push({ type: 'system', text })
        break
      case 'user':
        history.push({ type: 'user', text })
        break
      case 'assistant': {
        const { response } = answer()
        if (message.reasoning)
          response.push({ type: 'segment', segmentType: 'thought', text: message.reasoning, ended: true })
        if (text !== '') response.push(text)
        response.push(...callsOf(message, results))
        break
      }
      case 'tool':
        break
    }
  }
  answer()
  return history
}
