import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  Input,
  Message,
  Sampling,
} from '../../../core/inference.ts'
import { brokenCalls } from './history.ts'

const firstReason = (...checks: readonly (string | false | undefined)[]): string | undefined =>
  checks.find((check): check is string => typeof check === 'string')

const refuseSampling = (sampling: Sampling): string | undefined => {
  const { temperature = 0, topP = 1, topK = 0, minP = 0, maxTokens = 1 } = sampling
  return firstReason(
    sampling.logitBias !== undefined && 'logit_bias is not supported by the embedded runtime.',
    temperature < 0 && 'temperature is negative.',
    (topP <= 0 || topP > 1) && 'top_p is not above 0 and at most 1.',
    topK < 0 && 'top_k is negative.',
    (minP < 0 || minP > 1) && 'min_p is not between 0 and 1.',
    maxTokens < 1 && 'max_tokens is below 1.',
    sampling.stop?.includes('') && 'stop has an empty text.',
  )
}

const refuseMessages = (messages: readonly Message[]): string | undefined => {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []))
  const other = parts.find(({ type }) => type !== 'text')
  return firstReason(
    messages.length === 0 && 'There are no messages.',
    other && `The embedded runtime reads only text, not a part of type '${other.type}'.`,
    brokenCalls(messages),
  )
}

const refuseChat = (input: ChatInput): string | undefined => {
  const { tools = [], toolChoice, responseFormat, choices = 1, topLogprobs } = input
  const mayCall = tools.length > 0 && (toolChoice === undefined || toolChoice === 'auto')
  const wantsJson = responseFormat !== undefined && responseFormat.type !== 'text'
  return firstReason(
    choices > 1 && 'n is above 1; the embedded runtime gives one answer per request.',
    topLogprobs !== undefined && 'logprobs are not supported by the embedded runtime.',
    mayCall &&
      wantsJson &&
      'tools and response_format cannot be combined in the embedded runtime, unless tool_choice is none or forces a call.',
    refuseMessages(input.messages),
    refuseSampling(input.sampling),
  )
}

const refuseComplete = (input: CompleteInput): string | undefined =>
  firstReason(
    (input.choices ?? 1) > 1 && 'n is above 1; the embedded runtime gives one answer per prompt.',
    input.topLogprobs !== undefined && 'logprobs are not supported by the embedded runtime.',
    input.suffix !== undefined && input.suffix !== '' && 'suffix is not supported by the embedded runtime.',
    input.prompts.length === 0 && 'There is no prompt.',
    refuseSampling(input.sampling),
  )

const refuseEmbed = (input: EmbedInput): string | undefined =>
  firstReason(
    input.inputs.length === 0 && 'There is no input.',
    input.inputs.some((text) => text.length === 0) && 'An input is empty.',
  )

/** Why a request cannot be served as it was meant; undefined = it can. What needs the model is checked later. */
export const refuse = (input: Input): string | undefined => {
  switch (input.operation) {
    case 'chat':
      return refuseChat(input)
    case 'complete':
      return refuseComplete(input)
    case 'embed':
      return refuseEmbed(input)
    case 'rerank':
    case 'infer':
      return undefined
    default:
      return input.messages ? refuseMessages(input.messages) : undefined
  }
}

/** What is left out of a request without changing what it means, in words for the client. */
export const harmless = (input: Input): string[] => {
  if (input.operation === 'tokenize') return []
  const warnings = Object.keys(input.extra).map((name) => `${name} is ignored by the embedded runtime.`)
  if (input.operation !== 'chat') return warnings
  if (input.reasoningEffort !== undefined)
    warnings.push('reasoning_effort is ignored by the embedded runtime.')
  if (input.messages.some(({ name, role }) => name !== undefined && role !== 'tool'))
    warnings.push('The name of a message is ignored by the embedded runtime.')
  if (input.messages.at(-1)?.role === 'assistant')
    warnings.push('The last message is from the assistant: the answer continues it.')
  return warnings
}
