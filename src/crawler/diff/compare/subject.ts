import { segmentsOf } from '../../../openapi/pointer.ts'
import type { SchemaFact } from './schema-fact.ts'

const keywordEnds = new Set([
  'type',
  'enum',
  'const',
  'format',
  'pattern',
  'required',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'multipleOf',
  'uniqueItems',
  'contains',
  'propertyNames',
  'additionalProperties',
  'unevaluatedProperties',
  'patternProperties',
  'prefixItems',
  'dependentRequired',
  'dependentSchemas',
  'contentMediaType',
  'contentEncoding',
  'contentSchema',
  'if',
  'not',
  'properties',
])

/** What a fact about a schema is about: the part below `owner`, or below a component that is used there. */
export const subjectOf = (
  owner: string,
  basePointer: string,
  revisionPointer: string,
  fact: SchemaFact,
): string => {
  const [pointer, root] =
    fact.revision !== undefined ? [fact.revision, revisionPointer] : [fact.base ?? '', basePointer]
  const component = /^\/components\/schemas\/([^/]+)(.*)$/.exec(pointer)
  const isInside = pointer === root || pointer.startsWith(`${root}/`)
  if (isInside) return join(pathOf(pointer.slice(root.length)), owner)
  if (component) {
    const [, name = '', rest = ''] = component
    return join(pathOf(rest), `"${name.replaceAll('~1', '/').replaceAll('~0', '~')}" in the ${owner}`)
  }
  return join(pathOf(pointer.replace(/^.*?\/schema(?=\/|$)/, '')), owner)
}

const join = (path: string, owner: string): string =>
  path === '' ? owner : `property "${path}" of ${article(owner)}`

const article = (owner: string): string => (owner.startsWith('"') ? owner : `the ${owner}`)

/** `/properties/a/items/properties/b/type` → `a[].b`. */
const pathOf = (pointer: string): string => {
  const segments = [...segmentsOf(pointer)]
  const last = segments.at(-1)
  const isName = segments.at(-2) === 'properties' && segments.length % 2 === 0
  if (last !== undefined && keywordEnds.has(last) && !isName) segments.pop()
  let path = ''
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at]
    if (segment === 'properties' || segment === 'patternProperties') {
      const name = segments[++at]
      if (name !== undefined) path += path === '' ? name : `.${name}`
    } else if (segment === 'items') path += '[]'
    else if (segment === 'additionalProperties') path += path === '' ? '*' : '.*'
    else if (segment === 'allOf' || segment === 'anyOf' || segment === 'oneOf' || segment === 'prefixItems')
      at++
  }
  return path
}
