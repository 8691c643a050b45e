import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { sizePattern } from '../../../core/quantity.ts'

/** What servers of this dialect have routes for. */
export const anthropicOperations = ['chat', 'tokenize'] as const

const staticModel = Type.Object(
  {
    name: Type.String({ minLength: 1, description: "The backend's own name for the model." }),
    operations: Type.Optional(
      Type.Array(Type.Enum([...anthropicOperations]), {
        minItems: 1,
        uniqueItems: true,
        description: 'What the model can do; all that the server can when absent.',
      }),
    ),
    contextLength: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens of context it takes.' })),
    capabilities: Type.Optional(
      Type.Array(Type.Enum(['tools', 'vision', 'structured-output', 'reasoning']), {
        description: 'What it can; a request for images that it cannot read is refused.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const anthropicOptions = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://',
      description: 'Where the server is, such as https://api.anthropic.com; with or without /v1 at its end.',
    }),
    apiKey: Type.Optional(Type.String({ minLength: 1, description: 'Best given as ${env:NAME}.' })),
    keyHeader: Type.Optional(
      Type.Enum(['x-api-key', 'authorization'], {
        default: 'x-api-key',
        description: 'How the key is sent: as Anthropic wants it, or as Bearer token (vLLM).',
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request, such as anthropic-beta.',
      }),
    ),
    version: Type.Optional(
      Type.String({
        minLength: 1,
        default: '2023-06-01',
        description: 'anthropic-version for requests whose client names none.',
      }),
    ),
    maxTokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        default: 4096,
        description: 'max_tokens of requests that have no limit, since the API asks for one.',
      }),
    ),
    models: Type.Optional(
      Type.Array(Type.Union([Type.String({ minLength: 1 }), staticModel]), {
        description: 'The models there are, for a server without GET /v1/models.',
      }),
    ),
    operations: Type.Optional(
      Type.Array(Type.Enum([...anthropicOperations]), {
        minItems: 1,
        uniqueItems: true,
        description: 'What the server offers; everything when absent.',
      }),
    ),
    answerMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        default: '64MB',
        description: 'Largest answer that is not streamed.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type AnthropicOptions = Static<typeof anthropicOptions>
