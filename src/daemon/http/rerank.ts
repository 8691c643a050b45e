import type { FastifyInstance } from 'fastify'
import { decodeRerank, encodeRanking } from '../../dialects/openai/rerank.ts'
import { type RerankBody, RerankRequest, RerankResponse } from '../../dialects/openai/rerank-schemas.ts'
import { answer, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'

/** As Jina, Cohere and vLLM serve it. */
const paths = ['/v1/rerank', '/v2/rerank', '/rerank'] as const

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `${schema}#` } } })

/** Rerank beside the OpenAI API, with its errors: added to the scope of that surface. */
export const addRerank = (app: FastifyInstance, parts: AnswerParts): void => {
  app.addSchema(RerankRequest)
  app.addSchema(RerankResponse)
  for (const path of paths)
    app.post(
      path,
      {
        schema: {
          tags: ['OpenAI'],
          operationId: path === '/v1/rerank' ? 'rerank' : `rerankAs${path === '/rerank' ? 'Vllm' : 'Cohere'}`,
          summary: 'Put texts in order by how well they answer a query',
          body: { $ref: 'RerankRequest#' },
          response: {
            200: { description: 'The answer.', content: json('RerankResponse') },
            default: { description: 'An error.', content: json('ErrorResponse') },
          },
        },
      },
      async (request, reply) => {
        const body = request.body as RerankBody
        const input = decodeRerank(body)
        await answer(parts, request, reply, {
          surface: 'openai',
          model: body.model,
          input,
          stream: false,
          ...contextOf(request, 'rerank'),
          ...(request.rawBody && { frame: { dialect: 'openai', bytes: request.rawBody, body } }),
          streamType: 'application/json',
          encoder: () => {
            throw new Error('a ranking is no stream')
          },
          encode: (answered, { id, trace }) =>
            encodeRanking(answered, {
              id: `rerank-${id}`,
              model: trace.model ?? body.model,
              ...(body.return_documents === true && { documents: input.documents }),
            }),
        })
        return reply
      },
    )
}
