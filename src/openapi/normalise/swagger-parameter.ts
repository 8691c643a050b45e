import { isObject, type Json, type JsonObject, listAt, objectAt, textAt } from '../json.ts'
import { transform } from '../grammar.ts'
import { below } from '../pointer.ts'
import type { Log } from './rewrite.ts'

/** What the conversion of a 2.0 document carries along. */
export interface Context {
  readonly source: JsonObject
  readonly log: Log
  /** Remembers that what stands at `to` in the result came from `from`. */
  readonly move: (to: string, from: string) => void
  readonly consumes: readonly Json[]
  readonly produces: readonly Json[]
}

interface Placed {
  readonly value: Json
  readonly from: string
}

const resolved = (value: Json, { source }: Context): Json => {
  const reference = textAt(value, '$ref')
  if (!reference?.startsWith('#/parameters/')) return value
  return objectAt(source, 'parameters')[reference.slice('#/parameters/'.length)] ?? value
}

export const isBodyParameter = (value: Json, context: Context): boolean =>
  ['body', 'formData'].includes(textAt(resolved(value, context), 'in') ?? '')

/** Members of a 2.0 parameter, header or items object that belong to the schema in 3.x. */
const schemaMembers = new Set(
  (
    'type format items default maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern ' +
    'maxItems minItems uniqueItems enum multipleOf x-nullable x-extensible-enum'
  ).split(' '),
)

/** A parameter that is no body: the schema keywords move into `schema`, collectionFormat becomes style and explode. */
export const parameterFrom20 = (value: Json, from: string, to: string, context: Context): Json => {
  if (!isObject(value)) return value
  const reference = textAt(value, '$ref')
  if (reference !== undefined) return { $ref: reference.replace('#/parameters/', '#/components/parameters/') }
  const schema: Record<string, Json> = {}
  const next: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    if (name === 'collectionFormat') continue
    if (schemaMembers.has(name)) schema[name] = member
    else next[name] = member
  }
  context.move(`${to}/schema`, from)
  context.log(from, 'parameter-schema', undefined, undefined)
  next['schema'] = schemaFrom20(schema, from, context)
  if (textAt(value, 'type') === 'array') Object.assign(next, styleOf(value, from, context))
  return next
}

const styleOf = (value: JsonObject, from: string, { log }: Context): Record<string, Json> => {
  const place = textAt(value, 'in') ?? 'query'
  const isForm = place === 'query' || place === 'formData'
  const format = textAt(value, 'collectionFormat') ?? 'csv'
  const pointer = below(from, 'collectionFormat')
  if (format === 'tsv') {
    log(pointer, 'collection-format', format, undefined, 'lossy')
    return {}
  }
  const style: Record<string, Json> =
    format === 'multi'
      ? { style: 'form', explode: true }
      : format === 'ssv'
        ? { style: 'spaceDelimited', explode: false }
        : format === 'pipes'
          ? { style: 'pipeDelimited', explode: false }
          : { style: isForm ? 'form' : 'simple', explode: false }
  log(pointer, 'collection-format', format, style)
  return style
}

/** The body of an operation: one `body` parameter, or all its `formData` ones as the properties of an object. */
export const bodyFrom20 = (
  placed: readonly Placed[],
  to: string,
  consumes: readonly Json[],
  context: Context,
): Json => {
  const [first] = placed
  const reference = textAt(first?.value, '$ref')
  const whole = placed.find(({ value }) => textAt(resolved(value, context), 'in') === 'body')
  if (whole && reference !== undefined && placed.length === 1)
    return { $ref: reference.replace('#/parameters/', '#/components/requestBodies/') }
  if (whole) return wholeBody(whole, to, consumes, context)
  return formBody(placed, to, consumes, context)
}

const wholeBody = (
  { value, from }: Placed,
  to: string,
  consumes: readonly Json[],
  context: Context,
): Json => {
  const parameter = resolved(value, context)
  const types = consumes.length > 0 ? consumes.map(String) : ['*/*']
  context.move(to, from)
  const schema = isObject(parameter) ? (parameter['schema'] ?? {}) : {}
  const content: Record<string, Json> = {}
  for (const type of types) {
    const place = below(`${to}/content`, type)
    context.move(`${place}/schema`, `${from}/schema`)
    content[type] = { schema: schemaFrom20(schema, `${from}/schema`, context) }
  }
  context.log(from, 'body-to-request-body', undefined, types)
  const description = textAt(parameter, 'description')
  const required = isObject(parameter) && parameter['required'] === true
  return { ...(description !== undefined && { description }), required, content }
}

const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data']

const formBody = (
  placed: readonly Placed[],
  to: string,
  consumes: readonly Json[],
  context: Context,
): Json => {
  const fields = placed.map(({ value, from }) => ({ field: resolved(value, context), from }))
  const hasFile = fields.some(({ field }) => textAt(field, 'type') === 'file')
  const listed = formTypes.filter((type) => consumes.includes(type))
  const types = hasFile ? ['multipart/form-data'] : listed.length > 0 ? listed : [formTypes[0] ?? '']
  const properties: Record<string, Json> = {}
  const encoding: Record<string, Json> = {}
  const required: string[] = []
  for (const { field, from } of fields) {
    if (!isObject(field)) continue
    const name = textAt(field, 'name') ?? ''
    const { schema, style, explode } = parameterFrom20(field, from, from, context) as JsonObject
    properties[name] = schema ?? {}
    if (field['required'] === true) required.push(name)
    if (style !== undefined && explode !== undefined) encoding[name] = { style, explode }
    for (const type of types)
      context.move(below(`${below(`${to}/content`, type)}/schema/properties`, name), from)
  }
  const [first] = fields
  context.move(to, first?.from ?? to)
  const schema = { type: 'object', properties, ...(required.length > 0 && { required }) }
  const media = Object.keys(encoding).length > 0 ? { schema, encoding } : { schema }
  context.log(first?.from ?? to, 'form-data-to-request-body', undefined, types)
  return { required: required.length > 0, content: Object.fromEntries(types.map((type) => [type, media])) }
}

/** A schema of 2.0 in the shape of 3.0: references move, `type: file` and a textual discriminator are rewritten. */
export const schemaFrom20 = (schema: Json, pointer: string, { log }: Context): Json =>
  transform('schema', schema, pointer, (kind, object, place) => {
    if (kind !== 'schema') return object
    const reference = textAt(object, '$ref')
    if (reference !== undefined)
      return reference.startsWith('#/definitions/')
        ? { ...object, $ref: reference.replace('#/definitions/', '#/components/schemas/') }
        : object
    const next: Record<string, Json> = { ...object }
    if (object['type'] === 'file') {
      Object.assign(next, { type: 'string', format: 'binary' })
      log(place, 'file-to-binary', 'file', 'string')
    }
    if (typeof object['discriminator'] === 'string') {
      next['discriminator'] = { propertyName: object['discriminator'] }
      log(
        below(place, 'discriminator'),
        'discriminator-to-object',
        object['discriminator'],
        next['discriminator'],
      )
    }
    if (typeof object['collectionFormat'] === 'string') {
      delete next['collectionFormat']
      log(
        below(place, 'collectionFormat'),
        'nested-collection-format',
        object['collectionFormat'],
        undefined,
        'lossy',
      )
    }
    if (
      listAt(object, 'type').length === 0 &&
      object['x-nullable'] === true &&
      object['nullable'] === undefined
    ) {
      delete next['x-nullable']
      next['nullable'] = true
      log(below(place, 'x-nullable'), 'x-nullable-to-nullable', true, undefined)
    }
    return next
  })
