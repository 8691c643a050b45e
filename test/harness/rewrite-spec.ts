import { referenceOf, transform } from '../../src/openapi/grammar.ts'
import { asText, isList, isObject, type Json, type JsonObject, objectAt } from '../../src/openapi/json.ts'

/** Other writings of the same contract. Each takes a document of 3.x and gives one that means the same. */

const schemaPrefix = '#/components/schemas/'

/** Every component of `schemas` under another name. */
export const renamed = (document: JsonObject): JsonObject => {
  const next = transform('document', document, '', (_kind, object) => {
    const reference = referenceOf(object)
    const moved = reference?.startsWith(schemaPrefix)
      ? { ...object, $ref: reference.replace(schemaPrefix, `${schemaPrefix}Renamed`) }
      : object
    const { discriminator } = moved as { discriminator?: Json }
    if (!isObject(discriminator) || !isObject(discriminator['mapping'])) return moved
    const mapping = Object.fromEntries(
      Object.entries(discriminator['mapping']).map(([name, target]) => [
        name,
        asText(target).replace(schemaPrefix, `${schemaPrefix}Renamed`),
      ]),
    )
    return { ...moved, discriminator: { ...discriminator, mapping } }
  }) as JsonObject
  const components = objectAt(next, 'components')
  const schemas = Object.fromEntries(
    Object.entries(objectAt(components, 'schemas')).map(([name, schema]) => [`Renamed${name}`, schema]),
  )
  return { ...next, components: { ...components, schemas } }
}

/** Every reference to a schema replaced by the schema, once: what that refers to stays a reference. */
export const inlined = (document: JsonObject): JsonObject => {
  const schemas = objectAt(objectAt(document, 'components'), 'schemas')
  const done = new Set<object>()
  return transform('document', document, '', (kind, object) => {
    const name = referenceOf(object)?.slice(schemaPrefix.length)
    if (kind !== 'schema' || name === undefined || done.has(object)) return object
    const target = Object.hasOwn(schemas, decode(name)) ? schemas[decode(name)] : undefined
    if (!isObject(target) || Object.keys(object).length > 1) return object
    markReferences(target, done)
    return target
  }) as JsonObject
}

const decode = (name: string): string => decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')

const markReferences = (schema: JsonObject, done: Set<object>): void =>
  void transform('schema', schema, '', (_kind, object) => {
    if (referenceOf(object) !== undefined) done.add(object)
    return object
  })

/** Members, and lists whose order says nothing, the other way round. */
export const reordered = (document: JsonObject): JsonObject =>
  reverseMembers(
    transform('document', document, '', (kind, object) => {
      const lists =
        kind === 'schema' ? ['enum', 'required', 'oneOf', 'anyOf', 'allOf'] : ['parameters', 'tags']
      const changed = lists.filter((name) => isList(object[name]))
      if (changed.length === 0) return object
      return {
        ...object,
        ...Object.fromEntries(changed.map((name) => [name, (object[name] as readonly Json[]).toReversed()])),
      }
    }),
  ) as JsonObject

const reverseMembers = (value: Json): Json => {
  if (isList(value)) return value.map(reverseMembers)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reverseMembers(member)]),
  )
}

/** Each object schema that is open split into two branches of an allOf. */
export const split = (document: JsonObject): JsonObject => {
  const made = new Set<object>()
  return transform('document', document, '', (kind, object) => {
    const { properties, allOf, additionalProperties, unevaluatedProperties, ...rest } = object
    if (kind !== 'schema' || !isObject(properties) || made.has(object) || allOf !== undefined) return object
    if (additionalProperties !== undefined || unevaluatedProperties !== undefined) return object
    const names = Object.keys(properties)
    if (names.length < 2) return object
    const half = (part: readonly string[]): JsonObject => {
      const branch = { properties: Object.fromEntries(part.map((name) => [name, properties[name] ?? {}])) }
      made.add(branch)
      return branch
    }
    const middle = Math.ceil(names.length / 2)
    return { ...rest, allOf: [half(names.slice(0, middle)), half(names.slice(middle))] }
  }) as JsonObject
}
