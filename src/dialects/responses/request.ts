import { McpdError } from '../../core/errors.ts'
import type { ChatInput, ResponseFormat, Tool } from '../../core/inference.ts'
import { decodeSampling } from '../openai/request.ts'
import { decodeItems } from './items.ts'
import type { ItemBody } from './item-schemas.ts'
import { type FormatBody, refusedMembers, type ResponseBody } from './request-schemas.ts'

type Body = Readonly<Record<string, unknown>>

/** What a request asks for, apart from where it goes on. */
export interface DecodedRequest {
  /** Its messages are what is new; instructions are not among them. */
  readonly input: ChatInput
  /** A system message to put before the conversation, for this answer alone. */
  readonly instructions?: string
  /** What was asked for and cannot be had, in words for the client. */
  readonly warnings: readonly string[]
}

/** Members with a meaning here; the rest goes on to backends of OpenAI's dialect as it came. */
const names: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'previous_response_id',
  'conversation',
  'store',
  'stream',
  'stream_options',
  'background',
  'truncation',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'top_k',
  'min_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'repeat_penalty',
  'logit_bias',
  'text',
  'reasoning',
  'include',
  'metadata',
  'mcpd',
])

const logprobsIncluded = 'message.output_text.logprobs'

/**
 * Reads a request that its schema has accepted and whose item_references have been replaced. Throws BAD_REQUEST,
 * with the member at fault as `param`, for what mcpd or a chat backend cannot do.
 */
export const decodeRequest = (body: Body): DecodedRequest => {
  const request = body as ResponseBody
  refuse(body)
  const tools = decodeTools(request.tools ?? [])
  const format = decodeFormat(request.text?.format)
  const { effort, summary } = request.reasoning ?? {}
  const include = request.include ?? []
  const verbosity = request.text?.verbosity
  const maxTokens = request.max_output_tokens
  return {
    input: {
      operation: 'chat',
      messages: decodeItems(inputItems(request.input)),
      sampling: {
        ...decodeSampling(request),
        ...(maxTokens != null && { maxTokens }),
      },
      ...decodeChoice(request.tool_choice, tools),
      ...(request.parallel_tool_calls != null && { parallelToolCalls: request.parallel_tool_calls }),
      ...(format && { responseFormat: format }),
      ...(effort != null && { reasoningEffort: effort }),
      ...((include.includes(logprobsIncluded) || request.top_logprobs) && {
        topLogprobs: request.top_logprobs ?? 0,
      }),
      extra: {
        ...Object.fromEntries(
          Object.entries(body).filter(([name, value]) => value != null && !names.has(name)),
        ),
        ...(verbosity != null && { verbosity }),
      },
    },
    ...(request.instructions != null && { instructions: request.instructions }),
    warnings: [
      ...include.filter((each) => each !== logprobsIncluded).map((each) => `include "${each}" has no effect`),
      ...(summary != null ? ['reasoning.summary has no effect: reasoning is given as it comes'] : []),
    ],
  }
}

/** The items of an input; a text is a message of the user. */
export const inputItems = (input: ResponseBody['input']): readonly ItemBody[] => {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return input ?? []
}

const refuse = (body: Body): void => {
  if (body['background'] === true)
    throw badRequest(
      'Responses are not made in the background; leave "background" out and stream, or wait for the answer.',
      'background',
    )
  for (const [name, why] of Object.entries(refusedMembers))
    if (body[name] != null) throw badRequest(why, name)
}

const decodeTools = (tools: NonNullable<ResponseBody['tools']>): Tool[] =>
  tools.map(({ type, name, description, parameters, strict }, index) => {
    if (type !== 'function')
      throw badRequest(
        `Tools of type "${type}" run at OpenAI, not here; offer functions and run them yourself.`,
        `tools[${index}].type`,
      )
    if (!name) throw badRequest('A function needs a name.', `tools[${index}].name`)
    return {
      name,
      ...(description != null && { description }),
      ...(parameters != null && { parameters: parameters as Record<string, unknown> }),
      ...(strict != null && { strict }),
    }
  })

/** `allowed_tools` leaves the other tools out, which is what it asks for. */
const decodeChoice = (
  choice: ResponseBody['tool_choice'],
  tools: readonly Tool[],
): Pick<ChatInput, 'tools' | 'toolChoice'> => {
  const offered = tools.length > 0 ? { tools } : {}
  if (choice == null) return offered
  if (typeof choice === 'string') return { ...offered, toolChoice: choice }
  if (choice.type === 'function' && choice.name) return { ...offered, toolChoice: { name: choice.name } }
  if (choice.type !== 'allowed_tools')
    throw badRequest(`tool_choice of type "${choice.type}" is not understood here.`, 'tool_choice.type')
  const allowed = new Set(choice.tools?.map(({ name }) => name))
  const left = tools.filter(({ name }) => allowed.has(name))
  if (left.length === 0 && choice.mode === 'required')
    throw badRequest('tool_choice allows none of the tools.', 'tool_choice.tools')
  if (left.length === 0) return {}
  return { tools: left, toolChoice: choice.mode ?? 'auto' }
}

const decodeFormat = (format: FormatBody | null | undefined): ResponseFormat | undefined => {
  if (format == null) return undefined
  const { type, name, description, schema, strict } = format
  switch (type) {
    case 'text':
      return { type: 'text' }
    case 'json_object':
      return { type: 'json' }
    case 'json_schema':
      if (schema == null) throw badRequest('A json_schema needs schema.', 'text.format.schema')
      return {
        type: 'json-schema',
        name: name ?? 'response',
        ...(description != null && { description }),
        schema: schema as Record<string, unknown>,
        ...(strict != null && { strict }),
      }
    default:
      throw badRequest(`text.format of type "${type}" is not understood here.`, 'text.format.type')
  }
}

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })
