import type { GbnfJsonSchema } from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'

type Schema = Readonly<Record<string, unknown>>

export interface GrammarSchema {
  readonly schema: GbnfJsonSchema
  /** Keywords that a grammar cannot hold the model to, such as `pattern`. */
  readonly unenforced: readonly string[]
}

const depthMax = 64
/** A grammar spells repetition out, so a longer bound is left away. */
const repetitionMax = 1000

const anyValue: Schema = {
  oneOf: [
    { type: 'object', additionalProperties: true },
    { type: 'array' },
    { type: ['string', 'number', 'boolean', 'null'] },
  ],
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const asSchema = (value: unknown): Schema => (isSchema(value) ? value : {})

const types = new Set<unknown>(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object'

const bounds: Readonly<Record<string, readonly string[]>> = {
  object: ['minProperties', 'maxProperties'],
  array: ['minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
}

/** Keywords with which a schema asks for more than its type. */
const ignored = [
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'uniqueItems',
  'contains',
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'not',
  'if',
]

const unsatisfiable = (what: string): McpdError =>
  new McpdError('BAD_REQUEST', `No value can satisfy the JSON schema: it has ${what}.`)

/**
 * The part of JSON Schema that node-llama-cpp's grammars know, in their words: it takes `{}` for null, and reads
 * no anyOf, no `definitions` and no object without a type. Throws BAD_REQUEST for a schema that nothing satisfies.
 */
export const toGrammarSchema = (root: Schema | boolean): GrammarSchema => {
  const unenforced = new Set<string>()
  const definitions: Schema = isSchema(root)
    ? { ...asSchema(root['definitions']), ...asSchema(root['$defs']) }
    : {}

  const boundsOf = (node: Schema, type: string): Schema =>
    Object.fromEntries(
      (bounds[type] ?? []).flatMap((key) => {
        const value = node[key]
        if (typeof value !== 'number') return []
        if (value <= repetitionMax) return [[key, value]]
        unenforced.add(key)
        return []
      }),
    )

  const walk = (node: unknown, depth: number): Schema => {
    if (depth > depthMax)
      throw new McpdError('BAD_REQUEST', `The JSON schema is nested more than ${depthMax} deep.`)
    if (node === false) throw unsatisfiable('`false`')
    if (!isSchema(node)) return anyValue
    for (const key of ignored) if (key in node) unenforced.add(key)
    const either = (nodes: readonly unknown[]): Schema => {
      if (nodes.length === 0) throw unsatisfiable('a choice between nothing')
      return { oneOf: nodes.map((inner) => walk(inner, depth + 1)) }
    }

    const { $ref: reference, anyOf, oneOf, allOf, type } = node
    if (typeof reference === 'string') {
      const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1]
      if (name !== undefined && Object.hasOwn(definitions, name)) return { $ref: `#/$defs/${name}` }
      unenforced.add('$ref')
      return anyValue
    }
    if (Array.isArray(oneOf)) return either(oneOf)
    if (Array.isArray(anyOf)) return either(anyOf)
    if (Array.isArray(allOf)) {
      if (allOf.length === 1) return walk(allOf[0], depth + 1)
      unenforced.add('allOf')
      return anyValue
    }
    const values: unknown = 'const' in node ? [node['const']] : node['enum']
    if (Array.isArray(values)) {
      if (values.length === 0) throw unsatisfiable('an empty enum')
      if (values.every(isScalar)) return { enum: values }
      unenforced.add('const' in node ? 'const' : 'enum')
    }
    if (Array.isArray(type)) return either(type.map((one: unknown) => ({ ...node, type: one })))
    if (type !== undefined && !types.has(type)) throw unsatisfiable(`the type ${JSON.stringify(type)}`)
    return typed(node, depth)
  }

  const typed = (node: Schema, depth: number): Schema => {
    const { type, properties, additionalProperties, items, prefixItems, format } = node
    if (type === 'object' || (type === undefined && properties !== undefined)) {
      const fields = isSchema(properties) ? properties : {}
      // What JSON Schema leaves open is closed where properties are named: a model would invent more.
      const open = !isSchema(properties)
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(fields).map(([name, inner]) => [name, walk(inner, depth + 1)]),
        ),
        additionalProperties: isSchema(additionalProperties)
          ? walk(additionalProperties, depth + 1)
          : (additionalProperties ?? open),
        ...boundsOf(node, 'object'),
      }
    }
    if (type === 'array')
      return {
        type,
        ...(items !== undefined && items !== false && { items: walk(items, depth + 1) }),
        ...(Array.isArray(prefixItems) && { prefixItems: prefixItems.map((item) => walk(item, depth + 1)) }),
        ...boundsOf(node, 'array'),
      }
    if (type === 'string') {
      if (format === 'date-time' || format === 'time' || format === 'date') return { type, format }
      if (format !== undefined) unenforced.add('format')
      return { type, ...boundsOf(node, 'string') }
    }
    return typeof type === 'string' ? { type } : anyValue
  }

  const schema = walk(root, 0)
  const named = Object.entries(definitions).map(([name, inner]) => [name, walk(inner, 1)] as const)
  const whole = named.length > 0 ? { ...schema, $defs: Object.fromEntries(named) } : schema
  // The union type of the package cannot be proven for a schema that came over the wire; walk() made only its forms.
  return { schema: whole as unknown as GbnfJsonSchema, unenforced: [...unenforced] }
}
