import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferenceRequest,
  Input,
} from '../../../core/inference.ts'

/** Why a request cannot be served as it was meant, before its model is looked at; undefined = it can. */
export const refuse = ({ input, stream }: Pick<InferenceRequest, 'input' | 'stream'>): string | undefined => {
  switch (input.operation) {
    case 'chat':
      return refuseChat(input)
    case 'complete':
      return refuseComplete(input)
    case 'embed':
      return refuseEmbed(input, stream)
    default:
      return undefined
  }
}

const oneChoice = (choices: number | undefined): string | false =>
  choices !== undefined && choices > 1 && 'n must be 1: Triton gives one answer to a prompt.'

const firstReason = (...reasons: readonly (string | false | undefined)[]): string | undefined =>
  reasons.find((reason): reason is string => typeof reason === 'string')

const refuseChat = ({ messages, tools, toolChoice, choices }: ChatInput): string | undefined =>
  firstReason(
    oneChoice(choices),
    tools !== undefined &&
      toolChoice !== 'none' &&
      'tools cannot be called here: use the adapter openai with the OpenAI frontend of Triton.',
    messages.some(({ content }) => Array.isArray(content) && content.some(({ type }) => type !== 'text')) &&
      'messages may only hold text here.',
    messages.some(({ toolCalls }) => toolCalls !== undefined) && 'messages may hold no tool calls here.',
    messages.length === 0 && 'messages is empty.',
  )

const refuseComplete = ({ prompts, choices }: CompleteInput): string | undefined =>
  firstReason(
    oneChoice(choices),
    prompts.length !== 1 && 'prompt must be one text: Triton answers one at a time.',
    typeof prompts[0] !== 'string' && 'prompt must be text: tokens are not taken.',
  )

const refuseEmbed = ({ inputs }: EmbedInput, stream: boolean): string | undefined =>
  firstReason(
    stream && 'embed gives one answer, not a stream.',
    inputs.length === 0 && 'input is empty.',
    inputs.some((text) => typeof text !== 'string') && 'input must be texts: tokens are not taken.',
  )

/** What has a name in mcpd and none in any model of Triton, by its name in requests. */
export const unnamed = (input: Input): string[] => {
  if (input.operation === 'embed') return input.dimensions === undefined ? [] : ['dimensions']
  if (input.operation === 'complete')
    return [
      ...(input.suffix === undefined ? [] : ['suffix']),
      ...(input.topLogprobs === undefined ? [] : ['logprobs']),
    ]
  if (input.operation !== 'chat') return []
  return [
    ...(input.parallelToolCalls === undefined ? [] : ['parallel_tool_calls']),
    ...(input.reasoningEffort === undefined ? [] : ['reasoning_effort']),
    ...(input.topLogprobs === undefined ? [] : ['logprobs']),
  ]
}
