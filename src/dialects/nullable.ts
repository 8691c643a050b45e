import type { Static, TSchema } from 'typebox'
import { Type } from '../core/schema.ts'
import { exactly, exactOf } from './exact.ts'

/** The same schema taking null as well, as a list of types: `anyOf` would blur what validators say is wrong. */
export const nullable = <T extends TSchema & { readonly type: string }>(schema: T) =>
  Type.Unsafe<Static<T> | null>(withExact(schema, { ...schema, type: [schema.type, 'null'] }))

const withExact = (schema: TSchema, made: TSchema): TSchema => {
  const exact = exactOf(schema)
  return exact === schema ? made : exactly(made, { anyOf: [exact, { type: 'null' }] })
}

/** A member that may be absent or null, which is the same. */
export const optional = <T extends TSchema & { readonly type: string }>(schema: T) =>
  Type.Optional(nullable(schema))
