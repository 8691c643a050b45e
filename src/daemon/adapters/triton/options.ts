import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { sizePattern } from '../../../core/quantity.ts'

const modelOptions = Type.Object(
  {
    tensors: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        description:
          'How the model calls what mcpd cannot find by itself: prompt, text, embedding, or a parameter such as max_tokens.',
      }),
    ),
    requestParameters: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Parameters, such as temperature, that the model reads although they are no inputs.',
      }),
    ),
    chatTemplate: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Jinja template that makes a prompt of messages, as in tokenizer_config.json; best given as ${file:/path}.',
      }),
    ),
    bosToken: Type.Optional(Type.String({ description: 'bos_token of the template.' })),
    eosToken: Type.Optional(Type.String({ description: 'eos_token of the template.' })),
    contextLength: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens of context it takes.' })),
  },
  { additionalProperties: false },
)

export const tritonOptions = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        pattern: '^(https?|grpcs?)://',
        description: 'Where it listens: http://127.0.0.1:8000, or grpc://127.0.0.1:8001 with protocol grpc.',
      }),
    ),
    protocol: Type.Optional(
      Type.Enum(['http', 'grpc'], {
        default: 'http',
        description: 'gRPC also streams raw tensors.',
      }),
    ),
    metricsUrl: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'The page of its metrics; port 8002 of the same host, at /metrics, when absent.',
      }),
    ),
    models: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), modelOptions, {
        description:
          'What models do not say of themselves, by name. For a server without a repository index, also the models there are.',
      }),
    ),
    apiKey: Type.Optional(
      Type.String({ minLength: 1, description: 'Sent as Bearer token, for a gateway in between.' }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request, such as those of restricted APIs.',
      }),
    ),
    answerMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        default: '64MB',
        description: 'Largest answer that is not streamed, and largest message of gRPC.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type TritonOptions = Static<typeof tritonOptions>
export type TritonModelOptions = Static<typeof modelOptions>

export const defaultUrls = { http: 'http://127.0.0.1:8000', grpc: 'grpc://127.0.0.1:8001' } as const

export const headersOf = ({ apiKey, headers = {} }: TritonOptions, url: URL): Record<string, string> => {
  const { username, password } = url
  const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    ...(username !== '' && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
}
