import { Type } from '../../core/schema.ts'
import { nullable, optional } from '../nullable.ts'

/**
 * The response bodies of Anthropic's Messages API. They hold for what mcpd writes itself and for what it passes
 * through untouched, so they ask of a backend only what every server of this dialect sends, and are open to more.
 */

const count = Type.Integer({ minimum: 0 })

const usage = Type.Object(
  {
    input_tokens: optional(count),
    output_tokens: optional(count),
    cache_read_input_tokens: optional(count),
    cache_creation_input_tokens: optional(count),
  },
  { description: 'Tokens as the backend counted them; those of a cache stand beside the others.' },
)

const block = Type.Object(
  {
    type: Type.String({ description: 'text, thinking, tool_use, or a backend’s own.' }),
    text: Type.Optional(Type.String()),
    thinking: Type.Optional(Type.String()),
    signature: optional(Type.String({ description: 'Empty where the backend signs nothing.' })),
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    input: Type.Optional(Type.Object({})),
  },
  { description: 'A part of the answer.' },
)

const stopReason = Type.String({
  description: 'end_turn, max_tokens, stop_sequence, tool_use, refusal, or a backend’s own word.',
})

const messageMembers = {
  id: Type.String(),
  type: Type.Literal('message'),
  role: Type.Literal('assistant'),
  model: Type.String(),
  content: Type.Array(block),
  stop_reason: optional(stopReason),
  stop_sequence: optional(Type.String()),
  usage,
}

export const AnthropicMessage = Type.Object(messageMembers, {
  $id: 'AnthropicMessage',
  description: 'The answer to a messages request.',
})

export const AnthropicEvent = Type.Object(
  {
    type: Type.String({
      description:
        'message_start, content_block_start, content_block_delta, content_block_stop, message_delta, message_stop, ping or error.',
    }),
    message: Type.Optional(Type.Object(messageMembers)),
    index: Type.Optional(count),
    content_block: Type.Optional(block),
    delta: Type.Optional(
      Type.Object({
        type: Type.Optional(
          Type.String({ description: 'text_delta, thinking_delta, signature_delta or input_json_delta.' }),
        ),
        text: Type.Optional(Type.String()),
        thinking: Type.Optional(Type.String()),
        partial_json: Type.Optional(Type.String()),
        stop_reason: optional(stopReason),
        stop_sequence: optional(Type.String()),
      }),
    ),
    usage: Type.Optional(usage),
  },
  { $id: 'AnthropicEvent', description: 'One event of a streamed answer; `event:` has the type, too.' },
)

export const AnthropicTokenCount = Type.Object(
  { input_tokens: Type.Integer({ minimum: 0 }) },
  { $id: 'AnthropicTokenCount', description: 'How many tokens a conversation has.' },
)

const modelMembers = {
  id: Type.String(),
  type: Type.Literal('model'),
  display_name: Type.String(),
  created_at: Type.String({ description: 'RFC 3339; the beginning of 1970 where it is not known.' }),
  max_input_tokens: optional(Type.Integer({ minimum: 0, description: 'Tokens of context it takes.' })),
  max_tokens: optional(Type.Integer({ minimum: 0, description: 'Most tokens of output.' })),
}

export const AnthropicModel = Type.Object(modelMembers, {
  $id: 'AnthropicModel',
  description: 'A model that can be asked for, to a client that sends anthropic-version.',
})

export const AnthropicModelList = Type.Object(
  {
    data: Type.Array(Type.Object(modelMembers)),
    has_more: Type.Boolean(),
    first_id: nullable(Type.String()),
    last_id: nullable(Type.String()),
  },
  { $id: 'AnthropicModelList', description: 'Models that can be asked for, a page at a time.' },
)

export const AnthropicError = Type.Object(
  {
    type: Type.Literal('error'),
    error: Type.Object({
      type: Type.String({
        description: 'Such as invalid_request_error, not_found_error or overloaded_error.',
      }),
      message: Type.String({ description: 'What happened and what to do next.' }),
    }),
    request_id: optional(Type.String()),
  },
  {
    $id: 'AnthropicError',
    description: 'An error, before the first byte of an answer or as a stream’s last event.',
  },
)
