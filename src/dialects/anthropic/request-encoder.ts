import { McpdError } from '../../core/errors.ts'
import type { ChatInput, Message, Part, Tool } from '../../core/inference.ts'
import { parseArguments } from './wire.ts'

export interface EncodeRequestOptions {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
  /** Where the request names no limit of output: the API asks for one. */
  readonly maxTokens: number
}

/** A body, and in words what of the request has no place in it or was changed. */
export interface EncodedRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

type Body = Record<string, unknown>
type Warn = (sentence: string) => void

/** Members of `extra` that the API has a use for, whatever surface they came by. */
const extraNames: ReadonlySet<string> = new Set([
  'metadata',
  'service_tier',
  'container',
  'inference_geo',
  'cache_control',
])

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

/**
 * The body of POST /v1/messages. The inverse of `decodeChat`. What would make the answer another one than asked for
 * throws BAD_REQUEST; what only inclines it is left out or changed with a warning.
 */
export const encodeChat = (input: ChatInput, options: EncodeRequestOptions): EncodedRequest => {
  const warnings = new Set<string>()
  const warn: Warn = (sentence) => warnings.add(sentence)
  const { sampling, responseFormat } = input
  if ((input.choices ?? 1) !== 1) throw badRequest('The Anthropic API gives one answer, so n must be 1.', 'n')
  if (input.topLogprobs !== undefined)
    throw badRequest('The Anthropic API gives no log probabilities.', 'logprobs')
  if (responseFormat?.type === 'json')
    throw badRequest('The Anthropic API has no format json_object: give a json_schema.', 'response_format')
  const maxTokens = sampling.maxTokens ?? options.maxTokens
  if (sampling.maxTokens === undefined)
    warn(`max_tokens is ${maxTokens}: the Anthropic API asks for a limit and the request has none.`)
  const { system, messages } = encodeMessages(input.messages, warn)
  const body = {
    model: options.model,
    ...(system !== undefined && { system }),
    messages,
    max_tokens: maxTokens,
    ...encodeSampling(input, warn),
    ...encodeTools(input),
    ...encodeThinking(input, maxTokens, warn),
    ...(responseFormat?.type === 'json-schema' && {
      output_config: { format: { type: 'json_schema', schema: responseFormat.schema } },
    }),
    ...(options.stream && { stream: true }),
    ...knownExtra(input, warn),
  }
  return { body, warnings: [...warnings] }
}

/** The system prompt and the messages as the routes of the API take them. */
export const encodeMessages = (
  given: readonly Message[],
  warn: Warn,
): { readonly system?: string; readonly messages: readonly Body[] } => {
  const system: string[] = []
  const turns: { role: 'user' | 'assistant'; content: Body[]; onlyResults: boolean }[] = []
  for (const [index, message] of given.entries()) {
    if (message.name !== undefined && message.role !== 'tool') warn(leftOut('messages[].name'))
    if (message.role === 'system' || message.role === 'developer') {
      if (turns.length > 0) warn('A system message between others was put before them all.')
      system.push(textOf(message))
    } else if (message.role === 'assistant') {
      if (message.reasoning !== undefined) warn(leftOut('messages[].reasoning_content'))
      turns.push({ role: 'assistant', content: assistantBlocks(message, index), onlyResults: false })
    } else {
      const content =
        message.role === 'tool' ? [resultBlock(message, index)] : blocksOf(message.content, index)
      const last = turns.at(-1)
      // All results of one turn, and what the user says to them, are one message.
      if (last?.onlyResults) {
        last.content.push(...content)
        last.onlyResults = message.role === 'tool'
      } else turns.push({ role: 'user', content, onlyResults: message.role === 'tool' })
    }
  }
  return {
    ...(system.length > 0 && { system: system.join('\n\n') }),
    messages: turns.map(({ role, content }) => ({ role, content: simplest(content) })),
  }
}

const leftOut = (name: string): string => `'${name}' has no name in the Anthropic dialect and was left out.`

/** A single text goes as a text, which every server takes. */
const simplest = (blocks: readonly Body[]): unknown => {
  const [first] = blocks
  if (first === undefined) return ''
  return blocks.length === 1 && first['type'] === 'text' ? first['text'] : blocks
}

const textOf = ({ content }: Message): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')

const assistantBlocks = ({ content, toolCalls = [] }: Message, index: number): Body[] => [
  ...blocksOf(content, index),
  ...toolCalls.map(({ id, name, argumentsText }, call) => {
    const input = parseArguments(argumentsText)
    if (!input)
      throw badRequest(
        'The arguments of a call must be a JSON object in the Anthropic dialect.',
        `messages[${index}].tool_calls[${call}].function.arguments`,
      )
    return { type: 'tool_use', id, name, input }
  }),
]

const resultBlock = ({ content, toolCallId }: Message, index: number): Body => {
  if (toolCallId === undefined)
    throw badRequest('A tool message needs the id of the call it answers.', `messages[${index}].tool_call_id`)
  return { type: 'tool_result', tool_use_id: toolCallId, content: simplest(blocksOf(content, index)) }
}

/** The API refuses a text block that is empty. */
const blocksOf = (content: Message['content'], index: number): Body[] => {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return (content ?? [])
    .filter((part) => part.type !== 'text' || part.text !== '')
    .map((part) => encodePart(part, index))
}

const dataUrl = /^data:([^;,]*);base64,(.*)$/s

const encodePart = (part: Part, index: number): Body => {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image': {
      const [, mediaType, data] = dataUrl.exec(part.url) ?? []
      return {
        type: 'image',
        source:
          data === undefined
            ? { type: 'url', url: part.url }
            : { type: 'base64', media_type: mediaType, data },
      }
    }
    case 'audio':
      throw badRequest('The Anthropic API takes no audio.', `messages[${index}].content`)
    default:
      return part.value
  }
}

const temperatureMax = 1

const encodeSampling = ({ sampling }: ChatInput, warn: Warn): Body => {
  const { temperature, topP, topK, stop, minP, seed, logitBias } = sampling
  const nameless = {
    min_p: minP,
    seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repetition_penalty: sampling.repeatPenalty,
    logit_bias: logitBias,
  }
  for (const [name, value] of Object.entries(nameless)) if (value !== undefined) warn(leftOut(name))
  if (temperature !== undefined && temperature > temperatureMax)
    warn(`temperature is ${temperatureMax}, the most that the Anthropic API takes.`)
  return {
    ...(temperature !== undefined && { temperature: Math.min(temperature, temperatureMax) }),
    ...(topP !== undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
    ...(stop && { stop_sequences: stop }),
  }
}

const encodeTools = ({ tools, toolChoice, parallelToolCalls }: ChatInput): Body => {
  if (!tools) return {}
  const choice = encodeToolChoice(toolChoice ?? (parallelToolCalls === undefined ? undefined : 'auto'))
  return {
    tools: tools.map(encodeTool),
    ...(choice && {
      tool_choice: {
        ...choice,
        ...(parallelToolCalls !== undefined &&
          toolChoice !== 'none' && { disable_parallel_tool_use: !parallelToolCalls }),
      },
    }),
  }
}

const encodeTool = ({ name, description, parameters, strict }: Tool): Body => ({
  name,
  ...(description !== undefined && { description }),
  input_schema: parameters ?? { type: 'object' },
  ...(strict !== undefined && { strict }),
})

const encodeToolChoice = (choice: ChatInput['toolChoice']): Body | undefined => {
  if (choice === undefined) return undefined
  if (choice === 'required') return { type: 'any' }
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', name: choice.name }
}

/** Tokens of thinking by effort. The API takes no fewer than the least, and fewer than `max_tokens`. */
const budgets: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 65_536,
}
const budgetMinTokens = 1024

const encodeThinking = ({ reasoningEffort, extra }: ChatInput, maxTokens: number, warn: Warn): Body => {
  if (reasoningEffort === 'none') return { thinking: { type: 'disabled' } }
  const given = extra['thinking']
  if (typeof given === 'object' && given !== null) return { thinking: { type: 'enabled', ...given } }
  if (reasoningEffort === undefined) return {}
  const budget = Object.hasOwn(budgets, reasoningEffort) ? budgets[reasoningEffort]! : undefined
  if (budget === undefined)
    throw badRequest(
      `The efforts known here are none, ${Object.keys(budgets).join(', ')}, not "${reasoningEffort}".`,
      'reasoning_effort',
    )
  if (maxTokens <= budgetMinTokens) {
    warn(`'reasoning_effort' was left out: ${maxTokens} tokens of output leave no room for thinking.`)
    return {}
  }
  return { thinking: { type: 'enabled', budget_tokens: Math.min(budget, maxTokens - 1) } }
}

const knownExtra = ({ extra }: ChatInput, warn: Warn): Body =>
  Object.fromEntries(
    Object.entries(extra).filter(([name]) => {
      if (!extraNames.has(name) && name !== 'thinking') warn(leftOut(name))
      return extraNames.has(name)
    }),
  )
