import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  Message,
  Part,
  ResponseFormat,
  Sampling,
  Tool,
  ToolCall,
} from '../../core/inference.ts'

export interface EncodeRequestOptions {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
  /** Whether to ask a stream for its usage; true when absent. Servers that refuse stream_options need false. */
  readonly streamUsage?: boolean
  /**
   * Under which name `maxTokens` goes. max_tokens when absent: it is deprecated, yet every compatible server
   * honours it and some (Ollama, FastChat) read nothing else. OpenAI's own reasoning models take only the other.
   */
  readonly maxTokensMember?: 'max_tokens' | 'max_completion_tokens'
}

type Body = Record<string, unknown>

/** The body of POST /chat/completions. The inverse of `decodeChat`. */
export const encodeChat = (input: ChatInput, options: EncodeRequestOptions): Body => {
  const { tools: otherTools, stream_options: streamOptions, ...extra } = input.extra
  const tools = [...(input.tools ?? []).map(encodeTool), ...((otherTools as unknown[] | undefined) ?? [])]
  return {
    model: options.model,
    messages: input.messages.map(encodeMessage),
    ...encodeSampling(input.sampling, options),
    ...(tools.length > 0 && { tools }),
    ...(input.toolChoice !== undefined && { tool_choice: encodeToolChoice(input.toolChoice) }),
    ...(input.parallelToolCalls !== undefined && { parallel_tool_calls: input.parallelToolCalls }),
    ...(input.responseFormat && { response_format: encodeResponseFormat(input.responseFormat) }),
    ...(input.reasoningEffort !== undefined && { reasoning_effort: input.reasoningEffort }),
    ...(input.choices !== undefined && { n: input.choices }),
    ...(input.topLogprobs !== undefined && {
      logprobs: true,
      ...(input.topLogprobs > 0 && { top_logprobs: input.topLogprobs }),
    }),
    ...extra,
    ...encodeStream(options, streamOptions),
  }
}

/** The body of POST /completions. The inverse of `decodeComplete`. */
export const encodeComplete = (input: CompleteInput, options: EncodeRequestOptions): Body => {
  const { stream_options: streamOptions, ...extra } = input.extra
  return {
    model: options.model,
    prompt: encodeInputs(input.prompts),
    ...(input.suffix !== undefined && { suffix: input.suffix }),
    ...(input.echo !== undefined && { echo: input.echo }),
    ...(input.choices !== undefined && { n: input.choices }),
    ...(input.topLogprobs !== undefined && { logprobs: input.topLogprobs }),
    ...encodeSampling(input.sampling, { ...options, maxTokensMember: 'max_tokens' }),
    ...extra,
    ...encodeStream(options, streamOptions),
  }
}

/** The body of POST /embeddings. The inverse of `decodeEmbed`. Floats are what every server can send. */
export const encodeEmbed = (input: EmbedInput, options: Pick<EncodeRequestOptions, 'model'>): Body => ({
  model: options.model,
  input: encodeInputs(input.inputs),
  ...(input.dimensions !== undefined && { dimensions: input.dimensions }),
  ...input.extra,
})

/** Messages as the chat and tokenize routes take them. */
export const encodeMessages = (messages: readonly Message[]): Body[] => messages.map(encodeMessage)

/** Options of streaming are sent with a stream only: servers refuse them elsewhere. */
const encodeStream = ({ stream, streamUsage = true }: EncodeRequestOptions, others: unknown): Body => {
  if (!stream) return {}
  const options = { ...(others as object | undefined), ...(streamUsage && { include_usage: true }) }
  return { stream: true, ...(Object.keys(options).length > 0 && { stream_options: options }) }
}

const encodeInputs = (inputs: readonly (string | readonly number[])[]): unknown =>
  inputs.length === 1 ? inputs[0] : inputs

const encodeSampling = (sampling: Sampling, { maxTokensMember }: EncodeRequestOptions): Body => ({
  ...(sampling.temperature !== undefined && { temperature: sampling.temperature }),
  ...(sampling.topP !== undefined && { top_p: sampling.topP }),
  ...(sampling.topK !== undefined && { top_k: sampling.topK }),
  ...(sampling.minP !== undefined && { min_p: sampling.minP }),
  ...(sampling.maxTokens !== undefined && { [maxTokensMember ?? 'max_tokens']: sampling.maxTokens }),
  ...(sampling.stop && { stop: sampling.stop }),
  ...(sampling.seed !== undefined && { seed: sampling.seed }),
  ...(sampling.presencePenalty !== undefined && { presence_penalty: sampling.presencePenalty }),
  ...(sampling.frequencyPenalty !== undefined && { frequency_penalty: sampling.frequencyPenalty }),
  // vLLM and TGI know the first name, llama.cpp the second; each ignores the other's.
  ...(sampling.repeatPenalty !== undefined && {
    repetition_penalty: sampling.repeatPenalty,
    repeat_penalty: sampling.repeatPenalty,
  }),
  ...(sampling.logitBias && { logit_bias: sampling.logitBias }),
})

const encodeMessage = (message: Message): Body => ({
  role: message.role,
  content: Array.isArray(message.content) ? message.content.map(encodePart) : message.content,
  ...(message.name !== undefined && { name: message.name }),
  ...(message.toolCalls && { tool_calls: message.toolCalls.map(encodeToolCall) }),
  ...(message.toolCallId !== undefined && { tool_call_id: message.toolCallId }),
  // llama.cpp, DeepSeek and vLLM read this name; newer vLLM also `reasoning`.
  ...(message.reasoning !== undefined && { reasoning_content: message.reasoning }),
  ...message.extra,
})

const encodePart = (part: Part): unknown => {
  switch (part.type) {
    case 'text':
      return part
    case 'image':
      return {
        type: 'image_url',
        image_url: { url: part.url, ...(part.detail !== undefined && { detail: part.detail }) },
      }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } }
    default:
      return part.value
  }
}

/** A call as messages carry it, in requests and in answers. */
export const encodeToolCall = ({ id, name, argumentsText }: ToolCall): Body => ({
  id,
  type: 'function',
  function: { name, arguments: argumentsText },
})

const encodeTool = (tool: Tool): Body => ({ type: 'function', function: tool })

const encodeToolChoice = (choice: NonNullable<ChatInput['toolChoice']>): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }

const encodeResponseFormat = (format: ResponseFormat): Body => {
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  const { type: _, ...schema } = format
  return { type: 'json_schema', json_schema: schema }
}
