import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { sizePattern } from '../../../core/quantity.ts'

/** What servers of this dialect have routes for. */
export const openaiOperations = ['chat', 'complete', 'embed', 'rerank', 'tokenize'] as const

const operationList = (description: string) =>
  Type.Optional(Type.Array(Type.Enum([...openaiOperations]), { minItems: 1, uniqueItems: true, description }))

const staticModel = Type.Object(
  {
    name: Type.String({ minLength: 1, description: "The backend's own name for the model." }),
    operations: operationList('What the model can do; all that the backend can when absent.'),
    contextLength: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens of context it takes.' })),
    embeddingDimensions: Type.Optional(Type.Integer({ minimum: 1, description: 'Length of its vectors.' })),
    embeddingBatchMax: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Inputs that one embedding request may have.' }),
    ),
    capabilities: Type.Optional(
      Type.Array(Type.Enum(['tools', 'vision', 'audio', 'structured-output', 'reasoning']), {
        description: 'What it can; a request for images or audio that it cannot read is refused.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const openaiOptions = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://',
      description: 'Base URL of the API, on most servers with /v1 at its end.',
    }),
    apiKey: Type.Optional(
      Type.String({ minLength: 1, description: 'Sent as Bearer token; best given as ${env:NAME}.' }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request, such as those of a gateway in between.',
      }),
    ),
    models: Type.Optional(
      Type.Array(Type.Union([Type.String({ minLength: 1 }), staticModel]), {
        description: 'The models there are, for a server without GET /models.',
      }),
    ),
    operations: operationList('What the server offers; everything when absent.'),
    streamUsage: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Whether streams may be asked for their usage; false for servers that refuse stream_options.',
      }),
    ),
    doneOptional: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Whether a stream may end without [DONE] once every choice has a finish reason.',
      }),
    ),
    maxTokensMember: Type.Optional(
      Type.Enum(['max_tokens', 'max_completion_tokens'], {
        default: 'max_tokens',
        description: 'How the server calls the limit of output, for requests that mcpd has to write itself.',
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

export type OpenAiOptions = Static<typeof openaiOptions>
