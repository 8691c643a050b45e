import type { FastifyReply, FastifyRequest } from 'fastify'
import { McpdError } from '../../core/errors.ts'
import { encodeError } from '../../dialects/kserve/errors.ts'
import type { Registry } from '../registry.ts'
import { prepareError } from './render-error.ts'

/** Pieces that the routes of the KServe surface share. */

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `${schema}#` } } })

/** A JSON answer of the schema with that `$id`. */
export const kserveAnswer = (schema: string, description: string, more: object = {}) => ({
  description,
  content: { ...json(schema), ...more },
})

export const kserveFailure = { default: { description: 'An error.', content: json('KserveError') } }

export interface ModelParams {
  readonly model: string
  readonly version?: string
}

/** The two places of a model, and what their parameters are. */
export const modelPlaces = [
  { base: '/v2/models/:model', suffix: '' },
  { base: '/v2/models/:model/versions/:version', suffix: 'Version' },
] as const

const text = (description: string) => ({ type: 'string', description })

export const paramsOf = (suffix: string) => ({
  type: 'object',
  properties: {
    model: text('The model; slashes may be raw or percent-encoded.'),
    ...(suffix !== '' && { version: text('Its version, a number.') }),
  },
})

/**
 * The name of a model and its version in one word. A backend that has no versions has a first one. Throws
 * MODEL_NOT_FOUND for any other.
 */
export const servedName = (registry: Registry, { model, version }: ModelParams): string => {
  if (version === undefined) return model
  const exact = `${model}:${version}`
  if (registry.lookup(undefined, exact)) return exact
  if (version === '1') return model
  throw new McpdError('MODEL_NOT_FOUND', `${model} has no version ${version}.`, { param: 'version' })
}

/** `{"error": "…"}`, as Triton says it. */
export const renderKserveError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const error = prepareError(thrown, request, reply)
  void reply.type('application/json; charset=utf-8').send(encodeError(error))
}
