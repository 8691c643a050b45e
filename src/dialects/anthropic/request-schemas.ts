import type { Static, TObject } from 'typebox'
import { Type } from '../../core/schema.ts'
import { mcpdMember } from '../../core/context-use.ts'
import { among, exactly, narrowed, otherThan } from '../exact.ts'
import { optional } from '../nullable.ts'

/**
 * The request bodies of Anthropic's Messages API as mcpd takes them: known members are checked, never converted;
 * unknown ones are let through. The same objects validate the routes and are published in /openapi.json; what only the
 * published form says (see exact.ts), `decodeChat` refuses.
 */

const text = (description: string) => optional(Type.String({ description }))
const flag = (description: string) => optional(Type.Boolean({ description }))
const object = (description: string) => optional(Type.Object({}, { description }))

/** Absurd numbers end here, not in a backend. */
const tokensMax = 2 ** 31 - 1
const stopsMax = 64

const source = Type.Object(
  {
    type: Type.String({ description: 'base64, url, file, text or content.' }),
    media_type: text('Such as image/png.'),
    data: text('base64, or a text.'),
    url: text('Of the image or document.'),
  },
  { description: 'Where an image or a document comes from.' },
)

/** Blocks told apart by their type, where only texts need something. */
const withText = <T extends TObject>(schema: T): T =>
  exactly(schema, { anyOf: [textOf(schema), narrowed(schema, { properties: { type: otherThan('text') } })] })

const textOf = (schema: TObject): object =>
  narrowed(schema, { properties: { type: among('text') }, required: ['text'] })

/** A block inside the result of a tool. */
const openInnerBlock = Type.Object(
  {
    type: Type.String({ description: 'text, image, document, or what else the backend knows.' }),
    text: Type.Optional(Type.String()),
    source: optional(source),
  },
  { description: 'A part of a result.' },
)
const innerBlock = withText(openInnerBlock)

/** One block instead of a list. */
const openBareBlock = Type.Object({ text: Type.Optional(Type.String()) })
const bareBlock = exactly(openBareBlock, {
  anyOf: [
    narrowed(openBareBlock, { properties: { type: among('text') }, required: ['type', 'text'] }),
    narrowed(openBareBlock, { properties: { type: { not: { const: 'text' } } } }),
  ],
})

const openBlock = Type.Object(
  {
    type: Type.String({
      description:
        'text, image, document, thinking, redacted_thinking, tool_use, tool_result, or what else the backend knows.',
    }),
    text: Type.Optional(Type.String()),
    source: optional(source),
    id: text('Of a tool_use: names the call in the block that answers it.'),
    name: text('Of a tool_use: the tool.'),
    input: object('Of a tool_use: its arguments.'),
    tool_use_id: text('Of a tool_result: the call it answers.'),
    content: Type.Optional(
      Type.Union([Type.String(), Type.Array(openInnerBlock), openBareBlock, Type.Null()], {
        description: 'Of a result: what came out.',
      }),
    ),
    is_error: flag('Of a tool_result: whether the tool failed.'),
    thinking: Type.Optional(Type.String({ description: 'What the model thought.' })),
    signature: text('By which the API knows its own thinking again.'),
    cache_control: object('Where a prompt cache may end.'),
  },
  { description: 'A part of a message.' },
)

/** Of the system prompt and of assistants. */
const block = withText(openBlock)

/** Of users, who also say what came out of tools. */
const userBlock = exactly(openBlock, {
  anyOf: [
    textOf(openBlock),
    narrowed(openBlock, {
      properties: {
        type: among('tool_result'),
        tool_use_id: Type.String(),
        content: Type.Union([Type.String(), Type.Array(innerBlock), bareBlock, Type.Null()]),
      },
      required: ['tool_use_id'],
    }),
    narrowed(openBlock, { properties: { type: otherThan('text', 'tool_result') } }),
  ],
})

const openMessage = Type.Object(
  {
    role: Type.Enum(['user', 'assistant', 'system']),
    content: Type.Union([Type.String(), Type.Array(openBlock)]),
  },
  { description: 'A message of the conversation.' },
)
const message = exactly(openMessage, {
  anyOf: [
    narrowed(openMessage, {
      properties: {
        role: among('user', 'system'),
        content: Type.Union([Type.String(), Type.Array(userBlock)]),
      },
    }),
    narrowed(openMessage, {
      properties: { role: among('assistant'), content: Type.Union([Type.String(), Type.Array(block)]) },
    }),
  ],
})

const openTool = Type.Object(
  {
    type: text('custom, or a tool that only the backend knows, such as web_search_20250305.'),
    name: text('How the model calls it.'),
    description: text('What it does, for the model.'),
    input_schema: object('JSON Schema of the arguments.'),
    strict: flag('Whether the arguments must follow the schema exactly.'),
    cache_control: object('Where a prompt cache may end.'),
  },
  { description: 'A tool that the model may call.' },
)
const tool = exactly(openTool, {
  anyOf: [
    narrowed(openTool, {
      properties: { type: { enum: ['custom', null] }, name: Type.String({ minLength: 1 }) },
      required: ['name'],
    }),
    narrowed(openTool, { properties: { type: otherThan('custom') }, required: ['type'] }),
  ],
})

const openToolChoice = Type.Object(
  {
    type: Type.String({ description: 'auto, any, tool or none.' }),
    name: text('With tool: which one.'),
    disable_parallel_tool_use: flag('Whether at most one tool may be called at once.'),
  },
  { description: 'Whether the model may, must or must not call tools, or which one.' },
)
const toolChoice = exactly(openToolChoice, {
  anyOf: [
    narrowed(openToolChoice, { properties: { type: among('auto', 'any', 'none') } }),
    narrowed(openToolChoice, {
      properties: { type: among('tool'), name: Type.String() },
      required: ['name'],
    }),
  ],
})

const thinking = Type.Object(
  {
    type: Type.String({ description: 'enabled, disabled or adaptive.' }),
    budget_tokens: optional(Type.Integer({ minimum: 0, maximum: tokensMax, description: 'With enabled.' })),
  },
  { description: 'Whether the model thinks before it answers.' },
)

const openFormat = Type.Object(
  { type: Type.String({ description: 'json_schema' }), schema: object('A JSON Schema.') },
  { description: 'The form of the answer.' },
)

const effort = text('low, medium, high, or what else the backend knows.')
const openOutputConfig = Type.Object(
  { effort, format: optional(openFormat) },
  { description: 'How to answer.' },
)
const outputConfig = Type.Object(
  {
    effort,
    format: optional(
      exactly(openFormat, narrowed(openFormat, { properties: { type: among('json_schema') } })),
    ),
  },
  { description: 'How to answer.' },
)

const conversation = {
  model: Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to answer.' }),
  messages: Type.Array(message, { minItems: 1, description: 'The conversation so far.' }),
  system: Type.Optional(
    Type.Union([Type.String(), Type.Array(block), Type.Null()], { description: 'What goes before it.' }),
  ),
  tools: optional(Type.Array(tool)),
  tool_choice: optional(toolChoice),
  thinking: optional(thinking),
  output_config: optional(outputConfig),
}

export const MessagesRequest = Type.Object(
  {
    ...conversation,
    max_tokens: Type.Integer({ minimum: 0, maximum: tokensMax, description: 'Most tokens of output.' }),
    stream: flag('Whether to answer with an event stream.'),
    stop_sequences: optional(
      Type.Array(Type.String(), { maxItems: stopsMax, description: 'Texts that end the output.' }),
    ),
    temperature: optional(Type.Number({ minimum: 0, maximum: 2, description: 'Sampling temperature.' })),
    top_p: optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'The probability mass to sample from.' }),
    ),
    top_k: optional(Type.Integer({ minimum: -1, maximum: tokensMax, description: 'Tokens to sample from.' })),
    metadata: object('Who the request is for; backends may use it.'),
    mcpd: mcpdMember,
  },
  { $id: 'MessagesRequest', description: 'A conversation to continue.' },
)

/** Counting reads only what is said. */
export const CountTokensRequest = Type.Object(
  {
    ...conversation,
    tools: optional(Type.Array(openTool)),
    tool_choice: optional(openToolChoice),
    output_config: optional(openOutputConfig),
  },
  { $id: 'CountTokensRequest', description: 'A conversation whose tokens are to be counted.' },
)

export type MessagesBody = Static<typeof MessagesRequest>
export type CountTokensBody = Static<typeof CountTokensRequest>
export type MessageBody = Static<typeof openMessage>
export type BlockBody = Static<typeof openBlock>
export type InnerBlockBody = Static<typeof openInnerBlock>
export type SourceBody = Static<typeof source>
