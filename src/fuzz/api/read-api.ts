import { McpdError } from '../../core/errors.ts'
import { methods } from '../../openapi/grammar.ts'
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  objectAt,
  textAt,
} from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import { createSpace } from '../../openapi/schema/view.ts'
import type { Spec } from '../../openapi/spec.ts'
import { withLenientNulls } from './lenient-nulls.ts'
import { isModelOperation } from './model-operation.ts'
import type { Api, Operation, Parameter, RequestBody, SecurityScheme } from './operation.ts'
import { readContents, readResponses } from './read-responses.ts'
import { examplesOf, type Reading } from './reading.ts'

/** The operations of a document. What is wrong with one operation leaves that one out and is listed as a fault. */
export const readApi = (source: Spec): Api => {
  const spec = withLenientNulls(source)
  const { document } = spec
  const paths = memberOf(document, 'paths')
  if (!isObject(paths) || Object.keys(paths).length === 0)
    throw new McpdError('SPEC_INVALID', `${spec.name} describes no paths: there is nothing to test.`)
  const reading: Reading = {
    spec,
    request: createSpace(spec, 'request'),
    response: createSpace(spec, 'response'),
  }
  const operations: Operation[] = []
  const faults: string[] = []
  const methodsOf = new Map<string, string[]>()
  for (const [path, written] of Object.entries(paths)) {
    if (!path.startsWith('/')) continue
    const item = spec.follow(written, below('/paths', path))
    if (!item) {
      faults.push(`${path}: its reference leads nowhere.`)
      continue
    }
    for (const method of methods) {
      const node = memberOf(item.value, method)
      if (!isObject(node)) continue
      methodsOf.set(path, [...(methodsOf.get(path) ?? []), method.toUpperCase()])
      try {
        operations.push(readOperation(reading, path, method, node, item.value, item.pointer))
      } catch (error) {
        faults.push(`${method.toUpperCase()} ${path}: ${(error as Error).message}`)
      }
    }
  }
  if (operations.length === 0)
    throw new McpdError(
      'SPEC_INVALID',
      `${spec.name} describes no operation that can be read. ${faults[0] ?? ''}`.trim(),
    )
  const info = memberOf(document, 'info')
  return {
    operations,
    byKey: new Map(operations.map((operation) => [operation.key, operation])),
    methodsOf,
    title: textAt(info, 'title') ?? spec.name,
    version: textAt(info, 'version') ?? '',
    document,
    faults,
  }
}

const readOperation = (
  reading: Reading,
  path: string,
  method: string,
  node: JsonObject,
  item: JsonObject,
  itemPointer: string,
): Operation => {
  const pointer = below(itemPointer, method)
  const parameters = readParameters(reading, path, item, itemPointer, node, pointer)
  const body = readBody(reading, node, pointer)
  const { security, isOptional } = readSecurity(reading.spec, node)
  const id = textAt(node, 'operationId')
  const tags = memberOf(node, 'tags')
  const operation = {
    key: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    ...(id !== undefined && { id }),
    tags: isList(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    parameters,
    ...(body && { body }),
    responses: readResponses(reading, node, pointer),
    security,
    isAuthOptional: isOptional,
  }
  return { ...operation, isModel: isModelOperation(operation) }
}

const ignoredHeaders = new Set(['accept', 'content-type', 'authorization'])

const readParameters = (
  reading: Reading,
  path: string,
  item: JsonObject,
  itemPointer: string,
  node: JsonObject,
  pointer: string,
): readonly Parameter[] => {
  const found = new Map<string, Parameter>()
  for (const [holder, place] of [
    [item, itemPointer],
    [node, pointer],
  ] as const) {
    const list = memberOf(holder, 'parameters')
    if (!isList(list)) continue
    for (const [at, written] of list.entries()) {
      const parameter = readParameter(reading, written, `${place}/parameters/${at}`)
      if (!parameter) continue
      if (parameter.in === 'header' && ignoredHeaders.has(parameter.name.toLowerCase())) continue
      if (parameter.in === 'path' && !path.includes(`{${parameter.name}}`)) continue
      found.set(`${parameter.in} ${parameter.name}`, parameter)
    }
  }
  for (const [, name = ''] of path.matchAll(/\{([^{}]+)\}/g))
    if (!found.has(`path ${name}`))
      // A template that nobody describes is a text.
      found.set(`path ${name}`, {
        in: 'path',
        name,
        required: true,
        view: reading.request.view({ type: 'string', minLength: 1 }, ''),
        style: 'simple',
        explode: false,
        isJson: false,
        examples: [],
      })
  return [...found.values()]
}

const styles = { path: 'simple', query: 'form', header: 'simple', cookie: 'form' } as const

const readParameter = ({ spec, request }: Reading, written: Json, pointer: string): Parameter | undefined => {
  const place = spec.follow(written, pointer)
  if (!place) return undefined
  const { value } = place
  const where = textAt(value, 'in')
  const name = textAt(value, 'name')
  if (
    name === undefined ||
    (where !== 'path' && where !== 'query' && where !== 'header' && where !== 'cookie')
  )
    return undefined
  const content = Object.entries(objectAt(value, 'content'))[0]
  const style = textAt(value, 'style') ?? styles[where]
  const explode = memberOf(value, 'explode')
  const media = content?.[1]
  return {
    in: where,
    name,
    required: where === 'path' || value['required'] === true,
    view: content
      ? request.view(memberOf(media, 'schema'), below(`${place.pointer}/content`, content[0]) + '/schema')
      : request.view(value['schema'], `${place.pointer}/schema`),
    style,
    explode: typeof explode === 'boolean' ? explode : style === 'form' || style === 'deepObject',
    isJson: content !== undefined && /json/.test(content[0]),
    examples: examplesOf(spec, value),
  }
}

const readBody = (reading: Reading, node: JsonObject, pointer: string): RequestBody | undefined => {
  const place =
    node['requestBody'] === undefined
      ? undefined
      : reading.spec.follow(node['requestBody'], `${pointer}/requestBody`)
  if (!place) return undefined
  const media = readContents(reading, reading.request, place).map(({ type, view, examples }) => ({
    type,
    view: view ?? reading.request.any,
    examples,
  }))
  return media.length === 0 ? undefined : { required: place.value['required'] === true, media }
}

const readSecurity = (
  spec: Spec,
  node: JsonObject,
): { readonly security: readonly (readonly SecurityScheme[])[]; readonly isOptional: boolean } => {
  const own = memberOf(node, 'security') ?? memberOf(spec.document, 'security')
  if (!isList(own)) return { security: [], isOptional: true }
  const schemes = objectAt(memberOf(spec.document, 'components'), 'securitySchemes')
  const alternatives = own.filter(isObject).map((each) =>
    Object.keys(each).map((name): SecurityScheme => {
      const scheme = spec.follow(schemes[name], '')?.value
      return {
        name,
        type: textAt(scheme, 'type') ?? '',
        scheme: (textAt(scheme, 'scheme') ?? '').toLowerCase(),
        in: textAt(scheme, 'in') ?? '',
        key: textAt(scheme, 'name') ?? '',
      }
    }),
  )
  const security = alternatives.filter((each) => each.length > 0)
  return { security, isOptional: security.length < alternatives.length || alternatives.length === 0 }
}
