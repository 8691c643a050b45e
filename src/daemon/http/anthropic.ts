import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isMcpdError } from '../../core/errors.ts'
import type { Input } from '../../core/inference.ts'
import { encodeError } from '../../dialects/anthropic/errors.ts'
import { decodeChat, decodeMessages } from '../../dialects/anthropic/request.ts'
import * as requests from '../../dialects/anthropic/request-schemas.ts'
import { encodeResponse } from '../../dialects/anthropic/response.ts'
import * as responses from '../../dialects/anthropic/response-schemas.ts'
import { pingEvent, streamEncoder } from '../../dialects/anthropic/stream-encoder.ts'
import { answer, type AnswerFacts, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'
import { estimateTokens } from './anthropic-estimate.ts'
import { prepareError } from './render-error.ts'

type Body = Readonly<Record<string, unknown>> & { readonly model: string }

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `${schema}#` } } })

/** How every refusal looks in the document. */
export const anthropicFailure = { default: { description: 'An error.', content: json('AnthropicError') } }

/** Anthropic's Messages API: what is in that dialect at the backend too passes through byte for byte. */
export const anthropicSurface =
  (parts: AnswerParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [...Object.values(requests), ...Object.values(responses)]) app.addSchema(schema)
    app.setErrorHandler(renderAnthropicError)
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('request-id', request.id)
      done()
    })
    addMessages(app, parts)
    addCount(app, parts)
  }

/** `{"type":"error","error":{…}}`, as the Messages API says it. */
export const renderAnthropicError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const error = prepareError(thrown, request, reply)
  const { body, contentType } = encodeError(error, request.id)
  void reply.type(contentType).send(body)
}

const frameOf = ({ rawBody }: FastifyRequest, body: Body) =>
  rawBody ? { frame: { dialect: 'anthropic', bytes: rawBody, body } } : {}

const addMessages = (app: FastifyInstance, parts: AnswerParts): void => {
  app.post(
    '/v1/messages',
    {
      schema: {
        tags: ['Anthropic'],
        operationId: 'createMessage',
        summary: 'Continue a conversation',
        body: { $ref: 'MessagesRequest#' },
        response: {
          200: {
            description: 'The answer.',
            content: {
              ...json('AnthropicMessage'),
              'text/event-stream': {
                schema: { description: 'Server-sent events, each an AnthropicEvent.' },
                'x-itemSchema': { $ref: 'AnthropicEvent#' },
              },
            },
          },
          ...anthropicFailure,
        },
      },
    },
    async (request, reply) => {
      const body = request.body as Body
      const label = ({ id, trace }: AnswerFacts) => ({ id: `msg_${id}`, model: trace.model ?? body.model })
      await answer(parts, request, reply, {
        surface: 'anthropic',
        model: body.model,
        input: decodeChat(body),
        stream: body['stream'] === true,
        ...frameOf(request, body),
        ...contextOf(request, 'chat'),
        streamType: 'text/event-stream; charset=utf-8',
        keepAlive: pingEvent,
        encoder: (facts) => streamEncoder({ ...label(facts), requestId: facts.id }),
        encode: (answered, facts) => encodeResponse(answered, label(facts)),
      })
      return reply
    },
  )
}

/** Where the backend cannot count, an estimate that says in a header that it is one: clients plan by this number. */
const addCount = (app: FastifyInstance, parts: AnswerParts): void => {
  app.post(
    '/v1/messages/count_tokens',
    {
      schema: {
        tags: ['Anthropic'],
        operationId: 'countMessageTokens',
        summary: 'Count the tokens of a conversation',
        description:
          'Counted by the backend. Where it cannot, input_tokens is an estimate, and x-mcpd-warnings says so.',
        body: { $ref: 'CountTokensRequest#' },
        response: {
          200: { description: 'The count.', content: json('AnthropicTokenCount') },
          ...anthropicFailure,
        },
      },
    },
    async (request, reply) => {
      const body = request.body as Body
      try {
        await answer(parts, request, reply, {
          surface: 'anthropic',
          model: body.model,
          input: countInput(body),
          stream: false,
          ...frameOf(request, body),
          streamType: 'application/json',
          encoder: () => {
            throw new Error('a count is no stream')
          },
          encode: ({ tokens = [], tokenCount = tokens.length }) => ({ input_tokens: tokenCount }),
        })
        return reply
      } catch (error) {
        if (!isMcpdError(error) || error.code !== 'OPERATION_UNSUPPORTED') throw error
        const { inputTokens, warning } = estimateTokens(body)
        return reply.header('x-mcpd-warnings', warning).send({ input_tokens: inputTokens })
      }
    },
  )
}

/** Templates show tools to the model as text before the conversation, so that is how they are counted. */
const countInput = (body: Body): Input => {
  const messages = decodeMessages(body)
  const { tools } = body as { readonly tools?: readonly unknown[] | null }
  return {
    operation: 'tokenize',
    messages: tools?.length
      ? [{ role: 'system', content: tools.map((tool) => JSON.stringify(tool)).join('\n') }, ...messages]
      : messages,
  }
}
