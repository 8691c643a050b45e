import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { durationPattern, sizePattern } from '../../../core/quantity.ts'

/** What can stand behind an address of Hugging Face. */
export const kinds = ['router', 'tgi', 'tei', 'openai'] as const
export type KindName = (typeof kinds)[number]

export const routerUrl = 'https://router.huggingface.co'

const staticModel = Type.Object(
  {
    name: Type.String({ minLength: 1, description: "The backend's own name for the model." }),
    operations: Type.Optional(
      Type.Array(Type.Enum(['chat', 'complete', 'embed', 'rerank', 'tokenize']), {
        minItems: 1,
        uniqueItems: true,
        description: 'What the model can do; what its kind of server can when absent.',
      }),
    ),
    contextLength: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens of context it takes.' })),
    embeddingDimensions: Type.Optional(Type.Integer({ minimum: 1, description: 'Length of its vectors.' })),
    capabilities: Type.Optional(
      Type.Array(Type.Enum(['tools', 'vision', 'audio', 'structured-output', 'reasoning']), {
        description: 'What it can; a request for images or audio that it cannot read is refused.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const huggingfaceOptions = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        default: routerUrl,
        description: 'The router, an endpoint, a TGI or a TEI; with or without /v1 at its end.',
      }),
    ),
    kind: Type.Optional(
      Type.Enum(['auto', ...kinds], {
        default: 'auto',
        description: 'What is there: auto asks it; openai is any other container that serves /v1.',
      }),
    ),
    apiKey: Type.Optional(
      Type.String({ minLength: 1, description: 'A token of Hugging Face; best given as ${env:HF_TOKEN}.' }),
    ),
    billTo: Type.Optional(
      Type.String({ minLength: 1, description: 'The organisation that pays, sent as X-HF-Bill-To.' }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request.',
      }),
    ),
    models: Type.Optional(
      Type.Array(Type.Union([Type.String({ minLength: 1 }), staticModel]), {
        description: 'The models there are, where the server should not be asked or calls them otherwise.',
      }),
    ),
    scaleToZero: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether only requests may reach the endpoint, so that it can fall asleep; needs models.',
      }),
    ),
    loadingWait: Type.Optional(
      Type.String({
        pattern: durationPattern,
        default: '2m',
        description: 'How long a request waits for a model that is loading or an endpoint that wakes up.',
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

export type HuggingFaceOptions = Static<typeof huggingfaceOptions>
