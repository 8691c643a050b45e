import { isList, isObject, type Json, type JsonObject, memberOf, setMember } from './json.ts'
import { below } from './pointer.ts'

/** The kinds of objects in an OpenAPI 3 document that hold schemas or references. Whatever has no slot is data. */
export type Kind =
  | 'document'
  | 'components'
  | 'path-item'
  | 'operation'
  | 'parameter'
  | 'header'
  | 'request-body'
  | 'response'
  | 'media-type'
  | 'encoding'
  | 'callback'
  | 'link'
  | 'example'
  | 'security-scheme'
  | 'schema'

type Shape = 'one' | 'list' | 'map'
type Slots = Readonly<Record<string, readonly [Shape, Kind]>>

export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const

const operations: Slots = Object.fromEntries(methods.map((method) => [method, ['one', 'operation'] as const]))
const carried: Slots = {
  schema: ['one', 'schema'],
  content: ['map', 'media-type'],
  examples: ['map', 'example'],
}

/** Where each kind holds which others. */
const slots: Readonly<Record<Kind, Slots>> = {
  document: {
    paths: ['map', 'path-item'],
    webhooks: ['map', 'path-item'],
    components: ['one', 'components'],
  },
  components: {
    schemas: ['map', 'schema'],
    responses: ['map', 'response'],
    parameters: ['map', 'parameter'],
    examples: ['map', 'example'],
    requestBodies: ['map', 'request-body'],
    headers: ['map', 'header'],
    securitySchemes: ['map', 'security-scheme'],
    links: ['map', 'link'],
    callbacks: ['map', 'callback'],
    pathItems: ['map', 'path-item'],
    mediaTypes: ['map', 'media-type'],
  },
  'path-item': {
    ...operations,
    additionalOperations: ['map', 'operation'],
    parameters: ['list', 'parameter'],
  },
  operation: {
    parameters: ['list', 'parameter'],
    requestBody: ['one', 'request-body'],
    responses: ['map', 'response'],
    callbacks: ['map', 'callback'],
  },
  parameter: carried,
  header: carried,
  'request-body': { content: ['map', 'media-type'] },
  response: { headers: ['map', 'header'], content: ['map', 'media-type'], links: ['map', 'link'] },
  'media-type': {
    schema: ['one', 'schema'],
    itemSchema: ['one', 'schema'],
    encoding: ['map', 'encoding'],
    prefixEncoding: ['list', 'encoding'],
    itemEncoding: ['one', 'encoding'],
    examples: ['map', 'example'],
  },
  encoding: { headers: ['map', 'header'] },
  callback: {},
  link: {},
  example: {},
  'security-scheme': {},
  schema: {
    items: ['one', 'schema'],
    additionalProperties: ['one', 'schema'],
    not: ['one', 'schema'],
    if: ['one', 'schema'],
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: ['one', 'schema'],
    else: ['one', 'schema'],
    contains: ['one', 'schema'],
    propertyNames: ['one', 'schema'],
    unevaluatedItems: ['one', 'schema'],
    unevaluatedProperties: ['one', 'schema'],
    contentSchema: ['one', 'schema'],
    additionalItems: ['one', 'schema'],
    allOf: ['list', 'schema'],
    anyOf: ['list', 'schema'],
    oneOf: ['list', 'schema'],
    prefixItems: ['list', 'schema'],
    properties: ['map', 'schema'],
    patternProperties: ['map', 'schema'],
    dependentSchemas: ['map', 'schema'],
    $defs: ['map', 'schema'],
    definitions: ['map', 'schema'],
  },
}

/** A member of an object that is itself of a kind: the steps that lead there, the kind and the value. */
interface Part {
  readonly steps: readonly (string | number)[]
  readonly kind: Kind
  readonly value: Json
}

const isExtension = (name: string): boolean => name.startsWith('x-')

/** The parts of an object. Extensions inside maps are data, but in schemas `x-…` is a property name like any other. */
const partsOf = (kind: Kind, object: JsonObject): readonly Part[] => {
  const parts: Part[] = []
  if (kind === 'callback') {
    for (const [name, value] of Object.entries(object))
      if (!isExtension(name)) parts.push({ steps: [name], kind: 'path-item', value })
    return parts
  }
  const mine = slots[kind]
  for (const name of Object.keys(object)) {
    const slot = Object.hasOwn(mine, name) ? mine[name] : undefined
    const value = object[name]
    if (!slot || value === undefined) continue
    const [shape, inner] = slot
    if (shape === 'one') parts.push({ steps: [name], kind: inner, value })
    else if (shape === 'list' && isList(value))
      for (const [at, item] of value.entries()) parts.push({ steps: [name, at], kind: inner, value: item })
    else if (shape === 'map' && isObject(value))
      for (const [key, item] of Object.entries(value))
        if (kind === 'schema' || !isExtension(key))
          parts.push({ steps: [name, key], kind: inner, value: item })
  }
  return parts
}

const pointerOf = (pointer: string, steps: readonly (string | number)[]): string => {
  let place = pointer
  for (const step of steps) place = below(place, step)
  return place
}

/** The text of `$ref` where the object is a reference. A property named `$ref` sits in a map and never comes here. */
export const referenceOf = (value: unknown): string | undefined => {
  const reference = memberOf(value, '$ref')
  return typeof reference === 'string' ? reference : undefined
}

/** Visits every object of a kind below a value, itself first. References are visited and not followed. */
export const walk = (
  kind: Kind,
  value: Json,
  pointer: string,
  visit: (kind: Kind, object: JsonObject, pointer: string) => void,
): void => {
  if (!isObject(value)) return
  visit(kind, value, pointer)
  for (const part of partsOf(kind, value)) walk(part.kind, part.value, pointerOf(pointer, part.steps), visit)
}

/**
 * A copy with each object replaced by what `rewrite` makes of it, outer ones first. Whatever does not change is
 * shared with the original, so a document without changes costs no memory.
 */
export const transform = (
  kind: Kind,
  value: Json,
  pointer: string,
  rewrite: (kind: Kind, object: JsonObject, pointer: string) => JsonObject,
): Json => {
  if (!isObject(value)) return value
  const object = rewrite(kind, value, pointer)
  let copy: Record<string, Json> | undefined
  const copied = new Set<string>()
  for (const { steps, kind: inner, value: old } of partsOf(kind, object)) {
    const next = transform(inner, old, pointerOf(pointer, steps), rewrite)
    if (next === old) continue
    copy ??= { ...object }
    const [name, key] = steps
    if (key === undefined) setMember(copy, String(name), next)
    else {
      const holder = copy[String(name)]
      if (!copied.has(String(name)))
        setMember(copy, String(name), isList(holder) ? [...holder] : { ...(holder as JsonObject) })
      copied.add(String(name))
      const fresh = copy[String(name)]
      if (isList(fresh)) (fresh as Json[])[Number(key)] = next
      else setMember(fresh as Record<string, Json>, String(key), next)
    }
  }
  return copy ?? object
}
