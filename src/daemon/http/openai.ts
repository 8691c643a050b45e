import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { InferenceResponse, Input } from '../../core/inference.ts'
import { encodeError } from '../../dialects/openai/errors.ts'
import { decodeChat, decodeComplete, decodeEmbed, wantsUsage } from '../../dialects/openai/request.ts'
import * as requests from '../../dialects/openai/request-schemas.ts'
import { encodeResponse } from '../../dialects/openai/response.ts'
import * as responses from '../../dialects/openai/response-schemas.ts'
import { streamEncoder } from '../../dialects/openai/stream-encoder.ts'
import type { Registry } from '../registry.ts'
import { answer, type AnswerFacts, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'
import { addModels } from './openai-models.ts'
import { prepareError } from './render-error.ts'
import { addRerank } from './rerank.ts'

export interface OpenAiParts extends AnswerParts {
  readonly registry: Registry
}

type Body = Readonly<Record<string, unknown>>

interface OpenAiOperation {
  readonly operation: 'chat' | 'complete' | 'embed'
  readonly path: string
  readonly operationId: string
  readonly summary: string
  readonly request: string
  readonly response: string
  readonly chunk?: string
  readonly idPrefix: string
  readonly decode: (body: Body) => Input
}

const openaiOperations: readonly OpenAiOperation[] = [
  {
    operation: 'chat',
    path: '/v1/chat/completions',
    operationId: 'createChatCompletion',
    summary: 'Continue a conversation',
    request: 'ChatRequest',
    response: 'ChatCompletion',
    chunk: 'ChatCompletionChunk',
    idPrefix: 'chatcmpl-',
    decode: decodeChat,
  },
  {
    operation: 'complete',
    path: '/v1/completions',
    operationId: 'createCompletion',
    summary: 'Continue a text',
    request: 'CompletionRequest',
    response: 'Completion',
    chunk: 'Completion',
    idPrefix: 'cmpl-',
    decode: decodeComplete,
  },
  {
    operation: 'embed',
    path: '/v1/embeddings',
    operationId: 'createEmbedding',
    summary: 'Turn texts into vectors',
    request: 'EmbeddingRequest',
    response: 'EmbeddingList',
    idPrefix: 'embd-',
    decode: decodeEmbed,
  },
]

const failure = {
  default: {
    description: 'An error.',
    content: { 'application/json': { schema: { $ref: 'ErrorResponse#' } } },
  },
}

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `${schema}#` } } })

/** The OpenAI API: what is in that dialect at the backend too passes through byte for byte. */
export const openaiSurface =
  (parts: OpenAiParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [...Object.values(requests), ...Object.values(responses)])
      if (typeof schema === 'object' && '$id' in schema) app.addSchema(schema)
    app.setErrorHandler(renderOpenAiError)
    for (const operation of openaiOperations) addOperation(app, parts, operation)
    addRerank(app, parts)
    addModels(app, parts.registry, renderOpenAiError)
  }

/** The error object of the OpenAI API. */
export const renderOpenAiError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const error = prepareError(thrown, request, reply)
  const { body, contentType } = encodeError(error)
  void reply.type(contentType).send(body)
}

const addOperation = (app: FastifyInstance, parts: OpenAiParts, openai: OpenAiOperation): void => {
  const { operation, path, operationId, summary, request, response, chunk, idPrefix, decode } = openai
  app.post(
    path,
    {
      schema: {
        tags: ['OpenAI'],
        operationId,
        summary,
        body: { $ref: `${request}#` },
        response: {
          200: {
            description: 'The answer.',
            content: {
              ...json(response),
              ...(chunk !== undefined && {
                'text/event-stream': {
                  schema: {
                    description: `Server-sent events; the data of each is a ${chunk}, of the last one [DONE].`,
                  },
                  'x-itemSchema': { $ref: `${chunk}#` },
                },
              }),
            },
          },
          ...failure,
        },
      },
    },
    async (request, reply) => {
      const body = request.body as Body & { readonly model: string }
      const label = (facts: AnswerFacts) => ({
        id: idPrefix + facts.id,
        model: facts.trace.model ?? body.model,
        createdSeconds: facts.createdSeconds,
      })
      await answer(parts, request, reply, {
        surface: 'openai',
        model: body.model,
        input: decode(body),
        stream: chunk !== undefined && body['stream'] === true,
        ...contextOf(request, operation),
        ...(request.rawBody && { frame: { dialect: 'openai', bytes: request.rawBody, body } }),
        streamType: 'text/event-stream; charset=utf-8',
        encoder: (facts) =>
          streamEncoder({
            operation: operation === 'complete' ? 'complete' : 'chat',
            ...label(facts),
            includeUsage: wantsUsage(body),
          }),
        encode: (answered: InferenceResponse, facts) =>
          encodeResponse(operation, answered, {
            ...label(facts),
            ...(body['encoding_format'] === 'base64' && { encodingFormat: 'base64' as const }),
          }),
      })
      return reply
    },
  )
}
