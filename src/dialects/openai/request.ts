import { McpdError } from '../../core/errors.ts'
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
import type {
  ChatBody,
  CompletionBody,
  EmbeddingBody,
  MessageBody,
  PartBody,
  SamplingBody,
} from './request-schemas.ts'

/** A request body that the schema of its route has accepted. */
type Body = Readonly<Record<string, unknown>>

/** Members that are not the model's business: the route, the transport and mcpd itself read them. */
const envelope = ['model', 'stream', 'stream_options', 'mcpd']
const sampling = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'repeat_penalty',
  'logit_bias',
]
const chatNames: ReadonlySet<string> = new Set([
  ...envelope,
  ...sampling,
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'n',
  'logprobs',
  'top_logprobs',
])
const completionNames: ReadonlySet<string> = new Set([
  ...envelope,
  ...sampling,
  'prompt',
  'suffix',
  'echo',
  'n',
  'logprobs',
])
const embeddingNames: ReadonlySet<string> = new Set([...envelope, 'input', 'dimensions', 'encoding_format'])
const messageNames: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'reasoning',
  'reasoning_content',
])

/** Whether the client wants the chunk with the usage at the end of its stream. */
export const wantsUsage = (body: Body): boolean => (body as ChatBody).stream_options?.include_usage === true

/**
 * Reads a chat request. Throws BAD_REQUEST, with the member at fault as `param`, for what a schema cannot say.
 * What has no name in ChatInput (an unknown member, a kind of tool or response format that only some backends
 * have) stays in `extra` as it came.
 */
export const decodeChat = (body: Body): ChatInput => {
  const chat = body as ChatBody
  const { tools, otherTools } = decodeTools(chat)
  const choice = decodeToolChoice(chat.tool_choice)
  const format = decodeResponseFormat(chat.response_format)
  if (chat.top_logprobs && chat.logprobs !== true)
    throw badRequest('top_logprobs needs logprobs to be true.', 'top_logprobs')
  return {
    operation: 'chat',
    messages: decodeMessages(chat.messages),
    sampling: decodeSampling(chat),
    ...(tools && { tools }),
    ...(choice !== undefined && { toolChoice: choice }),
    ...(chat.parallel_tool_calls != null && { parallelToolCalls: chat.parallel_tool_calls }),
    ...(format && { responseFormat: format }),
    ...(chat.reasoning_effort != null && { reasoningEffort: chat.reasoning_effort }),
    ...(chat.n != null && { choices: chat.n }),
    ...(chat.logprobs === true && { topLogprobs: chat.top_logprobs ?? 0 }),
    extra: {
      ...extraOf(body, chatNames),
      ...extraStreamOptions(chat),
      ...(otherTools && { tools: otherTools }),
      ...(chat.tool_choice != null && choice === undefined && { tool_choice: chat.tool_choice }),
      ...(chat.response_format != null && !format && { response_format: chat.response_format }),
    },
  }
}

/** Reads a completion request, as `decodeChat` does. */
export const decodeComplete = (body: Body): CompleteInput => {
  const completion = body as CompletionBody
  return {
    operation: 'complete',
    prompts: decodeInputs(completion.prompt),
    ...(completion.suffix != null && { suffix: completion.suffix }),
    ...(completion.echo != null && { echo: completion.echo }),
    ...(completion.n != null && { choices: completion.n }),
    ...(completion.logprobs != null && { topLogprobs: completion.logprobs }),
    sampling: decodeSampling(completion),
    extra: { ...extraOf(body, completionNames), ...extraStreamOptions(completion) },
  }
}

/** Reads an embedding request, as `decodeChat` does. `encoding_format` is for the encoder of the answer. */
export const decodeEmbed = (body: Body): EmbedInput => {
  const { input, dimensions } = body as EmbeddingBody
  return {
    operation: 'embed',
    inputs: decodeInputs(input),
    ...(dimensions != null && { dimensions }),
    extra: extraOf(body, embeddingNames),
  }
}

/** Reads messages that a schema has accepted; throws as `decodeChat` does. */
export const decodeMessages = (messages: readonly Body[]): Message[] =>
  (messages as readonly MessageBody[]).map((message, index) => decodeMessage(message, `messages[${index}]`))

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

const extraOf = (body: Body, names: ReadonlySet<string>): Record<string, unknown> => {
  const extra = Object.entries(body).filter(([name, value]) => value != null && !names.has(name))
  return Object.fromEntries(extra)
}

/** Options of streaming beside the usage, such as vLLM's continuous_usage_stats. */
const extraStreamOptions = ({ stream_options: options }: ChatBody | CompletionBody): object => {
  const { include_usage: _, ...rest } = options ?? {}
  return Object.keys(rest).length > 0 ? { stream_options: rest } : {}
}

/**
 * max_completion_tokens goes before max_tokens where both are there: it is the newer name. -1 asks for no limit,
 * which is what an absent one means.
 */
export const decodeSampling = (body: SamplingBody): Sampling => {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens
  const repeatPenalty = body.repetition_penalty ?? body.repeat_penalty
  const { stop } = body
  return {
    ...(body.temperature != null && { temperature: body.temperature }),
    ...(body.top_p != null && { topP: body.top_p }),
    ...(body.top_k != null && { topK: body.top_k }),
    ...(body.min_p != null && { minP: body.min_p }),
    ...(maxTokens != null && maxTokens !== -1 && { maxTokens }),
    ...(stop != null && { stop: typeof stop === 'string' ? [stop] : stop }),
    ...(body.seed != null && { seed: body.seed }),
    ...(body.presence_penalty != null && { presencePenalty: body.presence_penalty }),
    ...(body.frequency_penalty != null && { frequencyPenalty: body.frequency_penalty }),
    ...(repeatPenalty != null && { repeatPenalty }),
    ...(body.logit_bias != null && { logitBias: body.logit_bias }),
  }
}

const decodeInputs = (input: CompletionBody['prompt']): readonly (string | readonly number[])[] => {
  if (typeof input === 'string') return [input]
  return typeof input[0] === 'number' ? [input as number[]] : (input as string[] | number[][])
}

const decodeMessage = (message: MessageBody, path: string): Message => {
  const { role, content = null, name, tool_calls: calls, tool_call_id: callId } = message
  if (content === null && role !== 'assistant')
    throw badRequest(`A ${role} message needs content.`, `${path}.content`)
  const reasoning = message.reasoning_content ?? message.reasoning
  const extra = extraOf(message, messageNames)
  return {
    role,
    content: Array.isArray(content)
      ? content.map((part, index) => decodePart(part, `${path}.content[${index}]`))
      : content,
    ...(name != null && { name }),
    ...(calls && {
      toolCalls: calls.map((call, index) => decodeToolCall(call, `${path}.tool_calls[${index}]`)),
    }),
    ...(callId != null && { toolCallId: callId }),
    ...(reasoning != null && { reasoning }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

const decodePart = (part: PartBody, path: string): Part => {
  switch (part.type) {
    case 'text':
      if (part.text === undefined) throw badRequest('A text part needs text.', `${path}.text`)
      return { type: 'text', text: part.text }
    case 'image_url': {
      const image = typeof part.image_url === 'string' ? { url: part.image_url } : part.image_url
      if (!image) throw badRequest('An image_url part needs image_url.', `${path}.image_url`)
      const { url, detail } = image
      return { type: 'image', url, ...(detail != null && { detail }) }
    }
    case 'input_audio':
      if (!part.input_audio) throw badRequest('An input_audio part needs input_audio.', `${path}.input_audio`)
      return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format }
    default:
      return { type: 'other', value: part }
  }
}

const decodeToolCall = (
  { id, function: called }: NonNullable<MessageBody['tool_calls']>[number],
  path: string,
): ToolCall => {
  if (!called) throw badRequest('Only calls of functions are understood here.', `${path}.function`)
  return { id: id ?? '', name: called.name, argumentsText: called.arguments }
}

const decodeTools = ({ tools }: ChatBody): { tools?: Tool[]; otherTools?: object[] } => {
  if (!tools) return {}
  const known: Tool[] = []
  const other: object[] = []
  for (const [index, tool] of tools.entries()) {
    const { type, function: described } = tool
    if (type !== 'function') other.push(tool)
    else if (!described) throw badRequest('A function tool needs function.', `tools[${index}].function`)
    else
      known.push({
        name: described.name,
        ...(described.description != null && { description: described.description }),
        ...(described.parameters != null && { parameters: described.parameters as Record<string, unknown> }),
        ...(described.strict != null && { strict: described.strict }),
      })
  }
  return { ...(known.length > 0 && { tools: known }), ...(other.length > 0 && { otherTools: other }) }
}

/** undefined: absent, or a choice that only the backend understands. */
const decodeToolChoice = (choice: ChatBody['tool_choice']): ChatInput['toolChoice'] => {
  if (choice == null) return undefined
  if (typeof choice === 'string') return choice
  return choice.type === 'function' && choice.function ? { name: choice.function.name } : undefined
}

interface JsonSchemaFormat {
  readonly name?: string | null
  readonly description?: string | null
  readonly schema?: Record<string, unknown> | boolean | null
  readonly strict?: boolean | null
}

/** undefined: absent, or a format that only the backend understands, such as TGI's regex. */
const decodeResponseFormat = (format: ChatBody['response_format']): ResponseFormat | undefined => {
  switch (format?.type) {
    case 'text':
      return { type: 'text' }
    case 'json_object':
    case 'json_schema': {
      // llama.cpp also takes the schema beside the type, for either type.
      const beside = (format as JsonSchemaFormat).schema
      const { name, description, schema, strict }: JsonSchemaFormat = format.json_schema ?? {
        schema: beside ?? null,
      }
      if (format.type === 'json_object' && schema == null) return { type: 'json' }
      return {
        type: 'json-schema',
        name: name ?? 'response',
        ...(description != null && { description }),
        schema: schema ?? {},
        ...(strict != null && { strict }),
      }
    }
    default:
      return undefined
  }
}
