import type { Static, TObject } from 'typebox'
import { Type } from '../../core/schema.ts'
import { mcpdMember } from '../../core/context-use.ts'
import { among, exactly, narrowed, otherThan } from '../exact.ts'
import { optional } from '../nullable.ts'

/**
 * The request bodies of the OpenAI API as mcpd takes them: known members are checked, never converted; unknown
 * ones are let through. An optional member that is null counts as absent. The same objects validate the routes
 * and are published in /openapi.json, so each is complete in itself and has an `$id`. What only the published form
 * says (see exact.ts), `decodeChat` and its like refuse.
 */

const text = (description: string) => optional(Type.String({ description }))
const flag = (description: string) => optional(Type.Boolean({ description }))
const number = (description: string, minimum: number, maximum: number) =>
  optional(Type.Number({ minimum, maximum, description }))
const integer = (description: string, minimum: number, maximum: number) =>
  optional(Type.Integer({ minimum, maximum, description }))
const object = (description: string) => optional(Type.Object({}, { description }))

/** The most choices, tokens and stop texts a request may name: absurd numbers end here, not in a backend. */
const choicesMax = 128
const tokensMax = 2 ** 31 - 1
const stopsMax = 64
const seedMax = 2 ** 63
/** Longer than the vectors of any model, and short enough for an answer of several to be read. */
export const dimensionsMax = 65_536

const tokens = (description: string) =>
  integer(`${description} -1 is no limit, to llama.cpp and LM Studio.`, -1, tokensMax)

const samplingMembers = {
  temperature: number('Sampling temperature.', 0, 2),
  top_p: number('Nucleus sampling: the probability mass to sample from.', 0, 1),
  top_k: integer('Tokens to sample from; no OpenAI member, most open servers take it.', -1, tokensMax),
  min_p: number('Least probability relative to the best token; no OpenAI member.', 0, 1),
  max_tokens: tokens('Most tokens of output.'),
  stop: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: stopsMax }), Type.Null()], {
      description: 'Texts that end the output.',
    }),
  ),
  seed: integer('Seed of the sampling, where the backend has one.', -seedMax, seedMax),
  presence_penalty: number('Penalty for tokens that are there already.', -2, 2),
  frequency_penalty: number('Penalty that grows with how often a token is there.', -2, 2),
  repetition_penalty: number('Multiplicative penalty; 1 is none. No OpenAI member.', 0, 100),
  repeat_penalty: number('repetition_penalty as llama.cpp spells it.', 0, 100),
  logit_bias: optional(
    Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }), {
      description: 'Bias by token id.',
    }),
  ),
  n: integer('How many answers.', 1, choicesMax),
  stream: flag('Whether to answer with an event stream.'),
  stream_options: optional(
    Type.Object(
      { include_usage: flag('Whether to send one more chunk with the usage before the end.') },
      { description: 'Only with stream.' },
    ),
  ),
  user: text('Who the request is for; backends may use it.'),
}

/** The member `mcpd` of what is no chat: a context is a conversation, so there is none to go on with. */
export const mcpdWithoutContext = Type.Optional(
  exactly(mcpdMember, { type: 'object', additionalProperties: false }),
)

const openPart = Type.Object(
  {
    type: Type.String({ description: 'text, image_url, input_audio, or what else the backend knows.' }),
    text: Type.Optional(Type.String()),
    image_url: Type.Optional(
      Type.Union([Type.Object({ url: Type.String(), detail: text('low, high or auto.') }), Type.String()]),
    ),
    input_audio: Type.Optional(Type.Object({ data: Type.String(), format: Type.String() })),
  },
  { description: 'A part of a message.' },
)

const part = exactly(openPart, {
  anyOf: [
    ...(['text', 'image_url', 'input_audio'] as const).map((type) =>
      narrowed(openPart, { properties: { type: among(type) }, required: [type] }),
    ),
    narrowed(openPart, { properties: { type: otherThan('text', 'image_url', 'input_audio') } }),
  ],
})

const openToolCall = Type.Object(
  {
    id: text('Names the call in the message that answers it.'),
    type: text('function'),
    function: Type.Optional(
      Type.Object({
        name: Type.String(),
        arguments: Type.String({ description: 'JSON text, as the model wrote it.' }),
      }),
    ),
  },
  { description: 'A call of a tool that the model asked for.' },
)
const toolCall = exactly(openToolCall, narrowed(openToolCall, { required: ['function'] }))

const openMessage = Type.Object(
  {
    role: Type.Enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: Type.Optional(Type.Union([Type.String(), Type.Array(part), Type.Null()])),
    name: text('Tells participants of the same role apart.'),
    tool_calls: optional(Type.Array(toolCall)),
    tool_call_id: text('On a tool message: the call it answers.'),
    reasoning_content: text('What the model thought before it answered.'),
    reasoning: text('reasoning_content as Ollama and newer vLLM spell it.'),
  },
  { description: 'A message of the conversation.' },
)

/** An assistant may have said nothing but calls. */
const message = exactly(openMessage, {
  anyOf: [
    narrowed(openMessage, {
      properties: {
        role: among('system', 'developer', 'user', 'tool'),
        content: Type.Union([Type.String(), Type.Array(part)]),
      },
      required: ['content'],
    }),
    narrowed(openMessage, { properties: { role: among('assistant') } }),
  ],
})

const openTool = Type.Object(
  {
    type: Type.String({ description: 'function, or a kind of tool that only the backend knows.' }),
    function: Type.Optional(
      Type.Object({
        name: Type.String({ minLength: 1 }),
        description: text('What it does, for the model.'),
        parameters: object('JSON Schema of the arguments.'),
        strict: flag('Whether the arguments must follow the schema exactly.'),
      }),
    ),
  },
  { description: 'A tool that the model may call.' },
)

const tool = exactly(openTool, {
  anyOf: [
    narrowed(openTool, { properties: { type: among('function') }, required: ['function'] }),
    narrowed(openTool, { properties: { type: otherThan('function') } }),
  ],
})

/** The members of a chat request but for `model`. The native surface takes these too. */
export const chatMembers = {
  messages: Type.Array(message, { minItems: 1, description: 'The conversation so far.' }),
  ...samplingMembers,
  max_completion_tokens: tokens('Most tokens of output, reasoning included; goes before max_tokens.'),
  logprobs: flag('Whether to give the log probability of each token.'),
  top_logprobs: integer('Alternatives per token; only with logprobs.', 0, 20),
  tools: optional(Type.Array(tool)),
  tool_choice: Type.Optional(
    Type.Union(
      [
        Type.Enum(['none', 'auto', 'required']),
        Type.Object({
          type: Type.String(),
          function: Type.Optional(Type.Object({ name: Type.String() })),
        }),
        Type.Null(),
      ],
      { description: 'Whether the model may, must or must not call tools, or which one.' },
    ),
  ),
  parallel_tool_calls: flag('Whether several tools may be called at once.'),
  response_format: optional(
    Type.Object(
      {
        type: Type.String({ description: 'text, json_object or json_schema.' }),
        json_schema: object('{name, schema, strict, description}.'),
      },
      { description: 'The form of the answer.' },
    ),
  ),
  reasoning_effort: text('none, minimal, low, medium, high, or what else the backend knows.'),
}

/** Beside the members of a request that has both. */
export const topLogprobsNeedLogprobs = {
  anyOf: [
    { properties: { top_logprobs: { enum: [0, null] } } },
    { properties: { logprobs: { const: true } }, required: ['logprobs'] },
  ],
}

const prompt = (description: string, minLength = 0) =>
  Type.Union(
    [
      Type.String({ minLength }),
      Type.Array(Type.String({ minLength }), { minItems: 1 }),
      Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
      Type.Array(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }), { minItems: 1 }),
    ],
    { description },
  )

/** The members of a completion request but for `model`. */
export const completionMembers = {
  prompt: prompt('One prompt or several, each a text or the ids of its tokens.'),
  ...samplingMembers,
  suffix: text('Text after the completion.'),
  echo: flag('Whether to give the prompt back before the completion.'),
  logprobs: integer('Log probabilities of each token with that many alternatives.', 0, 20),
}

/** The members of an embedding request but for `model`. */
export const embeddingMembers = {
  input: prompt('One input or several, each a text or the ids of its tokens.', 1),
  encoding_format: Type.Optional(
    Type.Union([Type.Enum(['float', 'base64']), Type.Null()], {
      description: 'base64 is of little-endian 32-bit floats.',
    }),
  ),
  dimensions: integer('Length of the vectors, where the model can be asked.', 1, dimensionsMax),
  user: text('Who the request is for; backends may use it.'),
}

const model = Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to answer.' })

const openChatRequest = Type.Object(
  { model, ...chatMembers, mcpd: mcpdMember },
  { $id: 'ChatRequest', description: 'A conversation to continue.' },
)

/** A conversation that is kept goes on with one answer. */
const contextHasOneAnswer = {
  anyOf: [
    { properties: { mcpd: { maxProperties: 0 } } },
    { properties: { n: { enum: [1, null] } }, required: ['mcpd'] },
  ],
}

export const ChatRequest = exactly(openChatRequest, {
  ...narrowed(openChatRequest),
  allOf: [topLogprobsNeedLogprobs, contextHasOneAnswer],
})
export const CompletionRequest = Type.Object(
  { model, ...completionMembers },
  { $id: 'CompletionRequest', description: 'A text to continue.' },
)
export const EmbeddingRequest = Type.Object(
  { model, ...embeddingMembers },
  { $id: 'EmbeddingRequest', description: 'Texts to turn into vectors.' },
)

/** The members that say how to sample, of whatever body. */
export type SamplingBody = Static<TObject<typeof samplingMembers>> & Pick<ChatBody, 'max_completion_tokens'>
export type ChatBody = Static<typeof ChatRequest>
export type CompletionBody = Static<typeof CompletionRequest>
export type EmbeddingBody = Static<typeof EmbeddingRequest>
export type MessageBody = Static<typeof openMessage>
export type PartBody = Static<typeof openPart>
