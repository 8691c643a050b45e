import { isMcpdError, McpdError } from '../../../core/errors.ts'
import { isRecord, type Wire } from '../../../dialects/wire.ts'
import { type KindName, routerUrl } from './options.ts'
import type { Place } from './place.ts'

/**
 * Which kind of server is at an address, by what it says of itself. `wait` is whether an endpoint may be waited for
 * that wakes up. Throws BACKEND_ERROR when it is none of them, or what keeps it from answering.
 */
export const probe = async (place: Place, signal: AbortSignal, wait: boolean): Promise<KindName> => {
  const { url = routerUrl } = place.options
  if (new URL(url).host === new URL(routerUrl).host) return 'router'
  const ask = async (path: string): Promise<Wire | undefined> => {
    try {
      const asking = { method: 'GET', path, signal } as const
      const response = await (wait ? place.ask(asking) : place.server.ask(asking))
      const value: unknown = JSON.parse((await response.bytes(place.answerMaxBytes)).toString())
      return isRecord(value) ? value : undefined
    } catch (error) {
      // A route that is not there, a web page or no JSON says only that it is another kind.
      if (isSilence(error)) throw error
      return undefined
    }
  }
  const info = await ask('/info')
  if (info) {
    if (isRecord(info['model_type']) || 'tokenization_workers' in info) return 'tei'
    if ('max_total_tokens' in info || 'max_input_tokens' in info || 'max_input_length' in info) return 'tgi'
  }
  const models = await ask('/v1/models')
  const [first]: unknown[] = Array.isArray(models?.['data']) ? models['data'] : []
  if (Array.isArray(models?.['data'])) return isRecord(first) && 'providers' in first ? 'router' : 'openai'
  throw new McpdError('BACKEND_ERROR', 'What is there is no TGI, no TEI and no server of the OpenAI API.', {
    suggestions: ["Check url in the backend's entry of the config, or say what it is by kind."],
  })
}

/** What says nothing about the kind: nobody there, asleep, or a key that is refused everywhere. */
const isSilence = (error: unknown): boolean =>
  isMcpdError(error) &&
  (error.code === 'BACKEND_UNAVAILABLE' ||
    error.code === 'BACKEND_TIMEOUT' ||
    error.code === 'CANCELLED' ||
    error.code === 'DEADLINE_EXCEEDED' ||
    error.code === 'SHUTTING_DOWN')
