import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PullProgress } from '../../core/adapter.ts'
import { McpdError, toMcpdError } from '../../core/errors.ts'
import { encodeNdjson } from '../../core/ndjson.ts'
import { encodeError } from '../../dialects/ollama/errors.ts'
import { encodeProgress } from '../../dialects/ollama/progress.ts'
import { wantsStream } from '../../dialects/ollama/request.ts'
import type { NamedBody } from '../../dialects/ollama/request-schemas.ts'
import type { Form } from '../../dialects/ollama/wire.ts'
import type { Backend } from '../backend.ts'
import type { Registry } from '../registry.ts'
import {
  type ManageParts,
  nameIn,
  ollamaAnswer,
  ollamaFailure,
  servedName,
  whileWanted,
} from './ollama-route.ts'
import { createStreamWriter } from './stream-writer.ts'

/** Large models take hours over slow lines. */
const pullMaxMs = 24 * 3600e3

/** Fetching and removing models, at backends that can. */
export const addManagement = (app: FastifyInstance, parts: ManageParts): void => {
  app.post<{ Body: NamedBody & { readonly stream?: boolean | null } }>(
    '/api/pull',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaPull',
        summary: 'Fetch a model',
        description: 'By the backend before the first slash of its name, else by the first one that can.',
        body: { $ref: 'OllamaPullRequest#' },
        response: { 200: ollamaAnswer('OllamaProgress', 'How far it has come.', true), ...ollamaFailure },
      },
    },
    async (request, reply) => {
      const { backend, model } = puller(parts.registry, nameIn(request.body))
      reply.header('x-mcpd-backend', backend.name)
      const fetching = async (signal: AbortSignal): Promise<void> => {
        const progress = served(backend, backend.adapter.manage!.pull!(model, signal))
        await (wantsStream(request.body) ? streamProgress(progress, reply, signal) : lastOf(progress, reply))
      }
      await whileWanted(parts, reply, fetching, pullMaxMs)
      return reply
    },
  )

  app.delete<{ Body: NamedBody }>(
    '/api/delete',
    {
      schema: {
        tags: ['Ollama'],
        operationId: 'ollamaDelete',
        summary: 'Remove a model',
        body: { $ref: 'OllamaDeleteRequest#' },
        response: { 200: { description: 'It is gone.' }, ...ollamaFailure },
      },
    },
    async (request, reply) => {
      const { registry } = parts
      const name = servedName(registry, nameIn(request.body))
      if (registry.groups.some(({ config }) => config.name === name))
        throw new McpdError('BAD_REQUEST', `"${name}" is a group: name the backend, as in backend/model.`, {
          param: 'model',
        })
      const { backend, model } = await registry.resolve(undefined, name)
      const { manage } = backend.adapter
      if (!manage?.remove) throw cannot(backend, 'removes no models')
      reply.header('x-mcpd-backend', backend.name)
      await whileWanted(parts, reply, async (signal) => {
        await manage.remove!(model, signal)
        await backend.changed()
      })
      return reply.code(200).send()
    },
  )
}

/**
 * What a request without content asks for: the model in memory, or with `keep_alive` 0 out of it. A backend that has
 * no say in that keeps its models there, so for it the first is done already and the second cannot be.
 */
export const loadOrUnload = async (
  parts: ManageParts,
  request: FastifyRequest,
  reply: FastifyReply,
  form: Form,
  name: string,
): Promise<FastifyReply> => {
  const { model: asked, keep_alive: keepAlive } = request.body as {
    readonly model: string
    readonly keep_alive?: string | number | null
  }
  const { backend, model } = await parts.registry.resolve(undefined, name)
  const { manage } = backend.adapter
  const isUnload = keepAlive === 0 || /^0+(ms|s|m|h)?$/.test(String(keepAlive))
  if (isUnload && !manage?.unload) throw cannot(backend, 'keeps its models in memory')
  reply.header('x-mcpd-backend', backend.name)
  await whileWanted(parts, reply, async (signal) => {
    if (isUnload) await manage?.unload?.(model, signal)
    else await manage?.load?.(model, signal, keepAlive ?? undefined)
    if (manage?.load) await backend.changed()
  })
  const labels = { model: asked, created_at: new Date().toISOString() }
  const done = { done: true, done_reason: isUnload ? 'unload' : 'load' }
  const answers: Readonly<Record<Form, object>> = {
    chat: { ...labels, message: { role: 'assistant', content: '' }, ...done },
    generate: { ...labels, response: '', ...done },
    embed: { model: asked, embeddings: [] },
    embeddings: { embedding: [] },
  }
  return reply.send(answers[form])
}

const cannot = (backend: Backend, what: string): McpdError =>
  new McpdError('OPERATION_UNSUPPORTED', `The backend ${backend.name} (${backend.adapterType}) ${what}.`, {
    backend: backend.name,
  })

/** Who is to fetch a model that nobody has yet, and its name there. */
const puller = (registry: Registry, name: string): { backend: Backend; model: string } => {
  const prefix = name.slice(0, Math.max(0, name.indexOf('/')))
  const named = registry.backends.find((backend) => backend.name === prefix)
  if (named?.adapter.manage?.pull) return { backend: named, model: name.slice(prefix.length + 1) }
  if (named) throw cannot(named, 'fetches no models')
  const able = registry.backends.filter(({ adapter }) => adapter.manage?.pull !== undefined)
  const backend = able.find(({ health }) => health.ok) ?? able[0]
  if (!backend)
    throw new McpdError('OPERATION_UNSUPPORTED', 'No backend here can fetch models.', {
      suggestions: ['One with the adapter ollama can.'],
    })
  return { backend, model: name }
}

/** The same steps; who hears of the success finds the model served. */
async function* served(
  backend: Backend,
  progress: AsyncIterable<PullProgress>,
): AsyncGenerator<PullProgress, void> {
  for await (const step of progress) {
    if (step.status === 'success') await backend.changed()
    yield step
  }
}

/** An error before the first line still has a status of its own. */
const streamProgress = async (
  progress: AsyncIterable<PullProgress>,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<void> => {
  const { raw } = reply
  const writer = createStreamWriter(raw)
  let begun = false
  try {
    for await (const step of progress) {
      if (!begun) {
        begun = true
        reply.hijack()
        raw.writeHead(200, {
          ...(reply.getHeaders() as Record<string, string>),
          'content-type': 'application/x-ndjson',
          'cache-control': 'no-cache',
        })
      }
      writer.write(encodeNdjson(encodeProgress(step)))
      const wait = writer.blocked(signal)
      if (wait) await wait
      signal.throwIfAborted()
    }
    writer.end()
  } catch (error) {
    if (!begun) throw error
    const failure = toMcpdError(error)
    if (failure.code === 'INTERNAL') reply.log.error({ err: error }, 'a pull failed')
    writer.write(encodeNdjson(JSON.parse(encodeError(failure).toString())))
    writer.cut()
  }
}

const lastOf = async (progress: AsyncIterable<PullProgress>, reply: FastifyReply): Promise<void> => {
  let last: PullProgress = { status: 'success' }
  for await (const step of progress) last = step
  void reply.send(encodeProgress(last))
}
