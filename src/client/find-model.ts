import type { Operation } from '../core/inference.ts'
import { McpdError } from '../core/errors.ts'
import { nearest } from './nearest.ts'
import type { Client } from './client.ts'
import type { ModelEntry } from './types.ts'

/**
 * The id to send for what a person wrote: an id, `adapter/model` or a bare name; nothing = the first model that
 * can do `operation`. Throws MODEL_NOT_FOUND or OPERATION_UNSUPPORTED, with names that would work.
 */
export const findModel = (
  models: readonly ModelEntry[],
  name: string | undefined,
  operation: Operation,
): string => {
  const capable = models.filter(({ operations }) => operations.includes(operation))
  if (name === undefined) {
    const [first] = capable
    if (first) return first.id
    throw new McpdError('MODEL_NOT_FOUND', `The daemon serves no model that can ${operation}.`, {
      suggestions: ['See what it serves: mcpd models', 'See how its backends are: mcpd status'],
    })
  }
  const found =
    models.find(({ id }) => id === name) ??
    models.find((model) => `${model.adapter}/${model.name}` === name) ??
    models.find((model) => model.name === name && model.shadowedBy === undefined)
  if (found === undefined) return unlisted(models, capable, name)
  if (found.operations.includes(operation)) return found.id
  throw new McpdError('OPERATION_UNSUPPORTED', `${found.id} cannot ${operation}.`, {
    suggestions: capable.slice(0, 3).map(({ id }) => `${id} can.`),
  })
}

/**
 * As `findModel`, of what a daemon serves now; a name without a slash may be a group's, which goes before a model's
 * as it does in requests.
 */
export const resolveModel = async (
  client: Pick<Client, 'models' | 'route'>,
  name: string | undefined,
  operation: Operation,
): Promise<string> => {
  const [models, group] = await Promise.all([
    client.models(),
    name === undefined || name.includes('/')
      ? undefined
      : client.route(name).then(
          (route) => route.group,
          // What it is instead, or that it is nothing, is said below.
          () => undefined,
        ),
  ])
  return group === undefined ? findModel(models, name, operation) : `group/${group}`
}

/** A backend that is down lists no models, and only the daemon knows: whatever may name a backend goes there. */
const unlisted = (models: readonly ModelEntry[], capable: readonly ModelEntry[], name: string): string => {
  const near = nearest(
    name,
    capable.flatMap((model) => [model.id, model.name]),
  )
  const isListed = models.some(({ backend, adapter }) =>
    [backend, adapter].includes(name.split('/')[0] ?? ''),
  )
  if (name.includes('/') && near === undefined && !isListed) return name
  throw new McpdError('MODEL_NOT_FOUND', `The daemon has no model "${name}".`, {
    suggestions: [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      'See what it serves: mcpd models',
      'A backend that is down serves nothing: mcpd status',
    ],
  })
}
