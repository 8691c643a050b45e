import type { ModelManagement, PullProgress } from '../../../core/adapter.ts'
import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { createNdjsonDecoder } from '../../../core/ndjson.ts'
import { decodeProgress } from '../../../dialects/ollama/progress.ts'
import { type OllamaOptions, pinnedContext } from './options.ts'
import type { Server } from './server.ts'

/** Loading, unloading, fetching and removing models. All throw MODEL_NOT_FOUND, and what `Server.ask` throws. */
export const createManagement = (server: Server, options: OllamaOptions): Required<ModelManagement> => {
  const post = async (path: string, body: object, signal: AbortSignal): Promise<void> => {
    await server.askObject({ method: 'POST', path, body: JSON.stringify(body), signal })
  }

  const load: ModelManagement['load'] = async (model, signal, keepAlive = options.keepAlive) => {
    const numCtx = pinnedContext(options, model)
    const body = {
      model,
      stream: false,
      ...(keepAlive !== undefined && { keep_alive: keepAlive }),
      ...(numCtx !== undefined && { options: { num_ctx: numCtx } }),
    }
    try {
      await post('/api/generate', body, signal)
    } catch (error) {
      // What only makes vectors is loaded by asking for none.
      if (!isMcpdError(error) || !error.message.includes('does not support generate')) throw error
      await post('/api/embed', { ...body, input: [] }, signal)
    }
  }

  async function* pull(model: string, signal: AbortSignal): AsyncGenerator<PullProgress, void> {
    const body = JSON.stringify({ model, stream: true })
    const response = await server.ask({ method: 'POST', path: '/api/pull', body, signal })
    const lines = createNdjsonDecoder()
    for await (const bytes of response.body)
      for (const { text } of lines.push(bytes)) {
        if (text.trim() === '') continue
        const progress = decodeProgress(text, model)
        yield progress
        if (progress.status === 'success') return
      }
    throw new McpdError('BACKEND_INCOMPLETE', `The pull of "${model}" broke off.`, {
      suggestions: ['Pull it again: Ollama goes on where it stopped.'],
    })
  }

  return {
    load,
    unload: (model, signal) => post('/api/generate', { model, stream: false, keep_alive: 0 }, signal),
    pull,
    remove: async (model, signal) => {
      const body = JSON.stringify({ model })
      const response = await server.ask({ method: 'DELETE', path: '/api/delete', body, signal })
      // There is nothing to read, but what is not read keeps its connection.
      await response.bytes(1024)
    },
  }
}
