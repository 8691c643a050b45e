import { asText, isObject, type Json, type JsonObject, listAt, memberOf, objectAt, textAt } from '../json.ts'
import { below } from '../pointer.ts'
import { methods } from '../grammar.ts'
import type { Log } from './rewrite.ts'
import {
  bodyFrom20,
  type Context,
  isBodyParameter,
  parameterFrom20,
  schemaFrom20,
} from './swagger-parameter.ts'
import { securityFrom20 } from './swagger-security.ts'

/** A document of Swagger 2.0 in the shape of OpenAPI 3.0; its schemas still want the step to 3.1. */
export const documentFrom20 = (
  source: JsonObject,
  log: Log,
): { readonly document: JsonObject; readonly moves: ReadonlyMap<string, string> } => {
  const moves = new Map<string, string>()
  const context: Context = {
    source,
    log,
    move: (to, from) => void moves.set(to, from),
    consumes: listAt(source, 'consumes'),
    produces: listAt(source, 'produces'),
  }
  log('', 'swagger-to-openapi', source['swagger'], '3.1.1')
  const document: Record<string, Json> = { openapi: '3.1.1' }
  for (const name of ['info', 'tags', 'externalDocs', 'security'])
    if (source[name] !== undefined) document[name] = source[name]
  for (const [name, value] of Object.entries(source))
    if (name.startsWith('x-') && value !== undefined) document[name] = value
  document['servers'] = serversFrom20(source, log)
  const paths: Record<string, Json> = {}
  for (const [path, item] of Object.entries(objectAt(source, 'paths')))
    paths[path] =
      isObject(item) && !path.startsWith('x-') ? pathFrom20(item, below('/paths', path), context) : item
  document['paths'] = paths
  document['components'] = componentsFrom20(source, context)
  return { document, moves }
}

const serversFrom20 = (source: JsonObject, log: Log): Json => {
  const base = textAt(source, 'basePath') ?? '/'
  const host = textAt(source, 'host')
  if (host === undefined) {
    log('/basePath', 'base-path-to-server', source['basePath'], base)
    return [{ url: base }]
  }
  const schemes = listAt(source, 'schemes')
  const rest = base === '/' ? '' : base
  // Without schemes it is that of the address it was fetched from: a URL without one says so.
  const servers =
    schemes.length === 0
      ? [`//${host}${rest}`]
      : schemes.map((scheme) => `${asText(scheme)}://${host}${rest}`)
  log('/host', 'host-to-servers', host, servers)
  return servers.map((url) => ({ url }))
}

const pathFrom20 = (item: JsonObject, pointer: string, context: Context): JsonObject => {
  const next: Record<string, Json> = {}
  const shared = listAt(item, 'parameters')
  for (const [name, value] of Object.entries(item)) {
    if (name === 'parameters' || value === undefined) continue
    next[name] =
      (methods as readonly string[]).includes(name) && isObject(value)
        ? operationFrom20(value, below(pointer, name), shared, pointer, context)
        : value
  }
  return next
}

/** Parameters of the path item are written into each operation, since a body among them has to be. */
const operationFrom20 = (
  operation: JsonObject,
  pointer: string,
  shared: readonly Json[],
  itemPointer: string,
  context: Context,
): JsonObject => {
  const { consumes: _consumes, produces: _produces, schemes: _schemes, parameters: _own, ...rest } = operation
  const next: Record<string, Json> = { ...rest }
  const own = listAt(operation, 'parameters')
  const all = [
    ...own.map((value, at) => ({ value, from: below(below(pointer, 'parameters'), at) })),
    ...shared
      .map((value, at) => ({ value, from: below(below(itemPointer, 'parameters'), at) }))
      .filter(({ value }) => !own.some((each) => sameParameter(each, value, context))),
  ]
  const consumes =
    memberOf(operation, 'consumes') === undefined ? context.consumes : listAt(operation, 'consumes')
  const produces =
    memberOf(operation, 'produces') === undefined ? context.produces : listAt(operation, 'produces')
  const plain = all.filter(({ value }) => !isBodyParameter(value, context))
  if (plain.length > 0) {
    next['parameters'] = plain.map(({ value, from }, at) =>
      parameterFrom20(value, from, `${pointer}/parameters/${at}`, context),
    )
    for (const [at, { from }] of plain.entries()) context.move(`${pointer}/parameters/${at}`, from)
  }
  const bodies = all.filter(({ value }) => isBodyParameter(value, context))
  if (bodies.length > 0) next['requestBody'] = bodyFrom20(bodies, `${pointer}/requestBody`, consumes, context)
  const responses: Record<string, Json> = {}
  for (const [status, response] of Object.entries(objectAt(operation, 'responses')))
    responses[status] = responseFrom20(response, `${pointer}/responses/${status}`, produces, context)
  next['responses'] = responses
  return next
}

const sameParameter = (left: Json, right: Json, { source }: Context): boolean => {
  const [a, b] = [left, right].map((value) => {
    const name = textAt(value, '$ref')?.replace('#/parameters/', '')
    return name === undefined ? value : objectAt(source, 'parameters')[name]
  })
  return textAt(a, 'name') === textAt(b, 'name') && textAt(a, 'in') === textAt(b, 'in')
}

const responseFrom20 = (
  response: Json,
  pointer: string,
  produces: readonly Json[],
  context: Context,
): Json => {
  if (!isObject(response)) return response
  const reference = textAt(response, '$ref')
  if (reference !== undefined) return { $ref: reference.replace('#/responses/', '#/components/responses/') }
  const { schema, examples, headers, ...rest } = response
  const next: Record<string, Json> = { ...rest }
  if (isObject(headers))
    next['headers'] = Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [
        name,
        isObject(header) ? headerFrom20(header, below(`${pointer}/headers`, name), context) : header,
      ]),
    )
  if (schema !== undefined) {
    const types = produces.length > 0 ? produces.map(String) : ['*/*']
    next['content'] = Object.fromEntries(
      types.map((type) => {
        const place = below(`${pointer}/content`, type)
        context.move(place, pointer)
        context.move(`${place}/schema`, `${pointer}/schema`)
        const example = memberOf(examples, type)
        const media = { schema: schemaFrom20(schema, `${pointer}/schema`, context) }
        return [type, example === undefined ? media : { ...media, example }]
      }),
    )
    context.log(`${pointer}/schema`, 'response-schema-to-content', undefined, types)
  }
  return next
}

const headerFrom20 = (header: JsonObject, pointer: string, context: Context): Json => {
  const {
    name: _name,
    in: _in,
    required: _required,
    ...next
  } = parameterFrom20({ ...header, name: 'header', in: 'header' }, pointer, pointer, context) as JsonObject
  return next
}

const componentsFrom20 = (source: JsonObject, context: Context): JsonObject => {
  const components: Record<string, Json> = {}
  const schemas: Record<string, Json> = {}
  for (const [name, schema] of Object.entries(objectAt(source, 'definitions'))) {
    schemas[name] = schemaFrom20(schema, below('/definitions', name), context)
    context.move(below('/components/schemas', name), below('/definitions', name))
  }
  components['schemas'] = schemas
  const parameters: Record<string, Json> = {}
  const bodies: Record<string, Json> = {}
  for (const [name, value] of Object.entries(objectAt(source, 'parameters'))) {
    const from = below('/parameters', name)
    const isBody = isBodyParameter(value, context)
    const to = below(isBody ? '/components/requestBodies' : '/components/parameters', name)
    context.move(to, from)
    if (isBody) bodies[name] = bodyFrom20([{ value, from }], to, context.consumes, context)
    else parameters[name] = parameterFrom20(value, from, to, context)
  }
  components['parameters'] = parameters
  components['requestBodies'] = bodies
  const responses: Record<string, Json> = {}
  for (const [name, value] of Object.entries(objectAt(source, 'responses'))) {
    const to = below('/components/responses', name)
    context.move(to, below('/responses', name))
    responses[name] = responseFrom20(value, to, context.produces, context)
  }
  components['responses'] = responses
  components['securitySchemes'] = securityFrom20(objectAt(source, 'securityDefinitions'), context)
  return components
}
