import type { TObject } from 'typebox'

/**
 * What a body must be beyond its members: which of them go together, and what a kind of thing needs. Validators in front
 * of every request leave that to the decoders, which read it anyway and say in words what is missing; the document says
 * it as a schema, for whoever generates requests. `test/property/exact-schemas.test.ts` holds the two together.
 */

const keyword = 'x-exact'

/** The same schema for validators; the document shows `exact` in its place, with the same description. */
export const exactly = <T extends object>(schema: T, exact: object): T => ({ ...schema, [keyword]: exact })

/** What is shown in place of `schema`: itself, unless something else was said. */
export const exactOf = (schema: object): object => (keyword in schema ? (schema[keyword] as object) : schema)

export interface Narrowing {
  /** In place of the members of those names. */
  readonly properties?: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  /** Names of members that must not be there. */
  readonly without?: readonly string[]
}

/** An object schema with fewer values. */
export const narrowed = (
  { properties, ...rest }: TObject,
  { properties: own = {}, required: more = [], without = [] }: Narrowing = {},
): object => {
  const { required = [], additionalProperties } = rest as {
    readonly required?: readonly string[]
    readonly additionalProperties?: unknown
  }
  const absent = additionalProperties === false ? undefined : false
  const members = Object.entries<unknown>({ ...properties, ...own }).map(([name, member]) => [
    name,
    without.includes(name) ? absent : member,
  ])
  return {
    type: 'object',
    properties: Object.fromEntries(members.filter(([, member]) => member !== undefined)),
    ...(required.length + more.length > 0 && { required: [...new Set([...required, ...more])] }),
    ...(additionalProperties !== undefined && { additionalProperties }),
  }
}

export const among = (...values: readonly string[]): object =>
  values.length === 1 ? { type: 'string', const: values[0] } : { type: 'string', enum: values }

/** Any other text, which is how APIs add kinds. */
export const otherThan = (...values: readonly string[]): object => ({ type: 'string', not: { enum: values } })

/** The document with what is exact in place of what validators take. */
export const showExact = <Given>(node: Given): Given => {
  if (Array.isArray(node)) return node.map(showExact) as Given
  if (typeof node !== 'object' || node === null) return node
  if (keyword in node) {
    const { description } = node as { readonly description?: string }
    const shown = { ...(description !== undefined && { description }), ...(node[keyword] as object) }
    return showExact(shown) as Given
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, showExact(value)])) as Given
}
