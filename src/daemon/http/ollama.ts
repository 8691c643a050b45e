import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Input } from '../../core/inference.ts'
import type { Trace } from '../../core/trace.ts'
import { encodeError } from '../../dialects/ollama/errors.ts'
import {
  decodeChat,
  decodeEmbed,
  decodeEmbeddings,
  decodeGenerate,
  wantsStream,
} from '../../dialects/ollama/request.ts'
import * as requests from '../../dialects/ollama/request-schemas.ts'
import { encodeResponse } from '../../dialects/ollama/response.ts'
import * as responses from '../../dialects/ollama/response-schemas.ts'
import { streamEncoder } from '../../dialects/ollama/stream-encoder.ts'
import type { Measured } from '../../dialects/ollama/usage.ts'
import { dialects, type Form } from '../../dialects/ollama/wire.ts'
import { answer, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'
import { addManagement, loadOrUnload } from './ollama-manage.ts'
import { addModels } from './ollama-models.ts'
import { type ManageParts, ollamaAnswer, ollamaFailure, servedName } from './ollama-route.ts'
import { prepareError } from './render-error.ts'
import { parseJson } from './server.ts'

export type OllamaParts = AnswerParts & ManageParts

type Body = Readonly<Record<string, unknown>>

interface OllamaOperation {
  readonly form: Form
  readonly summary: string
  readonly request: string
  readonly response: string
  readonly decode: (body: Body) => Input
  /** What has nothing to answer asks for the model to be loaded, or unloaded. */
  readonly asksNothing: (body: Body) => boolean
}

const isEmpty = (value: unknown): boolean =>
  value == null || value === '' || (Array.isArray(value) && value.length === 0)

const ollamaOperations: readonly OllamaOperation[] = [
  {
    form: 'chat',
    summary: 'Continue a conversation',
    request: 'OllamaChatRequest',
    response: 'OllamaChatResponse',
    decode: decodeChat,
    asksNothing: ({ messages }) => isEmpty(messages),
  },
  {
    form: 'generate',
    summary: 'Answer a prompt, or continue a text',
    request: 'OllamaGenerateRequest',
    response: 'OllamaGenerateResponse',
    decode: decodeGenerate,
    asksNothing: ({ prompt }) => isEmpty(prompt),
  },
  {
    form: 'embed',
    summary: 'Turn texts into vectors',
    request: 'OllamaEmbedRequest',
    response: 'OllamaEmbedResponse',
    decode: decodeEmbed,
    asksNothing: ({ input }) => isEmpty(input),
  },
  {
    form: 'embeddings',
    summary: 'Turn a text into a vector',
    request: 'OllamaEmbeddingsRequest',
    response: 'OllamaEmbeddingsResponse',
    decode: decodeEmbeddings,
    asksNothing: ({ prompt }) => isEmpty(prompt),
  },
]

/**
 * Ollama's API over every backend. What goes to an Ollama passes through byte for byte. Its clients often send JSON
 * without saying so; the checks of Host and Origin keep web pages out all the same.
 */
export const ollamaSurface =
  (parts: OllamaParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [...Object.values(requests), ...Object.values(responses)]) app.addSchema(schema)
    // Ollama looks at the body alone.
    app.addHook('onRequest', ({ raw }, _, done) => {
      delete raw.headers['content-type']
      done()
    })
    app.addContentTypeParser('*', { parseAs: 'buffer' }, parseJson)
    app.setErrorHandler(renderOllamaError)
    for (const operation of ollamaOperations) addOperation(app, parts, operation)
    addModels(app, parts)
    addManagement(app, parts)
  }

/** `{"error": "…"}`, as Ollama says it. */
export const renderOllamaError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const error = prepareError(thrown, request, reply)
  void reply.type('application/json; charset=utf-8').send(encodeError(error))
}

const addOperation = (app: FastifyInstance, parts: OllamaParts, operation: OllamaOperation): void => {
  const { form, summary, request, response, decode, asksNothing } = operation
  const canStream = form === 'chat' || form === 'generate'
  app.post(
    `/api/${form}`,
    {
      schema: {
        tags: ['Ollama'],
        operationId: `ollama${form[0]!.toUpperCase()}${form.slice(1)}`,
        summary,
        body: { $ref: `${request}#` },
        response: { 200: ollamaAnswer(response, 'The answer.', canStream), ...ollamaFailure },
      },
    },
    async (request, reply) => {
      const body = request.body as Body & { readonly model: string }
      const model = servedName(parts.registry, body.model)
      const input = decode(body)
      if (asksNothing(body)) return loadOrUnload(parts, request, reply, form, model)
      const createdAt = () => new Date().toISOString()
      await answer(parts, request, reply, {
        surface: 'ollama',
        model,
        input,
        stream: canStream && wantsStream(body),
        ...contextOf(request, form),
        ...(request.rawBody && { frame: { dialect: dialects[form], bytes: request.rawBody, body } }),
        streamType: 'application/x-ndjson',
        encoder: ({ id, trace }) =>
          streamEncoder({
            form: form === 'generate' ? 'generate' : 'chat',
            id,
            model: body.model,
            createdAt,
            measured: () => measureStream(trace, parts.now()),
          }),
        encode: (answered, { trace }) =>
          encodeResponse(form, answered, {
            model: body.model,
            createdAt: createdAt(),
            measured: measureWhole(trace, parts.now()),
          }),
      })
      return reply
    },
  )
}

/** Times as a client of a stream sees them: to the first output, and from there on. */
const measureStream = (
  { startedMs, sentMs = startedMs, firstContentMs }: Trace,
  nowMs: number,
): Measured => ({
  totalMs: nowMs - startedMs,
  promptMs: (firstContentMs ?? nowMs) - sentMs,
  generateMs: nowMs - (firstContentMs ?? nowMs),
})

/** A whole answer does not show when its first token was there. */
const measureWhole = ({ startedMs, sentMs = startedMs }: Trace, nowMs: number): Measured => ({
  totalMs: nowMs - startedMs,
  generateMs: nowMs - sentMs,
})
