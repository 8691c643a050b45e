import { Type } from '../../core/schema.ts'
import { nullable, optional } from '../nullable.ts'

/**
 * The response bodies of the OpenAI API. They hold for what mcpd writes itself and for what it passes through
 * untouched, so they ask of a backend only what every compatible server sends, and are open to more.
 */

const count = Type.Integer({ minimum: 0 })

const usage = Type.Object(
  {
    prompt_tokens: count,
    completion_tokens: Type.Optional(count),
    total_tokens: count,
    prompt_tokens_details: optional(Type.Object({ cached_tokens: optional(count) })),
    completion_tokens_details: optional(Type.Object({ reasoning_tokens: optional(count) })),
  },
  { description: 'Tokens as the backend counted them.' },
)

const logprob = {
  token: Type.String(),
  logprob: Type.Number(),
  bytes: optional(Type.Array(Type.Integer({ minimum: 0, maximum: 255 }))),
}
const chatLogprobs = Type.Object({
  content: optional(
    Type.Array(Type.Object({ ...logprob, top_logprobs: Type.Optional(Type.Array(Type.Object(logprob))) })),
  ),
})
const completionLogprobs = Type.Object({
  tokens: optional(Type.Array(Type.String())),
  token_logprobs: optional(Type.Array(nullable(Type.Number()))),
  top_logprobs: optional(Type.Array(nullable(Type.Record(Type.String(), Type.Number())))),
  text_offset: optional(Type.Array(Type.Integer())),
})

const finishReason = Type.String({
  description: 'stop, length, tool_calls, content_filter, or a backend’s own word.',
})

const reasoning = {
  reasoning_content: optional(Type.String({ description: 'What the model thought before it answered.' })),
  reasoning: optional(Type.String({ description: 'reasoning_content as some backends spell it.' })),
}

const message = Type.Object({
  role: Type.String(),
  content: optional(Type.String()),
  refusal: optional(Type.String()),
  ...reasoning,
  tool_calls: optional(
    Type.Array(
      Type.Object({
        id: Type.Optional(Type.String()),
        type: Type.Optional(Type.String()),
        function: Type.Object({
          name: Type.String(),
          arguments: Type.String({ description: 'JSON text, as the model wrote it: it may be malformed.' }),
        }),
      }),
    ),
  ),
})

const delta = Type.Object({
  role: optional(Type.String()),
  content: optional(Type.String()),
  refusal: optional(Type.String()),
  ...reasoning,
  tool_calls: optional(
    Type.Array(
      Type.Object({
        index: Type.Optional(Type.Integer({ minimum: 0 })),
        id: optional(Type.String()),
        type: optional(Type.String()),
        function: Type.Optional(
          Type.Object({ name: optional(Type.String()), arguments: optional(Type.String()) }),
        ),
      }),
    ),
  ),
})

const created = Type.Integer({ description: 'Unix seconds.' })
const index = Type.Integer({ minimum: 0 })

export const ChatCompletion = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('chat.completion'),
    created,
    model: Type.String(),
    choices: Type.Array(
      Type.Object({
        index,
        message,
        finish_reason: nullable(finishReason),
        logprobs: optional(chatLogprobs),
      }),
    ),
    usage: optional(usage),
  },
  { $id: 'ChatCompletion', description: 'The answer to a chat request.' },
)

export const ChatCompletionChunk = Type.Object(
  {
    id: Type.String(),
    object: Type.Optional(Type.Literal('chat.completion.chunk')),
    created: Type.Optional(created),
    model: Type.String(),
    choices: Type.Array(
      Type.Object({ index, delta, finish_reason: optional(finishReason), logprobs: optional(chatLogprobs) }),
      { description: 'Empty in the chunk that carries the usage.' },
    ),
    usage: optional(usage),
  },
  {
    $id: 'ChatCompletionChunk',
    description: 'One event of a streamed chat answer. The last event is [DONE].',
  },
)

export const Completion = Type.Object(
  {
    id: Type.String(),
    object: Type.Optional(Type.Literal('text_completion')),
    created: Type.Optional(created),
    model: Type.String(),
    choices: Type.Array(
      Type.Object({
        index,
        text: Type.String(),
        finish_reason: optional(finishReason),
        logprobs: optional(completionLogprobs),
      }),
    ),
    usage: optional(usage),
  },
  { $id: 'Completion', description: 'The answer to a completion request, and each event of a streamed one.' },
)

export const EmbeddingList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('embedding'),
        index,
        embedding: Type.Union([
          Type.Array(Type.Number()),
          Type.String({ description: 'base64 of little-endian 32-bit floats.' }),
        ]),
      }),
    ),
    model: Type.String(),
    usage: optional(usage),
  },
  { $id: 'EmbeddingList', description: 'The answer to an embedding request.' },
)

const modelMembers = {
  id: Type.String(),
  object: Type.Literal('model'),
  created,
  owned_by: Type.String(),
}

export const Model = Type.Object(modelMembers, {
  $id: 'Model',
  description: 'A model that can be asked for.',
})

export const ModelList = Type.Object(
  { object: Type.Literal('list'), data: Type.Array(Type.Object(modelMembers)) },
  { $id: 'ModelList', description: 'All models that can be asked for.' },
)

/** mcpd writes all four members with a string as code; backends whose errors are passed through may not. */
export const ErrorResponse = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: 'What happened and what to do next.' }),
      type: optional(Type.String({ description: 'Such as invalid_request_error or server_error.' })),
      param: optional(Type.String({ description: 'The request member at fault.' })),
      code: Type.Optional(
        Type.Union([Type.String(), Type.Integer(), Type.Null()], {
          description: 'Such as model_not_found, invalid_api_key, rate_limit_exceeded or backend_error.',
        }),
      ),
    }),
  },
  {
    $id: 'ErrorResponse',
    description: 'An error, before the first byte of an answer or as a stream’s last event.',
  },
)
