import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'
import { mcpdWithoutContext } from './request-schemas.ts'

/** Rerank as Jina and Cohere shaped it and vLLM, llama.cpp and TEI's imitators took it over: no OpenAI route, yet beside theirs. */

/** Documents of one request: absurd numbers end here, not in a backend. */
const documentsMax = 100_000

const document = Type.Union([Type.String(), Type.Object({ text: Type.String() })], {
  description: 'A text, or {text}.',
})

/** The members of a rerank request but for `model`. The native surface takes these too. */
export const rerankMembers = {
  query: Type.String({ description: 'What the documents are to answer.' }),
  documents: Type.Array(document, {
    minItems: 1,
    maxItems: documentsMax,
    description: 'What is to be put in order.',
  }),
  top_n: optional(
    Type.Integer({ minimum: 1, description: 'How many of the best are wanted; all when absent.' }),
  ),
}

export const RerankRequest = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to answer.' }),
    ...rerankMembers,
    return_documents: optional(
      Type.Boolean({ description: 'Whether each result is to have its document; false when absent.' }),
    ),
    mcpd: mcpdWithoutContext,
  },
  { $id: 'RerankRequest', description: 'Documents to put in order by how well they answer a query.' },
)

export const RerankResponse = Type.Object(
  {
    id: optional(Type.String()),
    model: optional(Type.String()),
    results: Type.Array(
      Type.Object({
        index: Type.Integer({ minimum: 0, description: 'Of the document in the request.' }),
        relevance_score: Type.Number({ description: 'Of two, the higher is the better.' }),
        document: Type.Optional(
          Type.Unknown({ description: 'The document, as {text}, where it was wanted.' }),
        ),
      }),
      { description: 'Best first.' },
    ),
    usage: optional(Type.Object({ total_tokens: optional(Type.Integer({ minimum: 0 })) })),
  },
  { $id: 'RerankResponse', description: 'The documents in order.' },
)

export type RerankBody = Static<typeof RerankRequest>
