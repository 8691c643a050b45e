import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'

/** TGI's native API as mcpd uses it: what it takes is checked by the stand-in, what it answers asks for no more than is read. */

const number = (description: string) => optional(Type.Number({ description }))
const integer = (description: string, minimum = 0) => optional(Type.Integer({ minimum, description }))

/** A temperature of 0, a top_p of 1 and a top_k of 0 are refused: they are said by leaving them out. */
const parameters = Type.Object(
  {
    max_new_tokens: integer('Most tokens of output.', 1),
    temperature: optional(Type.Number({ exclusiveMinimum: 0 })),
    top_p: optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
    top_k: integer('Tokens to sample from.', 1),
    repetition_penalty: optional(Type.Number({ exclusiveMinimum: 0 })),
    frequency_penalty: optional(Type.Number({ minimum: -2, maximum: 2 })),
    seed: integer('Seed of the sampling.'),
    stop: optional(Type.Array(Type.String())),
    do_sample: optional(Type.Boolean({ description: 'False is greedy.' })),
    return_full_text: optional(Type.Boolean({ description: 'Whether to give the prompt back.' })),
    details: optional(Type.Boolean({ description: 'Whether to count, and to say why it ended.' })),
    top_n_tokens: integer('Alternatives per token.'),
  },
  { description: 'How to go on.' },
)

export const GenerateRequest = Type.Object(
  { inputs: Type.String({ description: 'The text to continue.' }), parameters: optional(parameters) },
  { $id: 'GenerateRequest', description: 'A text to continue.' },
)

const token = Type.Object({
  id: Type.Integer(),
  text: Type.String(),
  logprob: number('Of the token.'),
  special: optional(Type.Boolean({ description: 'Whether it is no text, such as an end of the sequence.' })),
})
const finishReason = Type.String({ description: 'length, eos_token or stop_sequence.' })

export const GenerateResponse = Type.Object(
  {
    generated_text: Type.String(),
    details: optional(
      Type.Object({
        finish_reason: finishReason,
        generated_tokens: Type.Integer(),
        tokens: Type.Optional(Type.Array(token)),
        top_tokens: optional(Type.Array(Type.Array(token))),
      }),
    ),
  },
  { $id: 'GenerateResponse', description: 'The text that follows.' },
)

export const GenerateEvent = Type.Object(
  {
    index: Type.Optional(Type.Integer()),
    token,
    top_tokens: optional(Type.Array(token)),
    generated_text: optional(Type.String({ description: 'All of it, with the last token.' })),
    details: optional(
      Type.Object({
        finish_reason: finishReason,
        generated_tokens: Type.Integer(),
        input_length: integer('Tokens of the prompt.'),
      }),
    ),
  },
  { $id: 'GenerateEvent', description: 'One token of a streamed answer.' },
)

export const Info = Type.Object(
  {
    model_id: Type.String(),
    model_pipeline_tag: optional(Type.String()),
    max_input_tokens: integer('Tokens a prompt may have.'),
    max_input_length: integer('The same before 2.1.'),
    max_total_tokens: integer('Tokens of prompt and answer together.'),
    version: optional(Type.String()),
  },
  { $id: 'Info', description: 'What it serves, and within which limits.' },
)

export const ChatTokenizeResponse = Type.Object(
  { tokenize_response: Type.Array(Type.Object({ id: Type.Integer() })) },
  { $id: 'ChatTokenizeResponse', description: 'The tokens of a conversation, through the template.' },
)

export const GenerateError = Type.Object(
  { error: Type.String(), error_type: optional(Type.String()) },
  { $id: 'GenerateError', description: 'An error; also an event of a stream whose status is 200.' },
)

export type GenerateBody = Static<typeof GenerateRequest>
