import { createRequire } from 'node:module'
import type { Static, TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'

/** Whether values are what a schema asks for, as `Compile` of TypeBox says it. */
export interface SchemaCheck<S extends TSchema = TSchema> {
  Check(value: unknown): value is Static<S>
  /** What is wrong, in the words of TypeBox; empty when nothing is. */
  Errors(value: unknown): ReturnType<Validator['Errors']>
}

const load = createRequire(import.meta.url)

/** Compiles a schema with TypeBox, which is loaded for it. Throws when it is no schema. */
export const compile = (schema: TSchema): SchemaCheck =>
  (load('typebox/compile') as typeof import('typebox/compile')).Compile(schema)

/**
 * Checks values by a schema without loading TypeBox for those that are surely right, which is all that most daemons
 * ever see. What is wrong, or asked for in a way not known here, TypeBox decides and puts into words.
 */
export const checkLater = <S extends TSchema>(schema: S): SchemaCheck<S> => {
  let compiled: SchemaCheck | undefined
  const exact = (): SchemaCheck => (compiled ??= compile(schema))
  return {
    Check: (value): value is Static<S> => isSurely(schema, value) || exact().Check(value),
    Errors: (value) => exact().Errors(value),
  }
}

type Keyword = (asked: never, value: unknown, schema: Readonly<Record<string, unknown>>) => boolean

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isSafeInteger,
  null: (value) => value === null,
  number: Number.isFinite,
  object: isObject,
  string: (value) => typeof value === 'string',
}

const says = (): boolean => true
const ofNumbers =
  (holds: (value: number, limit: number) => boolean) =>
  (limit: number, value: unknown): boolean =>
    typeof value !== 'number' || holds(value, limit)

const keywords: Readonly<Record<string, Keyword>> = {
  $id: says,
  default: says,
  description: says,
  title: says,
  type: (asked: string | readonly string[], value) => [asked].flat().some((type) => types[type]?.(value)),
  const: (asked: unknown, value) => asked === value,
  enum: (asked: readonly unknown[], value) => asked.includes(value),
  anyOf: (asked: readonly unknown[], value) => asked.some((schema) => isSurely(schema, value)),
  minimum: ofNumbers((value, limit) => value >= limit),
  maximum: ofNumbers((value, limit) => value <= limit),
  exclusiveMinimum: ofNumbers((value, limit) => value > limit),
  exclusiveMaximum: ofNumbers((value, limit) => value < limit),
  // Nobody counts more characters in a text than JavaScript does, and any text that is not empty has one.
  maxLength: (limit: number, value) => typeof value !== 'string' || value.length <= limit,
  minLength: (limit: number, value) => typeof value !== 'string' || (limit <= 1 && value.length >= limit),
  pattern: (asked: string, value) => typeof value !== 'string' || new RegExp(asked, 'u').test(value),
  items: (asked: unknown, value) =>
    !Array.isArray(value) || value.every((item: unknown) => isSurely(asked, item)),
  minItems: (limit: number, value) => !Array.isArray(value) || value.length >= limit,
  maxItems: (limit: number, value) => !Array.isArray(value) || value.length <= limit,
  required: (names: readonly string[], value) =>
    !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  // With the members that have no schema of their own.
  properties: (_, value, schema) => !isObject(value) || membersHold(schema, value),
  patternProperties: (_, value, schema) => !isObject(value) || membersHold(schema, value),
  additionalProperties: (_, value, schema) => !isObject(value) || membersHold(schema, value),
}

const membersHold = (
  schema: Readonly<Record<string, unknown>>,
  value: Readonly<Record<string, unknown>>,
): boolean => {
  const { properties = {}, patternProperties = {}, additionalProperties = true } = schema
  const patterns = Object.entries(patternProperties as object)
  return Object.entries(value).every(([name, member]) => {
    if (member === undefined) return false
    const own = Object.hasOwn(properties as object, name) ? [(properties as typeof value)[name]] : []
    const asked = [
      ...own,
      ...patterns
        .filter(([pattern]) => new RegExp(pattern, 'u').test(name))
        .map(([, each]) => each as unknown),
    ]
    return (asked.length > 0 ? asked : [additionalProperties]).every((each) => isSurely(each, member))
  })
}

/** False where it is not, and where nobody can tell here. */
const isSurely = (schema: unknown, value: unknown): boolean => {
  if (typeof schema === 'boolean') return schema
  if (!isObject(schema)) return false
  // Hidden, so that no spread and no JSON shows it.
  const refinements = (schema['~refine'] ?? []) as readonly { readonly check: (value: unknown) => boolean }[]
  return (
    Object.entries(schema).every(([name, asked]) =>
      Object.hasOwn(keywords, name) ? keywords[name]!(asked as never, value, schema) : false,
    ) && refinements.every(({ check }) => check(value))
  )
}
