import { Type } from '../../core/schema.ts'
import { mcpdMember } from '../../core/context-use.ts'
import { exactly, narrowed } from '../../dialects/exact.ts'
import {
  chatMembers,
  completionMembers,
  embeddingMembers,
  mcpdWithoutContext,
  topLogprobsNeedLogprobs,
} from '../../dialects/openai/request-schemas.ts'
import { listingSchemas } from './listing-schemas.ts'

/** Shapes of the native surface that the OpenAI dialect does not have. */

const closed = { additionalProperties: false }
const count = (description: string) => Type.Integer({ minimum: 0, description })
const milliseconds = (description: string) => Type.Number({ minimum: 0, description })
/** RFC 9457. */
export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'The code to branch on; docs/errors.md lists them.' }),
    detail: Type.String(),
    param: Type.Optional(Type.String({ description: 'The request field at fault.' })),
    backend: Type.Optional(Type.String()),
    head: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'Of a context conflict: the turn that the head is at now.',
      }),
    ),
    suggestions: Type.Optional(Type.Array(Type.String())),
    requestId: Type.String(),
  },
  { ...closed, $id: 'Problem', description: 'An error (RFC 9457).' },
)

export const usageSchema = Type.Object(
  {
    inputTokens: count('Tokens read, cached ones included.'),
    outputTokens: count('Tokens written, reasoning included.'),
    cachedTokens: Type.Optional(count('Input tokens served from a prefix cache.')),
    reasoningTokens: Type.Optional(count('Output tokens spent on reasoning.')),
  },
  { ...closed, $id: 'Usage', description: 'Token counts as the backend states them.' },
)

export const timingsSchema = Type.Object(
  {
    queueMs: milliseconds('Wait for a slot of the backend.'),
    ttftMs: Type.Union([milliseconds('Receipt to first output.'), Type.Null()], {
      description: 'Null for an answer that came whole.',
    }),
    totalMs: milliseconds('Receipt to the end of the answer.'),
  },
  { ...closed, $id: 'Timings', description: 'What the daemon measured, in milliseconds.' },
)

export const served = {
  id: Type.String(),
  adapter: Type.String(),
  backend: Type.String(),
  model: Type.String({ description: "The backend's name of the model." }),
  context: Type.Optional(
    Type.Object(
      {
        id: Type.String(),
        ref: Type.String({ description: 'The head that was moved.' }),
        turn: Type.String({ description: 'The turn that holds the answer.' }),
        view: Type.Optional(
          Type.Object(
            {
              mode: Type.String(),
              tokens: count('Of what was sent.'),
              dropped: Type.Array(
                Type.Object({ id: Type.String(), tokens: count('Of it.'), reason: Type.String() }, closed),
              ),
            },
            { ...closed, description: 'How the history was brought under the budget.' },
          ),
        ),
      },
      { ...closed, description: 'The conversation that the request went on with.' },
    ),
  ),
}
export const measured = {
  usage: Type.Union([Type.Ref('Usage#'), Type.Null()]),
  timings: Type.Ref('Timings#'),
  warnings: Type.Array(Type.String(), { description: 'Parameters that were left out or changed, in words.' }),
}
const finishReason = Type.Enum(['stop', 'length', 'tool-calls', 'content-filter', 'other'])

const toolCall = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    argumentsText: Type.String({ description: 'JSON, as the model wrote it.' }),
  },
  closed,
)

export const chatAnswerSchema = Type.Object(
  {
    ...served,
    output: Type.Object(
      {
        role: Type.Literal('assistant'),
        content: Type.Union([Type.String(), Type.Null()]),
        toolCalls: Type.Optional(Type.Array(toolCall)),
        reasoning: Type.Optional(Type.String()),
      },
      closed,
    ),
    finishReason,
    ...measured,
  },
  { ...closed, $id: 'ChatAnswer' },
)

export const completeAnswerSchema = Type.Object(
  { ...served, output: Type.Object({ text: Type.String() }, closed), finishReason, ...measured },
  { ...closed, $id: 'CompleteAnswer' },
)

export const embedAnswerSchema = Type.Object(
  {
    ...served,
    output: Type.Object({ embeddings: Type.Array(Type.Array(Type.Number())) }, closed),
    ...measured,
  },
  { ...closed, $id: 'EmbedAnswer' },
)

export const tokenizeAnswerSchema = Type.Object(
  {
    ...served,
    output: Type.Object(
      {
        tokens: Type.Array(Type.Integer()),
        count: count('How many tokens.'),
        contextLength: Type.Optional(count('Tokens the model takes in all.')),
      },
      closed,
    ),
    ...measured,
  },
  { ...closed, $id: 'TokenizeAnswer' },
)

/** One answer is one `output`. */
const oneChoice = {
  n: Type.Optional(Type.Union([Type.Literal(1), Type.Null()], { description: 'Always 1 here.' })),
}

const openChatRequest = Type.Object(
  { ...chatMembers, ...oneChoice, mcpd: mcpdMember },
  { $id: 'NativeChatRequest', description: "OpenAI's chat fields without the model, which is in the path." },
)
export const chatRequestSchema = exactly(openChatRequest, {
  ...narrowed(openChatRequest),
  ...topLogprobsNeedLogprobs,
})

export const completeRequestSchema = Type.Object(
  { ...completionMembers, ...oneChoice, prompt: Type.String(), mcpd: mcpdWithoutContext },
  {
    $id: 'NativeCompleteRequest',
    description: "OpenAI's completion fields without the model; a single prompt.",
  },
)

export const embedRequestSchema = Type.Object(
  { ...embeddingMembers, mcpd: mcpdWithoutContext },
  { $id: 'NativeEmbedRequest', description: "OpenAI's embedding fields without the model." },
)

const openTokenizeRequest = Type.Object(
  {
    text: Type.Optional(Type.String()),
    messages: Type.Optional(chatMembers.messages),
    mcpd: mcpdWithoutContext,
  },
  { ...closed, $id: 'TokenizeRequest', description: 'Exactly one of `text` and `messages`.' },
)
export const tokenizeRequestSchema = exactly(openTokenizeRequest, {
  anyOf: [
    narrowed(openTokenizeRequest, { required: ['text'], without: ['messages'] }),
    narrowed(openTokenizeRequest, { required: ['messages'], without: ['text'] }),
  ],
})

/** The `data` of each server-sent event of a native stream, by its `event` name. */
export const eventSchema = Type.Object(
  {},
  {
    $id: 'InferenceEvent',
    description:
      'Data of a server-sent event, by event name: start {id, adapter, backend, model, context, warnings}; ' +
      'text-delta, reasoning-delta {index, text}; tool-call-delta {index, call, id?, name?, argumentsText}; ' +
      'tensors {tensors}; finish {index, reason}; usage {inputTokens, outputTokens}; end {timings}; error (a Problem).',
  },
)

export const nativeSchemas = [
  ...listingSchemas,
  problemSchema,
  usageSchema,
  timingsSchema,
  chatAnswerSchema,
  completeAnswerSchema,
  embedAnswerSchema,
  tokenizeAnswerSchema,
  chatRequestSchema,
  completeRequestSchema,
  embedRequestSchema,
  tokenizeRequestSchema,
  eventSchema,
]
