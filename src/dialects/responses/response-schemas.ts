import type { Static, TObject, TSchema } from 'typebox'
import { Type } from '../../core/schema.ts'
import { nullable } from '../nullable.ts'

/** What mcpd answers on OpenAI's Responses and Conversations. It writes all of it itself, so nothing is left open. */

const id = Type.String({ minLength: 1 })
const count = Type.Integer({ minimum: 0 })
const seconds = Type.Integer({ description: 'Unix seconds.' })
const anyObject = Type.Object({})

const logprob = {
  token: Type.String(),
  logprob: Type.Number(),
  bytes: Type.Array(Type.Integer({ minimum: 0, maximum: 255 })),
}
const logprobs = Type.Array(Type.Object({ ...logprob, top_logprobs: Type.Array(Type.Object(logprob)) }))

const outputText = Type.Object({
  type: Type.Literal('output_text'),
  text: Type.String(),
  annotations: Type.Array(anyObject, { description: 'Always empty.' }),
  logprobs,
})
const reasoningText = Type.Object({ type: Type.Literal('reasoning_text'), text: Type.String() })
const summaryText = Type.Object({ type: Type.Literal('summary_text'), text: Type.String() })
const inputPart = Type.Union([
  Type.Object({ type: Type.Literal('input_text'), text: Type.String() }),
  Type.Object({ type: Type.Literal('input_image'), image_url: Type.String(), detail: Type.String() }),
  Type.Object({
    type: Type.Literal('input_file'),
    file_data: Type.String(),
    filename: Type.Optional(Type.String()),
  }),
  Type.Object({
    type: Type.Literal('input_audio'),
    input_audio: Type.Object({ data: Type.String(), format: Type.String() }),
  }),
])

const status = Type.Enum(['in_progress', 'completed', 'incomplete'])

const outputMessage = Type.Object({
  type: Type.Literal('message'),
  id,
  status,
  role: Type.Literal('assistant'),
  content: Type.Array(outputText),
})
const inputMessage = Type.Object({
  type: Type.Literal('message'),
  id,
  status,
  role: Type.Enum(['user', 'system', 'developer']),
  content: Type.Array(inputPart),
})
const reasoning = Type.Object({
  type: Type.Literal('reasoning'),
  id,
  status,
  summary: Type.Array(summaryText, { description: 'Always empty: reasoning is given as it comes.' }),
  content: Type.Array(reasoningText),
})
const functionCall = Type.Object({
  type: Type.Literal('function_call'),
  id,
  status,
  call_id: Type.String({ description: 'Names the call in the item that answers it.' }),
  name: Type.String(),
  arguments: Type.String({ description: 'JSON text, as the model wrote it.' }),
})
const functionCallOutput = Type.Object({
  type: Type.Literal('function_call_output'),
  id,
  status,
  call_id: Type.String(),
  output: Type.Union([Type.String(), Type.Array(inputPart)]),
})

const outputItem = Type.Union([reasoning, outputMessage, functionCall])
const conversationItem = Type.Union([
  inputMessage,
  outputMessage,
  reasoning,
  functionCall,
  functionCallOutput,
])

const usage = Type.Object(
  {
    input_tokens: count,
    input_tokens_details: Type.Object({
      cached_tokens: count,
      cache_write_tokens: Type.Literal(0, { description: 'No backend tells.' }),
    }),
    output_tokens: count,
    output_tokens_details: Type.Object({ reasoning_tokens: count }),
    total_tokens: count,
  },
  { description: 'Tokens as the backend counted them.' },
)

const metadata = Type.Record(Type.String(), Type.String())

/** What of a request its response says again. */
const settings = {
  background: Type.Literal(false),
  conversation: nullable(Type.Object({ id })),
  instructions: nullable(Type.String()),
  max_output_tokens: nullable(Type.Integer()),
  metadata,
  parallel_tool_calls: Type.Boolean(),
  previous_response_id: nullable(Type.String()),
  reasoning: nullable(anyObject),
  store: Type.Boolean(),
  temperature: nullable(Type.Number()),
  text: anyObject,
  tool_choice: Type.Union([Type.String(), anyObject]),
  tools: Type.Array(anyObject),
  top_p: nullable(Type.Number()),
  truncation: Type.Enum(['auto', 'disabled']),
}

const response = Type.Object({
  id,
  object: Type.Literal('response'),
  created_at: seconds,
  status: Type.Enum(['in_progress', 'completed', 'incomplete', 'failed']),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  incomplete_details: nullable(Type.Object({ reason: Type.String() })),
  model: Type.String({ description: "The backend's own name of it." }),
  output: Type.Array(outputItem),
  usage: nullable(usage),
  ...settings,
})

export const ResponseObject = Type.Object(response.properties, {
  $id: 'ResponseObject',
  description: 'An answer, and what it was asked for.',
})

const event = <Name extends string, T extends Record<string, TSchema>>(type: Name, members: T) =>
  Type.Object({ type: Type.Literal(type), sequence_number: count, ...members })
const lifecycle = <Name extends string>(type: Name) => event(type, { response })

const place = { item_id: id, output_index: count }
const placeInItem = { ...place, content_index: count }
const anyPart = Type.Union([outputText, reasoningText])

export const ResponseStreamEvent = Type.Union(
  [
    lifecycle('response.created'),
    lifecycle('response.in_progress'),
    event('response.output_item.added', { output_index: count, item: outputItem }),
    event('response.content_part.added', { ...placeInItem, part: anyPart }),
    event('response.output_text.delta', { ...placeInItem, delta: Type.String(), logprobs }),
    event('response.output_text.done', { ...placeInItem, text: Type.String(), logprobs }),
    event('response.reasoning_text.delta', { ...placeInItem, delta: Type.String() }),
    event('response.reasoning_text.done', { ...placeInItem, text: Type.String() }),
    event('response.content_part.done', { ...placeInItem, part: anyPart }),
    event('response.function_call_arguments.delta', { ...place, delta: Type.String() }),
    event('response.function_call_arguments.done', {
      ...place,
      name: Type.String(),
      arguments: Type.String(),
    }),
    event('response.output_item.done', { output_index: count, item: outputItem }),
    lifecycle('response.completed'),
    lifecycle('response.incomplete'),
    lifecycle('response.failed'),
  ],
  { $id: 'ResponseStreamEvent', description: 'One event of a streamed answer, numbered from 0.' },
)

export const ConversationItem = Type.Union(conversationItem.anyOf, {
  $id: 'ConversationItem',
  description: 'A message, reasoning, a function call or its output.',
})

export const ConversationItemList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(conversationItem),
    first_id: nullable(Type.String()),
    last_id: nullable(Type.String()),
    has_more: Type.Boolean(),
  },
  { $id: 'ConversationItemList', description: 'Some of the items, in the order asked for.' },
)

export const Conversation = Type.Object(
  { id, object: Type.Literal('conversation'), created_at: seconds, metadata: anyObject },
  { $id: 'Conversation', description: 'A conversation, without its items.' },
)

const deleted = <Name extends string>(object: Name) => ({
  id,
  object: Type.Literal(object),
  deleted: Type.Literal(true),
})

export const ResponseDeleted = Type.Object(deleted('response'), {
  $id: 'ResponseDeleted',
  description: 'The response is gone.',
})
export const ConversationDeleted = Type.Object(deleted('conversation.deleted'), {
  $id: 'ConversationDeleted',
  description: 'The conversation is gone, with all its items.',
})

export type ResponseBody = Static<typeof response>
export type ResponseSettings = Static<TObject<typeof settings>>
export type OutputItem = Static<typeof outputItem>
export type ItemStatus = Static<typeof status>
export type AnyItem = Static<typeof conversationItem>
export type InputPart = Static<typeof inputPart>
export type Logprobs = Static<typeof logprobs>
