import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { sizePattern } from '../../../core/quantity.ts'

/** The servers of FastChat. */
export const kinds = ['api', 'controller', 'worker'] as const
export type KindName = (typeof kinds)[number]

/** What a server of FastChat has routes for. */
export const fastchatOperations = ['chat', 'complete', 'embed', 'tokenize'] as const

const modelOptions = Type.Object(
  {
    operations: Type.Optional(
      Type.Array(Type.Enum([...fastchatOperations]), {
        minItems: 1,
        uniqueItems: true,
        description: 'What the model can do; everything when absent, for FastChat does not say.',
      }),
    ),
    contextLength: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens of context it takes.' })),
    chatTemplate: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Jinja template that makes a prompt of messages, instead of the worker's own; best given as ${file:/path}.",
      }),
    ),
    bosToken: Type.Optional(Type.String({ description: 'bos_token of the template.' })),
    eosToken: Type.Optional(Type.String({ description: 'eos_token of the template.' })),
  },
  { additionalProperties: false },
)

export const fastchatOptions = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://',
      description: 'The API server, the controller or a worker; with or without /v1 at its end.',
    }),
    kind: Type.Optional(
      Type.Enum(['auto', ...kinds], { default: 'auto', description: 'Which of them it is; auto asks it.' }),
    ),
    apiKey: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Sent to `url` as Bearer token; only the API server can ask for one.',
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request to `url`.',
      }),
    ),
    workerHosts: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          'Other machines on which the controller may name workers; those of its own host are always asked.',
      }),
    ),
    models: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), modelOptions, {
        description: 'What FastChat does not say of its models, by name.',
      }),
    ),
    answerMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        default: '64MB',
        description: 'Largest answer that is not streamed, and largest piece of one that is.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type FastChatOptions = Static<typeof fastchatOptions>
