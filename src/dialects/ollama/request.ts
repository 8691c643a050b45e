import { McpdError } from '../../core/errors.ts'
import type { ChatInput, CompleteInput, EmbedInput, ResponseFormat, Tool } from '../../core/inference.ts'
import { decodeMessages } from './messages.ts'
import type { ChatBody, EmbedBody, EmbeddingsBody, GenerateBody } from './request-schemas.ts'
import { decodeImage } from './images.ts'
import { decodeOptions } from './sampling.ts'

/** A request body that the schema of its route has accepted. */
type Body = Readonly<Record<string, unknown>>

/** Members that are not the model's business: the route, the transport and mcpd itself read them. */
const envelope = ['model', 'stream', 'mcpd', 'options']
const answerNames = [...envelope, 'format', 'think', 'logprobs', 'top_logprobs']
const chatNames: ReadonlySet<string> = new Set([...answerNames, 'messages', 'tools'])
const promptNames: ReadonlySet<string> = new Set([...answerNames, 'prompt', 'system', 'images', 'raw'])
const rawNames: ReadonlySet<string> = new Set([
  ...envelope,
  'logprobs',
  'top_logprobs',
  'prompt',
  'suffix',
  'raw',
])
const embedNames: ReadonlySet<string> = new Set([...envelope, 'input', 'dimensions'])
const embeddingsNames: ReadonlySet<string> = new Set([...envelope, 'prompt'])

/** Streams are the rule in this dialect: only `false` asks for one answer. */
export const wantsStream = (body: Body): boolean => body['stream'] !== false

/**
 * Reads a chat request. Throws BAD_REQUEST, with the member at fault as `param`, for what a schema cannot say.
 * What has no name in ChatInput (keep_alive, options of how the model is run, unknown members) stays in `extra`.
 */
export const decodeChat = (body: Body): ChatInput => {
  const chat = body as ChatBody
  return {
    operation: 'chat',
    messages: decodeMessages(chat.messages ?? []),
    ...decodeAnswer(chat),
    ...(chat.tools && chat.tools.length > 0 && { tools: chat.tools.map(decodeTool) }),
    ...decodeExtra(body, chatNames),
  }
}

/**
 * Reads a generate request. Ollama puts the prompt into the model's chat template, so it is a chat of one message,
 * after one of `system`; with `raw` the model gets the prompt as it is, and with `suffix` it fills in before that:
 * these are completions.
 */
export const decodeGenerate = (body: Body): ChatInput | CompleteInput => {
  const generate = body as GenerateBody
  const { prompt, suffix, system, images } = generate
  if (generate.raw === true || suffix) return decodeCompletion(body)
  const parts = (images ?? []).map((image, index) => decodeImage(image, `images[${index}]`))
  const text = prompt ?? ''
  return {
    operation: 'chat',
    messages: [
      ...(system ? [{ role: 'system', content: system } as const] : []),
      { role: 'user', content: parts.length > 0 ? [{ type: 'text', text }, ...parts] : text },
    ],
    ...decodeAnswer(generate),
    ...decodeExtra(body, promptNames),
  }
}

const decodeCompletion = (body: Body): CompleteInput => {
  const generate = body as GenerateBody
  const logprobs = decodeTopLogprobs(generate)
  // Only Ollama takes pictures and forms without a template, yet what is none of either is nothing to anybody.
  generate.images?.forEach((image, index) => decodeImage(image, `images[${index}]`))
  decodeFormat(generate.format)
  return {
    operation: 'complete',
    prompts: [generate.prompt ?? ''],
    ...(generate.suffix && { suffix: generate.suffix }),
    ...(logprobs !== undefined && { topLogprobs: logprobs }),
    ...decodeExtra(body, rawNames),
  }
}

/** Reads a request for vectors. */
export const decodeEmbed = (body: Body): EmbedInput => {
  const { input, dimensions } = body as EmbedBody
  return {
    operation: 'embed',
    inputs: typeof input === 'string' ? (input === '' ? [] : [input]) : (input ?? []),
    ...(dimensions && { dimensions }),
    ...decodeEmbedExtra(body, embedNames),
  }
}

/** Reads a request for one vector, by the older route. */
export const decodeEmbeddings = (body: Body): EmbedInput => {
  const { prompt } = body as EmbeddingsBody
  return { operation: 'embed', inputs: prompt ? [prompt] : [], ...decodeEmbedExtra(body, embeddingsNames) }
}

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

/** What chats and prompts say of the answer they want. */
const decodeAnswer = (
  body: ChatBody | GenerateBody,
): Pick<ChatInput, 'responseFormat' | 'reasoningEffort' | 'topLogprobs'> => {
  const format = decodeFormat(body.format)
  const effort = decodeThink(body.think)
  const logprobs = decodeTopLogprobs(body)
  return {
    ...(format && { responseFormat: format }),
    ...(effort !== undefined && { reasoningEffort: effort }),
    ...(logprobs !== undefined && { topLogprobs: logprobs }),
  }
}

const decodeTopLogprobs = ({ logprobs, top_logprobs: top }: ChatBody | GenerateBody): number | undefined => {
  if (top && logprobs !== true) throw badRequest('top_logprobs needs logprobs to be true.', 'top_logprobs')
  return logprobs === true ? (top ?? 0) : undefined
}

const decodeFormat = (format: ChatBody['format']): ResponseFormat | undefined => {
  if (format == null || format === '') return undefined
  if (format === 'json') return { type: 'json' }
  if (typeof format === 'string')
    throw badRequest('format is "json" or a JSON Schema, as an object.', 'format')
  return { type: 'json-schema', name: 'response', schema: format }
}

/** Merely `true` is what other dialects call a medium effort. */
const decodeThink = (think: ChatBody['think']): string | undefined => {
  if (think == null || think === '') return undefined
  if (typeof think === 'string') return think
  return think ? 'medium' : 'none'
}

const decodeTool = ({ function: described }: NonNullable<ChatBody['tools']>[number]): Tool => ({
  name: described.name,
  ...(described.description != null && { description: described.description }),
  ...(described.parameters != null && { parameters: described.parameters as Record<string, unknown> }),
})

/** `sampling` from the options, and in `extra` their rest and the members that are not among `names`. */
const decodeExtra = (body: Body, names: ReadonlySet<string>): Pick<ChatInput, 'sampling' | 'extra'> => {
  const { sampling, rest } = decodeOptions(body['options'] as Body | null | undefined)
  const others = Object.entries(body).filter(([name, value]) => value != null && !names.has(name))
  return {
    sampling,
    extra: { ...Object.fromEntries(others), ...(Object.keys(rest).length > 0 && { options: rest }) },
  }
}

/** Vectors are not sampled, so all options are extra. */
const decodeEmbedExtra = (body: Body, names: ReadonlySet<string>): Pick<EmbedInput, 'extra'> => {
  const { extra } = decodeExtra(body, names)
  return { extra: { ...extra, ...(body['options'] != null && { options: body['options'] }) } }
}
