import { McpdError } from '../../core/errors.ts'
import type { ChatInput, CompleteInput, EmbedInput, ResponseFormat, Tool } from '../../core/inference.ts'
import { isRecord } from '../wire.ts'
import { encodeMessages } from './messages.ts'
import { encodeOptions } from './sampling.ts'

export interface EncodeRequestOptions {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
}

/** A body, and the members of the request that have no place in it, as OpenAI calls them. */
export interface EncodedRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly dropped: readonly string[]
}

type Body = Readonly<Record<string, unknown>>

/** Members of `extra` that Ollama has a use for, whatever surface they came by. */
const extraNames: ReadonlySet<string> = new Set(['keep_alive', 'options', 'truncate', 'shift', 'think'])
const completionNames: ReadonlySet<string> = new Set([
  ...extraNames,
  'system',
  'template',
  'context',
  'images',
  'format',
])
const embedNames: ReadonlySet<string> = new Set(['keep_alive', 'options', 'truncate'])

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

/**
 * The body of POST /api/chat. The inverse of `decodeChat`. What would make the answer another one than asked for
 * (several choices, parts that Ollama cannot read) throws BAD_REQUEST; what only inclines it is dropped by name.
 */
export const encodeChat = (input: ChatInput, { model, stream }: EncodeRequestOptions): EncodedRequest => {
  const dropped = new Set<string>()
  requireLimits(input)
  if (input.sampling.logitBias) dropped.add('logit_bias')
  if (input.parallelToolCalls !== undefined) dropped.add('parallel_tool_calls')
  const messages = encodeMessages(input.messages, (name) => dropped.add(name))
  const tools = chosenTools(input, dropped)
  const { known, options } = splitExtra(input, extraNames, dropped)
  const format = encodeFormat(input.responseFormat)
  const body = {
    model,
    messages,
    stream,
    ...(tools.length > 0 && { tools: tools.map((tool) => encodeTool(tool, dropped)) }),
    ...(format !== undefined && { format }),
    ...(input.reasoningEffort !== undefined && { think: encodeThink(input.reasoningEffort) }),
    ...encodeTopLogprobs(input.topLogprobs),
    ...encodeOptionsMember(input, options),
    ...known,
  }
  return { body, dropped: [...dropped] }
}

/** The body of POST /api/generate for a text to continue. The inverse of `decodeGenerate` for these. */
export const encodeComplete = (
  input: CompleteInput,
  { model, stream }: EncodeRequestOptions,
): EncodedRequest => {
  const dropped = new Set<string>()
  requireLimits(input)
  const [prompt] = input.prompts
  if (input.prompts.length !== 1) throw badRequest('Ollama takes one prompt per request.', 'prompt')
  if (prompt === '') throw badRequest('Ollama answers no empty prompt.', 'prompt')
  if (typeof prompt !== 'string')
    throw badRequest('Ollama takes the prompt as text, not as tokens.', 'prompt')
  if (input.echo === true) throw badRequest('Ollama does not give the prompt back.', 'echo')
  if (input.sampling.logitBias) dropped.add('logit_bias')
  const { known, options } = splitExtra(input, completionNames, dropped)
  const body = {
    model,
    prompt,
    stream,
    // Filling in goes by the model's own template, which `raw` would switch off.
    ...(input.suffix === undefined || input.suffix === '' ? { raw: true } : { suffix: input.suffix }),
    ...encodeTopLogprobs(input.topLogprobs),
    ...encodeOptionsMember(input, options),
    ...known,
  }
  return { body, dropped: [...dropped] }
}

/** The body of POST /api/embed. The inverse of `decodeEmbed`. */
export const encodeEmbed = (
  input: EmbedInput,
  { model }: Pick<EncodeRequestOptions, 'model'>,
): EncodedRequest => {
  const dropped = new Set<string>()
  if (input.inputs.some((text) => typeof text !== 'string'))
    throw badRequest('Ollama takes inputs as texts, not as tokens.', 'input')
  if (input.inputs.includes('')) throw badRequest('Ollama makes no vector of an empty text.', 'input')
  const { known, options } = splitExtra(input, embedNames, dropped)
  const body = {
    model,
    input: input.inputs,
    ...(input.dimensions !== undefined && { dimensions: input.dimensions }),
    ...(Object.keys(options).length > 0 && { options }),
    ...known,
  }
  return { body, dropped: [...dropped] }
}

const requireLimits = ({ choices, sampling }: ChatInput | CompleteInput): void => {
  // To Ollama, 0 is no limit.
  if (sampling.maxTokens !== undefined && sampling.maxTokens < 1)
    throw badRequest('The answer must be allowed at least one token.', 'max_tokens')
  if (choices !== undefined && choices !== 1)
    throw badRequest('Ollama gives one answer per request, so n must be 1.', 'n')
}

/** `tool_choice` as far as Ollama goes: it is never told to call, but what it may not call it is not shown. */
const chosenTools = ({ tools = [], toolChoice }: ChatInput, dropped: Set<string>): readonly Tool[] => {
  if (toolChoice === undefined || toolChoice === 'auto') return tools
  if (toolChoice === 'none') return []
  dropped.add('tool_choice')
  return toolChoice === 'required' ? tools : tools.filter(({ name }) => name === toolChoice.name)
}

const encodeTool = ({ strict, ...described }: Tool, dropped: Set<string>): object => {
  if (strict !== undefined) dropped.add('tools[].function.strict')
  return { type: 'function', function: described }
}

/** The name and the description of a schema are for other dialects; it is always followed strictly. */
const encodeFormat = (format: ResponseFormat | undefined): unknown => {
  if (format?.type === 'json') return 'json'
  if (format?.type !== 'json-schema') return undefined
  if (format.schema === true) return 'json'
  if (format.schema === false) throw badRequest('No answer fits a schema that is false.', 'response_format')
  return format.schema
}

const efforts: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
}

const encodeThink = (effort: string): boolean | string => {
  const think = Object.hasOwn(efforts, effort) ? efforts[effort] : undefined
  if (think === undefined)
    throw badRequest(
      `Ollama knows the efforts ${Object.keys(efforts).join(', ')}, not "${effort}".`,
      'reasoning_effort',
    )
  return think
}

const encodeTopLogprobs = (topLogprobs: number | undefined): Body =>
  topLogprobs === undefined ? {} : { logprobs: true, ...(topLogprobs > 0 && { top_logprobs: topLogprobs }) }

/** `extra` without the options, which are merged with the sampling; what Ollama does not know is dropped. */
const splitExtra = (
  { extra }: ChatInput | CompleteInput | EmbedInput,
  names: ReadonlySet<string>,
  dropped: Set<string>,
): { known: Body; options: Body } => {
  const { options, ...others } = extra
  const known = Object.entries(others).filter(([name]) => {
    if (!names.has(name)) dropped.add(name)
    return names.has(name)
  })
  if (options != null && !isRecord(options)) throw badRequest('options must be an object.', 'options')
  return { known: Object.fromEntries(known), options: options ?? {} }
}

const encodeOptionsMember = ({ sampling }: ChatInput | CompleteInput, rest: Body): Body => {
  const options = encodeOptions(sampling, rest)
  return Object.keys(options).length > 0 ? { options } : {}
}
