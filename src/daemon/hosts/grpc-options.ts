import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { sizePattern } from '../../core/quantity.ts'

const path = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** What a service that mcpd does not know can be asked for. */
export const mappedOperations = ['chat', 'complete', 'embed', 'tokenize'] as const

const methodOptions = Type.Object(
  {
    operation: Type.Enum([...mappedOperations], { description: 'What the method is for.' }),
    method: Type.String({
      pattern: '^[\\w.]+/\\w+$',
      description: 'Service and method, such as acme.v1.Generator/Generate.',
    }),
    requestTemplate: Type.Record(Type.String(), Type.Unknown(), {
      description:
        'The message it is sent. {{prompt}}, {{messages}}, {{max_tokens}} and so on stand for values.',
    }),
    pick: Type.Object(
      {
        text: path('Where the text is, such as choices.0.text; of a stream, what each message adds.'),
        finishReason: path('Where the reason of the end is: stop or length, in any case.'),
        inputTokens: path('Where the count of tokens read is.'),
        outputTokens: path('Where the count of tokens written is.'),
        embeddings: path('Where the vectors are, such as data.*.values.'),
        tokens: path('Where the tokens are.'),
      },
      { additionalProperties: false, description: 'Paths into the messages it answers with.' },
    ),
  },
  { additionalProperties: false },
)

export const grpcOptions = Type.Object(
  {
    address: Type.String({ pattern: '^[^/\\s]+:\\d+$', description: 'Host and port.' }),
    tls: Type.Optional(Type.Boolean({ default: false, description: 'Whether to connect by TLS.' })),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'Metadata of every call, such as that of a key.',
      }),
    ),
    methods: Type.Optional(
      Type.Array(methodOptions, {
        minItems: 1,
        description: 'For a service of any kind; one of mcpd.adapter.v1 needs none.',
      }),
    ),
    models: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: "The models there are, with methods; one of the backend's name when absent.",
      }),
    ),
    messageMax: Type.Optional(
      Type.String({ pattern: sizePattern, default: '64MB', description: 'Largest message it may send.' }),
    ),
  },
  { additionalProperties: false },
)

export type GrpcOptions = Static<typeof grpcOptions>
export type GrpcMethodOptions = Static<typeof methodOptions>
