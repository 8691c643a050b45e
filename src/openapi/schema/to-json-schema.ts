import { referenceOf, transform } from '../grammar.ts'
import { isList, isObject, type Json, type JsonObject } from '../json.ts'
import { schemaFaults } from '../schema-faults.ts'
import { numericFormats } from './formats.ts'
import { patternOf } from './pattern.ts'
import { chosenAnyOf, chosenOneOf, isHidden, type Space, type View } from './view.ts'

/** More schemas than this are not gathered: a validator of them would cost more than it tells. */
const schemasMax = 2000

/**
 * A value set as one JSON Schema of draft 2020-12 that needs no other document, for validators that are not ours.
 * What does not travel in its flow may hold anything. Undefined where it refers to too much.
 */
export const toJsonSchema = (view: View): JsonObject | undefined => {
  const { space } = view
  const names = new Map<string, string>()
  const waiting: { readonly name: string; readonly value: Json; readonly pointer: string }[] = []
  const nameOf = (reference: string): string | undefined => {
    const place = space.spec.follow({ $ref: reference }, '')
    if (!place) return undefined
    const known = names.get(place.pointer)
    if (known !== undefined) return known
    const name = `s${names.size}`
    names.set(place.pointer, name)
    waiting.push({ name, value: place.value, pointer: place.pointer })
    return name
  }
  const write = (value: Json, pointer: string): Json =>
    transform('schema', value, pointer, (kind, object, place) =>
      kind === 'schema' ? plain(object, place, space, nameOf) : object,
    )
  const allOf = view.atoms.map(({ node, pointer, chosen }) => {
    const rest: Record<string, Json> = { ...node }
    if (chosen & chosenAnyOf) delete rest['anyOf']
    if (chosen & chosenOneOf) delete rest['oneOf']
    return write(rest, pointer)
  })
  const $defs: Record<string, Json> = {}
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    if (names.size > schemasMax) return undefined
    $defs[next.name] = write(next.value, next.pointer)
  }
  return { allOf: allOf.length > 0 ? allOf : [{}], $defs }
}

/** Keywords that other dialects would read otherwise, or that name places outside. */
const dropped = [
  'nullable',
  'discriminator',
  '$id',
  '$schema',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveRef',
  '$defs',
  'definitions',
]

const plain = (
  schema: JsonObject,
  pointer: string,
  space: Space,
  nameOf: (reference: string) => string | undefined,
): JsonObject => {
  const next: Record<string, Json> = { ...schema }
  for (const name of dropped) delete next[name]
  // What the dialect does not allow constrains nothing here, and would stop others from reading the rest.
  for (const { keyword } of schemaFaults(schema, space.spec.version))
    if (keyword !== 'pattern' || !isExpression(schema['pattern'])) delete next[keyword]
  const reference = referenceOf(schema)
  if (reference !== undefined) {
    const name = nameOf(reference)
    if (name === undefined) delete next['$ref']
    else next['$ref'] = `#/$defs/${name}`
  }
  const bounds = typeof schema['format'] === 'string' ? numericFormats[schema['format']] : undefined
  if (bounds) next['allOf'] = [...(isList(schema['allOf']) ? schema['allOf'] : []), bounded(bounds)]
  if (isObject(schema['properties'])) hide(next, schema['properties'], pointer, space)
  if (isList(schema['required'])) {
    const properties = isObject(schema['properties']) ? schema['properties'] : {}
    const hidden = (name: Json): boolean =>
      typeof name === 'string' &&
      Object.hasOwn(properties, name) &&
      isHidden(space.view(properties[name], `${pointer}/properties`))
    const shown = schema['required'].filter((name) => !hidden(name))
    next['required'] = shown.filter((name) => name !== '')
    if (shown.includes(''))
      next['allOf'] = [...(isList(next['allOf']) ? next['allOf'] : []), emptyNameRequired]
  }
  return next
}

/** ajv takes the empty name for none, and does not ask for it: the same in other words. */
const emptyNameRequired: JsonObject = {
  anyOf: [{ not: { type: 'object' } }, { not: { propertyNames: { minLength: 1 } } }],
}

/** Also what was written for another engine than ECMA-262 asks for. */
const isExpression = (pattern: Json | undefined): boolean =>
  typeof pattern === 'string' && patternOf(pattern) !== undefined

/** OpenAPI reads int32 and its kin as ranges. */
const bounded = ([minimum, maximum]: readonly [number, number]): JsonObject => ({ minimum, maximum })

const hide = (next: Record<string, Json>, properties: JsonObject, pointer: string, space: Space): void => {
  const shown = Object.entries(properties)
    .filter(([, value]) => isObject(value) || typeof value === 'boolean')
    .map(
      ([name, value]) => [name, isHidden(space.view(value, `${pointer}/properties`)) ? true : value] as const,
    )
  next['properties'] = Object.fromEntries(shown)
}
