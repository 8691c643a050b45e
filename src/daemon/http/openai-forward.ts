import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ForwardRequest } from '../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../core/errors.ts'
import { editMembers } from '../../core/json-edit.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { newTrace } from '../../core/trace.ts'
import type { Activity } from '../activity.ts'
import type { Backend } from '../backend.ts'
import type { ForwardEvent, Forwarding } from '../forward.ts'
import { measureGuard } from '../guards/measure.ts'
import type { Registry } from '../registry.ts'
import { traceHeaders } from './answer.ts'
import { renderOpenAiError } from './openai.ts'
import { wrongMethod } from './server.ts'
import { createStreamWriter } from './stream-writer.ts'

export interface ForwardParts {
  readonly registry: Registry
  readonly activity: Activity
  readonly measure: ReturnType<typeof measureGuard>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'] as const

/** Headers of an answer that are its own, not of the connection it came by. */
const passedHeaders = ['content-type', 'content-disposition', 'content-encoding', 'retry-after', 'location']

/**
 * Routes of the OpenAI API that mcpd does not know (audio, images, moderations, files …) go to a backend that
 * speaks it, untouched but for the `model` value: under the same breaker, queue, limits and counts.
 */
export const openaiForward =
  (parts: ForwardParts) =>
  (app: FastifyInstance): void => {
    app.setErrorHandler(renderOpenAiError)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      request.rawBody = body
      done(null, undefined)
    })
    app.route({
      method: [...methods],
      url: '/v1/*',
      schema: {
        tags: ['OpenAI'],
        summary: 'Any other route of an OpenAI-compatible backend',
        description:
          'The backend is that of the `model` in the body or query, of the header x-mcpd-backend, or the only one.',
        params: {
          type: 'object',
          properties: { '*': { type: 'string', description: 'What follows /v1/.' } },
        },
        response: { default: { description: "The backend's answer.", content: { '*/*': { schema: {} } } } },
      },
      // What mcpd serves itself it serves alone: another method there would mean something else to each backend.
      onRequest: (request, reply, next) => {
        const allowed = app.ownMethods(request.url)
        next(allowed.length > 0 ? wrongMethod(request.method, allowed, reply) : undefined)
      },
      handler: async (request, reply) => {
        await forward(parts, request, reply)
        return reply
      },
    })
  }

const forward = async (parts: ForwardParts, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
  const { backend, body } = await choose(parts.registry, request)
  const active = parts.activity.begin()
  const onClose = (): void => {
    if (!reply.raw.writableFinished) active.abort(new McpdError('CANCELLED', 'The client went away.'))
  }
  reply.raw.once('close', onClose)
  const trace = newTrace('openai', request.receivedMs)
  request.trace = trace
  Object.assign(trace, { backend: backend.name, adapter: backend.adapterType, attempts: 1 })
  const { accept, 'content-type': contentType } = request.headers
  const asked: Omit<ForwardRequest, 'signal'> = {
    method: methods.find((method) => method === request.method) ?? 'GET',
    path: request.url.slice('/v1'.length),
    ...(contentType !== undefined && { contentType }),
    ...(accept !== undefined && { accept }),
    ...(body && { body }),
  }
  const forwarding: Forwarding = {
    input: { operation: 'forward' },
    stream: true,
    principal: defaultPrincipal,
    signal: active.signal,
    trace,
    request: asked,
  }
  let failed = true
  try {
    failed = !(await write(parts.measure(backend.forward!)(forwarding), reply, forwarding))
  } finally {
    reply.raw.off('close', onClose)
    active.end(failed)
  }
}

/** False when it broke off after its head; then the client sees the connection break too, for lack of another way. */
const write = async (
  events: AsyncIterable<ForwardEvent>,
  reply: FastifyReply,
  { signal, trace }: Forwarding,
): Promise<boolean> => {
  const { raw } = reply
  const writer = createStreamWriter(raw)
  try {
    for await (const event of events) {
      if (event.type === 'head') {
        reply.hijack()
        const passed = passedHeaders.flatMap((name) => {
          const value = event.headers[name]
          return value === undefined ? [] : [[name, value] as const]
        })
        raw.writeHead(event.status, {
          ...(reply.getHeaders() as Record<string, string>),
          ...Object.fromEntries(passed),
          ...traceHeaders(trace),
        })
        raw.flushHeaders()
      } else writer.write(event.bytes)
      const wait = writer.blocked(signal)
      if (wait) await wait
      if (signal.aborted) throw signal.reason
    }
    writer.end()
    return true
  } catch (error) {
    if (!raw.headersSent) throw error
    raw.destroy(toMcpdError(error))
    return false
  }
}

/** The backend that is meant, and the body with its own name of the model. Throws MODEL_NOT_FOUND or BAD_REQUEST. */
const choose = async (
  registry: Registry,
  request: FastifyRequest,
): Promise<{ readonly backend: Backend; readonly body?: Buffer }> => {
  const body = request.rawBody
  const named = request.headers['x-mcpd-backend']
  const model = modelOf(request)
  if (model !== undefined && named === undefined) {
    const { backend, model: own } = await registry.resolve(undefined, model)
    return { backend: able(backend), ...(body && { body: renamed(body, model, own) }) }
  }
  const candidates = registry.backends.filter(
    ({ name, forward }) => forward && (named === undefined || named === name),
  )
  if (candidates.length === 1) return { backend: candidates[0]!, ...(body && { body }) }
  if (candidates.length === 0)
    throw new McpdError(
      'NOT_FOUND',
      `There is no ${request.url.split('?')[0]} here, and no backend to ask for it.`,
    )
  throw new McpdError('BAD_REQUEST', 'Several backends could be meant.', {
    suggestions: [`Name one in the header x-mcpd-backend: ${candidates.map(({ name }) => name).join(', ')}.`],
  })
}

const able = (backend: Backend): Backend => {
  if (backend.forward) return backend
  throw new McpdError('OPERATION_UNSUPPORTED', `The backend ${backend.name} does not speak the OpenAI API.`, {
    backend: backend.name,
  })
}

/** Of a form's part: its bytes up to the next line. */
const formModel = /name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]+)\r\n/

const modelOf = (request: FastifyRequest): string | undefined => {
  const { rawBody: body, headers, query } = request
  const type = headers['content-type'] ?? ''
  if (body && type.includes('json')) {
    try {
      const { model } = JSON.parse(body.toString('utf8')) as { model?: unknown }
      if (typeof model === 'string') return model
    } catch {
      // The backend says what is wrong with it.
    }
  }
  if (body && type.startsWith('multipart/form-data')) return formModel.exec(body.toString('latin1'))?.[1]
  const { model } = (query ?? {}) as { model?: unknown }
  return typeof model === 'string' ? model : undefined
}

const renamed = (body: Buffer, model: string, own: string): Buffer => {
  if (model === own) return body
  const text = body.toString('latin1')
  const form = formModel.exec(text)
  if (!form) return editMembers(body, { model: { set: own } })
  const at = form.index + form[0].lastIndexOf(form[1]!)
  return Buffer.concat([body.subarray(0, at), Buffer.from(own), body.subarray(at + form[1]!.length)])
}
