import { below, segmentsOf } from '../../../openapi/pointer.ts'
import type { SchemaFact } from './schema-fact.ts'

/** What a fact about a schema is about: the part below `owner`, or below a component that is used there. */
export const subjectOf = (
  owner: string,
  basePointer: string,
  revisionPointer: string,
  fact: SchemaFact,
): string => {
  const [written, root] =
    fact.revision !== undefined ? [fact.revision, revisionPointer] : [fact.base ?? '', basePointer]
  const pointer = completed(written, fact)
  const component = /^\/components\/schemas\/([^/]+)(.*)$/.exec(pointer)
  const isInside = pointer === root || pointer.startsWith(`${root}/`)
  if (isInside) return join(pathOf(pointer.slice(root.length)), owner)
  if (component) {
    const [, name = '', rest = ''] = component
    return join(pathOf(rest), `"${name.replaceAll('~1', '/').replaceAll('~0', '~')}" in the ${owner}`)
  }
  return join(pathOf(pointer.replace(/^.*?\/schema(?=\/|$)/, '')), owner)
}

/** With the property that is required and not declared, and without the keyword that the fact is about. */
const completed = (pointer: string, { data }: SchemaFact): string => {
  const property = data?.['property']
  if (typeof property === 'string' && !pointer.endsWith(below('/properties', property)))
    return below(`${pointer.replace(/\/properties$/, '')}/properties`, property)
  return data?.['keyword'] === 'additionalProperties'
    ? pointer.replace(/\/additionalProperties$/, '')
    : pointer
}

const join = (path: string, owner: string): string =>
  path === '' ? owner : `property "${path}" of ${article(owner)}`

const article = (owner: string): string => (owner.startsWith('"') ? owner : `the ${owner}`)

/** `/properties/a/items/properties/b/type` → `a[].b`. */
const pathOf = (pointer: string): string => {
  const segments = [...segmentsOf(pointer)]
  let path = ''
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at]
    if (segment === 'properties' || segment === 'patternProperties') {
      const name = segments[++at]
      const shown = name === '' ? '(empty name)' : name
      if (shown !== undefined) path += path === '' ? shown : `.${shown}`
    } else if (segment === 'items') path += '[]'
    else if (segment === 'additionalProperties') path += path === '' ? '*' : '.*'
    else if (segment === 'allOf' || segment === 'anyOf' || segment === 'oneOf' || segment === 'prefixItems')
      at++
  }
  return path
}
