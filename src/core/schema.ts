import type { Type as TypeBox } from 'typebox'

/**
 * The schema builders of TypeBox that mcpd uses, with its types and none of its code: to load a library of seven
 * hundred files was a third of the daemon's start and a fifth of its memory, and what these do is a line each.
 * `test/unit/core/schema.test.ts` holds them to the originals.
 */

type Options = Readonly<Record<string, unknown>>
type Schema = Record<string, unknown>
type Builder =
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'Ref'
  | 'Refine'
  | 'String'
  | 'Union'
  | 'Unknown'
  | 'Unsafe'

/** What is true of a schema and not said in it: whether it is optional, and what functions check. */
const hidden = ['~optional', '~refine'] as const

/** A copy with one of them more. A spread leaves them behind, as it does with TypeBox. */
const marked = (schema: Schema, mark: (typeof hidden)[number], value: unknown): Schema => {
  const copy = { ...schema }
  for (const name of hidden) {
    const own = name === mark ? value : schema[name]
    if (own !== undefined) Object.defineProperty(copy, name, { value: own })
  }
  return copy
}

const typed =
  (type: string) =>
  (options?: Options): Schema => ({ type, ...options })

const builders: Readonly<Record<Builder, (...given: never[]) => Schema>> = {
  Array: (items: Schema, options?: Options) => ({ type: 'array', items, ...options }),
  Boolean: typed('boolean'),
  Enum: (values: readonly string[], options?: Options) => ({ enum: values, ...options }),
  Integer: typed('integer'),
  Literal: (value: string | number | boolean, options?: Options) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Null: typed('null'),
  Number: typed('number'),
  Object: (properties: Readonly<Record<string, Schema>>, options?: Options) => {
    const required = Object.keys(properties).filter((name) => !('~optional' in properties[name]!))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional: (schema: Schema) => marked(schema, '~optional', true),
  Record: (key: Schema, value: Schema, options?: Options) => ({
    type: 'object',
    patternProperties: { [(key['pattern'] as string | undefined) ?? '^.*$']: value },
    ...options,
  }),
  Ref: (reference: string, options?: Options) => ({ $ref: reference, ...options }),
  Refine: (schema: Schema, check: unknown, error: unknown) =>
    marked(schema, '~refine', [...((schema['~refine'] as unknown[] | undefined) ?? []), { check, error }]),
  String: typed('string'),
  Union: (anyOf: readonly Schema[], options?: Options) => ({ anyOf, ...options }),
  Unknown: (options?: Options) => ({ ...options }),
  Unsafe: (schema: Schema) => ({ ...schema }),
}

// They make what those of TypeBox make, so the types of those are theirs.
export const Type = builders as unknown as Pick<typeof TypeBox, Builder>
