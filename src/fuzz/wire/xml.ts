import { asText, isList, isObject, type Json, memberOf, textAt } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import { annotation, type View } from '../../openapi/schema/view.ts'

const depthMax = 12

export const isXmlType = (type: string): boolean => /^(application|text)\/xml$|\+xml$/.test(type)

/** A value as XML, by the hints that the document gives: names, attributes, namespaces, wrapped lists. */
export const writeXml = (view: View, value: Json): string =>
  `<?xml version="1.0" encoding="UTF-8"?>${element(view, rootName(view), value, 0)}`

const hints = (view: View): Json => annotation(view, 'xml') ?? {}

const rootName = (view: View): string => {
  const written = textAt(hints(view), 'name')
  if (written !== undefined) return written
  const [, named] =
    view.atoms.map(({ pointer }) => /\/schemas\/([^/]+)$/.exec(pointer)).find((each) => each) ?? []
  return nameOf(named ?? 'root')
}

/** What no element may be called is made plain. */
const nameOf = (name: string): string =>
  /^[A-Za-z_][\w.-]*$/.test(name) ? name : `_${name.replaceAll(/[^\w.-]/g, '_')}`

const escaped = (text: string): string =>
  text
    // XML has no place for these at all.
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const element = (view: View, name: string, value: Json, depth: number): string => {
  const prefix = textAt(hints(view), 'prefix')
  const namespace = textAt(hints(view), 'namespace')
  const tag = prefix === undefined ? name : `${prefix}:${name}`
  const declared =
    namespace === undefined ? '' : ` xmlns${prefix === undefined ? '' : `:${prefix}`}="${escaped(namespace)}"`
  if (depth > depthMax || value === null) return `<${tag}${declared}/>`
  if (isList(value)) {
    const items = itemsOf(view, name, value, depth)
    return depth === 0 ? `<${tag}${declared}>${items}</${tag}>` : items
  }
  if (!isObject(value)) return `<${tag}${declared}>${escaped(asText(value))}</${tag}>`
  const one = alternatives(view).find((each) => each.type === 'object')
  const members = Object.entries(value).map(([key, member]) => {
    const own = one?.type === 'object' ? memberView(one, key) : view
    const written = nameOf(textAt(hints(own), 'name') ?? key)
    if (memberOf(hints(own), 'attribute') === true && !isList(member) && !isObject(member))
      return [` ${written}="${escaped(asText(member))}"`, ''] as const
    const isWrapped = isList(member) && memberOf(hints(own), 'wrapped') === true
    const inner = element(own, written, member, depth + 1)
    return ['', isWrapped ? `<${written}>${inner}</${written}>` : inner] as const
  })
  const [attributes, inside] = [
    members.map(([each]) => each).join(''),
    members.map(([, each]) => each).join(''),
  ]
  return `<${tag}${declared}${attributes}>${inside}</${tag}>`
}

const itemsOf = (view: View, name: string, items: readonly Json[], depth: number): string => {
  const one = alternatives(view).find((each) => each.type === 'array')
  const own = one?.type === 'array' ? one.items : view
  const written = nameOf(textAt(hints(own), 'name') ?? name)
  return items.map((item) => element(own, written, item, depth + 1)).join('')
}
