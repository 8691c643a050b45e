import { createRequire } from 'node:module'
import type { AnySchema, Options, ValidateFunction } from 'ajv'

/** One part of a request that a route has a schema for. */
interface Part {
  readonly schema: AnySchema
}

const load = createRequire(import.meta.url)

/**
 * How fastify gets the validators of a scope's routes: each is compiled when its first request comes, and Ajv loaded
 * with the first of them. Most daemons are asked on two or three routes out of a hundred, and to compile all of them
 * was a third of a start.
 */
export const buildValidators =
  (options: Options) =>
  (schemas: unknown): ((part: AnySchema) => ValidateFunction) => {
    let ajv: import('ajv').Ajv | undefined
    const open = (): import('ajv').Ajv => {
      const { Ajv } = load('ajv') as typeof import('ajv')
      const made = new Ajv({ ...options, addUsedSchema: false })
      // Of this scope: schemas by their $id.
      for (const schema of Object.values(schemas as Record<string, object>)) made.addSchema(schema)
      return made
    }
    return (part) => {
      // Fastify's types say the schema itself; it gives the schema with its place.
      const { schema } = part as Part
      let compiled: ValidateFunction | undefined
      const validate = (data: unknown): boolean => {
        compiled ??= (ajv ??= open()).compile(schema)
        const isValid = compiled(data)
        // Fastify reads them off the function that it was given.
        if (!isValid) (validate as ValidateFunction).errors = compiled.errors ?? null
        return isValid
      }
      return validate as ValidateFunction
    }
  }
