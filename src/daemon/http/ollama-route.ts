import type { FastifyReply } from 'fastify'
import { McpdError } from '../../core/errors.ts'
import type { NamedBody } from '../../dialects/ollama/request-schemas.ts'
import type { Activity } from '../activity.ts'
import type { Registry } from '../registry.ts'

/** Pieces that the routes of the Ollama surface share. */

export interface ManageParts {
  readonly registry: Registry
  readonly activity: Activity
}

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `${schema}#` } } })

/** A JSON answer of the schema with that `$id`, or a stream whose lines are of it. */
export const ollamaAnswer = (schema: string, description: string, canStream = false) => ({
  description,
  content: {
    ...json(schema),
    ...(canStream && {
      'application/x-ndjson': {
        schema: {
          type: 'string',
          description: `Lines, each of ${schema}; one with an error may be the last.`,
        },
        'x-itemSchema': { $ref: `${schema}#` },
      },
    }),
  },
})

export const ollamaFailure = { default: { description: 'An error.', content: json('OllamaError') } }

/** Clients of Ollama put its default tag to names; where no model has that name, the one without it is meant. */
export const servedName = (registry: Registry, name: string): string =>
  name.endsWith(':latest') && !registry.lookup(undefined, name) ? name.slice(0, -':latest'.length) : name

/** The model that a request is about. Throws BAD_REQUEST. */
export const nameIn = ({ model, name }: NamedBody): string => {
  const wanted = model || name
  if (!wanted) throw new McpdError('BAD_REQUEST', 'model is required', { param: 'model' })
  return wanted
}

/** Runs what must stop when the client goes away or the daemon does, and be waited for until then. */
export const whileWanted = async <T>(
  { activity }: ManageParts,
  { raw }: FastifyReply,
  run: (signal: AbortSignal) => Promise<T>,
  limitMs?: number,
): Promise<T> => {
  const active = activity.begin(limitMs)
  const onClose = (): void => {
    if (!raw.writableFinished)
      active.abort(new McpdError('CANCELLED', 'The client went away before its answer was complete.'))
  }
  raw.once('close', onClose)
  let failed = true
  try {
    const result = await run(active.signal)
    failed = false
    return result
  } finally {
    raw.off('close', onClose)
    active.end(failed)
  }
}
