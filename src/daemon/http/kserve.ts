import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { InferInput, Input, Operation } from '../../core/inference.ts'
import { decodeGenerate, encodeGenerated } from '../../dialects/kserve/generate-text.ts'
import { decodeInfer } from '../../dialects/kserve/infer-request.ts'
import { encodeInferResponse } from '../../dialects/kserve/infer-response.ts'
import * as requests from '../../dialects/kserve/request-schemas.ts'
import * as responses from '../../dialects/kserve/response-schemas.ts'
import { streamEncoder } from '../../dialects/kserve/stream-encoder.ts'
import { textInput, textTensors } from '../../dialects/kserve/text-tensors.ts'
import { dialects, jsonLengthHeader } from '../../dialects/kserve/wire.ts'
import type { Registry } from '../registry.ts'
import { answer, type AnswerParts } from './answer.ts'
import { contextOf } from './context-of.ts'
import { addKserveModels, type KserveModelParts } from './kserve-models.ts'
import {
  kserveAnswer,
  kserveFailure,
  modelPlaces,
  type ModelParams,
  paramsOf,
  renderKserveError,
  servedName,
} from './kserve-route.ts'
import { parseJson } from './server.ts'

export type KserveParts = AnswerParts & KserveModelParts

type Body = Readonly<Record<string, unknown>>
type ModelRequest = FastifyRequest<{ Params: ModelParams }>

const binary = 'application/octet-stream'

/**
 * The KServe v2 protocol over every backend that can: texts over those of language models, tensors over those that
 * have them. What goes to a server of the protocol passes through byte for byte. The protocol's clients often send
 * bodies without saying what they are; the checks of Host and Origin keep web pages out all the same.
 */
export const kserveSurface =
  (parts: KserveParts) =>
  (app: FastifyInstance): void => {
    for (const schema of [...Object.values(requests), ...Object.values(responses)]) app.addSchema(schema)
    app.addHook('onRequest', ({ raw }, _, done) => {
      const hasBytes = raw.headers[jsonLengthHeader] !== undefined
      if (raw.method === 'POST') raw.headers['content-type'] = hasBytes ? binary : 'application/json'
      done()
    })
    app.addContentTypeParser(binary, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      request.rawBody = body
      done(null, {})
    })
    // An index is asked for without a body as well.
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      if (body.length === 0 && request.url.startsWith('/v2/repository/index')) done(null, {})
      else parseJson(request, body, done)
    })
    app.setErrorHandler(renderKserveError)
    addKserveModels(app, parts)
    for (const place of modelPlaces) {
      addInfer(app, parts, place)
      addGenerate(app, parts, place, 'generate')
      addGenerate(app, parts, place, 'generate_stream')
    }
  }

type Place = (typeof modelPlaces)[number]

const addInfer = (app: FastifyInstance, parts: KserveParts, { base, suffix }: Place): void => {
  app.post<{ Params: ModelParams }>(
    `${base}/infer`,
    {
      schema: {
        tags: ['KServe'],
        operationId: `kserveInfer${suffix}`,
        summary: 'Give tensors to a model',
        params: paramsOf(suffix),
        body: {
          content: {
            'application/json': { schema: { $ref: 'KserveInferRequest#' } },
            [binary]: { schema: { description: 'JSON, and behind it the bytes of tensors.' } },
          },
        },
        response: {
          200: kserveAnswer('KserveInferResponse', 'The tensors.', {
            [binary]: {
              schema: { type: 'string', description: 'JSON, and behind it the bytes of tensors.' },
            },
          }),
          ...kserveFailure,
        },
      },
    },
    async (request, reply) => {
      await infer(parts, request, reply)
      return reply
    },
  )
}

const infer = async (parts: KserveParts, request: ModelRequest, reply: FastifyReply): Promise<void> => {
  const header = request.headers[jsonLengthHeader]
  const jsonLength = header === undefined ? undefined : Number(header)
  const bytes = request.rawBody ?? Buffer.alloc(0)
  const { input: asked, id } = decodeInfer(bytes, jsonLength)
  const model = servedName(parts.registry, request.params)
  const input = await inputFor(parts.registry, model, asked)
  const { model: name, version } = request.params
  await answer(parts, request, reply, {
    surface: 'kserve',
    model,
    input,
    stream: false,
    ...contextOf(request, 'infer'),
    ...(input === asked && {
      frame: {
        dialect: dialects.infer,
        bytes,
        body: request.body as Body,
        ...(jsonLength !== undefined && { jsonLength }),
      },
    }),
    streamType: 'text/event-stream; charset=utf-8',
    encoder: () => streamEncoder({ model: name }),
    encode: (response) => {
      const tensors = response.tensors ?? textTensors(response)
      const { body, jsonLength: length } = encodeInferResponse(
        { ...response, tensors },
        {
          model: name,
          input: asked,
          ...(version !== undefined && { version }),
          ...(id !== undefined && { id }),
        },
      )
      if (length !== undefined) reply.type(binary).header(jsonLengthHeader, String(length))
      return body
    },
  })
}

/** Tensors as they are for a model that takes them, as text for one that knows nothing else. */
const inputFor = async (registry: Registry, model: string, asked: InferInput): Promise<Input> => {
  const [target] = (await registry.resolveRoute(undefined, model)).targets
  const known = target?.backend.find(target.model)
  const able: readonly Operation[] = known?.operations ?? target?.backend.adapter.operations ?? []
  if (able.includes('infer')) return asked
  if (able.includes('complete')) return textInput(asked, 'complete')
  return able.includes('embed') ? textInput(asked, 'embed') : asked
}

const addGenerate = (
  app: FastifyInstance,
  parts: KserveParts,
  { base, suffix }: Place,
  route: 'generate' | 'generate_stream',
): void => {
  const stream = route === 'generate_stream'
  const event = {
    schema: {
      description: 'Server-sent events; the data of each is of KserveGenerateResponse.',
    },
    'x-itemSchema': { $ref: 'KserveGenerateResponse#' },
  }
  app.post<{ Params: ModelParams }>(
    `${base}/${route}`,
    {
      schema: {
        tags: ['KServe'],
        operationId: `kserve${stream ? 'GenerateStream' : 'Generate'}${suffix}`,
        summary: stream ? 'Continue a text, piece by piece' : 'Continue a text',
        params: paramsOf(suffix),
        body: { $ref: 'KserveGenerateRequest#' },
        response: {
          200: stream
            ? { description: 'The pieces.', content: { 'text/event-stream': event } }
            : kserveAnswer('KserveGenerateResponse', 'The text.'),
          ...kserveFailure,
        },
      },
    },
    async (request, reply) => {
      const body = request.body as Body & { readonly id?: string | null }
      const label = { model: request.params.model, ...(typeof body.id === 'string' && { id: body.id }) }
      await answer(parts, request, reply, {
        surface: 'kserve',
        model: servedName(parts.registry, request.params),
        input: decodeGenerate(body),
        stream,
        ...contextOf(request, route),
        ...(request.rawBody && { frame: { dialect: dialects.generate, bytes: request.rawBody, body } }),
        streamType: 'text/event-stream; charset=utf-8',
        encoder: () => streamEncoder(label),
        encode: (response) => encodeGenerated(response, label),
      })
      return reply
    },
  )
}
