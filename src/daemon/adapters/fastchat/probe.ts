import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import type { Place } from './kind.ts'
import type { KindName } from './options.ts'

/**
 * Which server of FastChat is at an address, by the routes it has. Throws BACKEND_ERROR when it is none of them, or
 * what keeps it from answering.
 */
export const probe = async ({ server }: Place, signal: AbortSignal): Promise<KindName> => {
  const ask = async (path: string, body: object): Promise<Wire | undefined> => {
    try {
      const value = await server.askJson({ method: 'POST', path, body: JSON.stringify(body), signal })
      return isRecord(value) ? value : undefined
    } catch (error) {
      // A route that is not there, a web page or no JSON says only that it is another kind.
      if (isSilence(error)) throw error
      return undefined
    }
  }
  // A controller also answers as a worker, so it is asked first.
  if (Array.isArray((await ask('/list_models', {}))?.['models'])) return 'controller'
  if (Array.isArray((await ask('/worker_get_status', {}))?.['model_names'])) return 'worker'
  if (Array.isArray((await ask('/api/v1/token_check', { prompts: [] }))?.['prompts'])) return 'api'
  throw new McpdError('BACKEND_ERROR', 'What is there is no controller, worker or API server of FastChat.', {
    suggestions: ["Check url in the backend's entry of the config, or say what it is by kind."],
  })
}

const silences: readonly string[] = [
  'BACKEND_UNAVAILABLE',
  'BACKEND_TIMEOUT',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'SHUTTING_DOWN',
]

/** What says nothing about the kind: nobody there. */
const isSilence = (error: unknown): boolean => !isMcpdError(error) || silences.includes(error.code)
