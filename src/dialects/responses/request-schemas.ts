import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { mcpdMember } from '../../core/context-use.ts'
import { among, exactly, narrowed } from '../exact.ts'
import { optional } from '../nullable.ts'
import { chatMembers } from '../openai/request-schemas.ts'
import { item, items, itemsMax } from './item-schemas.ts'

/**
 * The request bodies of OpenAI's Responses and Conversations as mcpd takes them: known members are checked, never
 * converted; unknown ones are let through. An optional member that is null counts as absent. What only the published
 * form says (see exact.ts), `decodeRequest` refuses.
 */

const text = (description: string) => optional(Type.String({ description }))
const flag = (description: string) => optional(Type.Boolean({ description }))
const object = (description: string) => optional(Type.Object({}, { description }))

/** Members of services that mcpd does not have, and of the chat API, whose loss would change the answer. */
export const refusedMembers: Readonly<Record<string, string>> = {
  prompt: 'Prompt templates are kept by OpenAI; send instructions and input instead.',
  context_management: 'Compaction by the server is not offered here; truncation "auto" leaves out old turns.',
  moderation: 'mcpd does not moderate.',
  max_tokens: 'It is called max_output_tokens here.',
  max_completion_tokens: 'It is called max_output_tokens here.',
  messages: 'They are called input here.',
}

/** As OpenAI bounds it. */
const metadata = optional(
  Type.Record(Type.String(), Type.String({ maxLength: 512 }), {
    maxProperties: 16,
    propertyNames: { maxLength: 64 },
    description: "The client's own: at most 16 texts.",
  }),
)

const openTool = Type.Object(
  {
    type: Type.String({ description: 'function; nothing else is understood here.' }),
    name: Type.Optional(Type.String()),
    description: text('What it does, for the model.'),
    parameters: object('JSON Schema of the arguments.'),
    strict: flag('Whether the arguments must follow the schema exactly.'),
  },
  { description: 'A function that the model may call.' },
)
const tool = exactly(
  openTool,
  narrowed(openTool, {
    properties: { type: among('function'), name: Type.String({ minLength: 1 }) },
    required: ['name'],
  }),
)

const openChoice = Type.Object({
  type: Type.String({ description: 'function or allowed_tools.' }),
  name: Type.Optional(Type.String()),
  mode: Type.Optional(Type.Enum(['auto', 'required'])),
  tools: Type.Optional(Type.Array(Type.Object({ type: Type.String(), name: Type.Optional(Type.String()) }))),
})

const toolChoice = Type.Union(
  [
    Type.Enum(['none', 'auto', 'required']),
    exactly(openChoice, {
      anyOf: [
        narrowed(openChoice, {
          properties: { type: among('function'), name: Type.String({ minLength: 1 }) },
          required: ['name'],
        }),
        narrowed(openChoice, { properties: { type: among('allowed_tools') }, required: ['tools'] }),
      ],
    }),
    Type.Null(),
  ],
  { description: 'Whether the model may, must or must not call functions, or which.' },
)

const openFormat = Type.Object(
  {
    type: Type.String({ description: 'text, json_object or json_schema.' }),
    name: text('Of the schema.'),
    description: text('What the answer is for, for the model.'),
    schema: object('JSON Schema of the answer.'),
    strict: flag('Whether the answer must follow the schema exactly.'),
  },
  { description: 'The form of the answer.' },
)
const format = exactly(openFormat, {
  anyOf: [
    narrowed(openFormat, { properties: { type: among('text', 'json_object') } }),
    narrowed(openFormat, {
      properties: { type: among('json_schema'), schema: Type.Object({}) },
      required: ['schema'],
    }),
  ],
})

const {
  temperature,
  top_p,
  top_k,
  min_p,
  stop,
  seed,
  presence_penalty,
  frequency_penalty,
  repetition_penalty,
  repeat_penalty,
  logit_bias,
  top_logprobs,
  parallel_tool_calls,
  user,
} = chatMembers

/** Sampling that OpenAI has no member for here, and open servers take. */
const beside = {
  top_k,
  min_p,
  stop,
  seed,
  presence_penalty,
  frequency_penalty,
  repetition_penalty,
  repeat_penalty,
  logit_bias,
}

const openResponseRequest = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to answer.' }),
    input: Type.Optional(
      Type.Union([Type.String(), items], { description: 'What is new: a text of the user, or items.' }),
    ),
    instructions: text('System message of this answer alone; the next one does not inherit it.'),
    previous_response_id: text('The stored response to go on from; any, not only the last.'),
    conversation: Type.Optional(
      Type.Union([Type.String(), Type.Object({ id: Type.String() }), Type.Null()], {
        description: 'The conversation to go on with; not together with previous_response_id.',
      }),
    ),
    store: flag('Whether to keep input and answer, for later requests. Default true.'),
    stream: flag('Whether to answer with an event stream.'),
    stream_options: object('include_obfuscation is taken and has no effect: mcpd pads nothing.'),
    background: flag('Refused when true.'),
    truncation: Type.Optional(
      Type.Union([Type.Enum(['auto', 'disabled']), Type.Null()], {
        description: "auto leaves out older turns where they do not fit into the model's window.",
      }),
    ),
    tools: optional(Type.Array(tool)),
    tool_choice: Type.Optional(toolChoice),
    parallel_tool_calls,
    max_tool_calls: optional(
      Type.Integer({ description: 'Counts tools of OpenAI, of which there are none.' }),
    ),
    max_output_tokens: optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'Most tokens of output.' }),
    ),
    temperature,
    top_p,
    top_logprobs,
    ...beside,
    text: optional(
      Type.Object(
        { format: optional(format), verbosity: text('low, medium or high.') },
        {
          description: 'The form of the answer.',
        },
      ),
    ),
    reasoning: optional(
      Type.Object({
        effort: text('none, minimal, low, medium, high, or what else the backend knows.'),
        summary: text('No summaries are made; reasoning is given as it comes.'),
      }),
    ),
    include: optional(
      Type.Array(Type.String(), {
        maxItems: 64,
        description: 'message.output_text.logprobs is understood; the others are named in a warning.',
      }),
    ),
    metadata,
    user,
    mcpd: mcpdMember,
  },
  { $id: 'ResponseRequest', description: 'What to answer to, and from where to go on.' },
)

const absent = { type: 'null' }
const nowhere = { previous_response_id: absent, conversation: absent, mcpd: { maxProperties: 0 } }

export const ResponseRequest = exactly(openResponseRequest, {
  ...narrowed(openResponseRequest, {
    properties: {
      background: { enum: [false, null], description: 'Nothing is made in the background.' },
      ...Object.fromEntries(
        Object.entries(refusedMembers).map(([name, description]) => [name, { ...absent, description }]),
      ),
    },
  }),
  anyOf: [
    { properties: { ...nowhere, input: { minItems: 1 } }, required: ['input'] },
    {
      properties: { ...nowhere, previous_response_id: { type: 'string' } },
      required: ['previous_response_id'],
    },
    { properties: { ...nowhere, conversation: { type: ['string', 'object'] } }, required: ['conversation'] },
    { properties: { ...nowhere, mcpd: { required: ['context'] } }, required: ['mcpd'] },
  ],
})

/** OpenAI takes 20 items at a time; so many more cost nothing here. */
export const ConversationRequest = Type.Object(
  { items: optional(items), metadata },
  { $id: 'ConversationRequest', description: 'A conversation to begin.' },
)

export const ConversationUpdate = Type.Object(
  { metadata: Type.Optional(metadata) },
  { $id: 'ConversationUpdate', description: 'Metadata in place of the old.' },
)

export const ConversationItems = Type.Object(
  { items: Type.Array(item, { minItems: 1, maxItems: itemsMax }) },
  { $id: 'ConversationItems', description: 'Items to put behind the last.' },
)

export type ResponseBody = Static<typeof ResponseRequest>
export type FormatBody = Static<typeof openFormat>
