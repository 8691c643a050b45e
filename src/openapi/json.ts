/** JSON as data, and the few questions everybody asks of it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value)

/** The member as an object, or an empty one: for walking documents that are not as they should be. */
export const objectAt = (value: unknown, name: string): JsonObject => {
  const member = memberOf(value, name)
  return isObject(member) ? member : {}
}

/** The member as a list, or an empty one. */
export const listAt = (value: unknown, name: string): readonly Json[] => {
  const member = memberOf(value, name)
  return isList(member) ? member : []
}

export const textAt = (value: unknown, name: string): string | undefined => {
  const member = memberOf(value, name)
  return typeof member === 'string' ? member : undefined
}

/** An own member, so that a document cannot reach `constructor` and its kin. */
export const memberOf = (value: unknown, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** Sets a member whatever its name: `__proto__` is a name like any other in JSON. */
export const setMember = (target: Record<string, Json>, name: string, value: Json): void => {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}

/** Same value: the order of members does not matter, 1 equals 1.0. */
export const sameJson = (left: Json | undefined, right: Json | undefined): boolean => {
  if (left === right) return true
  if (isList(left))
    return (
      isList(right) && left.length === right.length && left.every((item, at) => sameJson(item, right[at]))
    )
  if (!isObject(left) || !isObject(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
  )
}

/** One text per value: members sorted by name. */
export const canonicalText = (value: Json | undefined): string => {
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`
  if (isObject(value))
    return `{${Object.keys(value)
      .toSorted()
      .map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`)
      .join(',')}}`
  return JSON.stringify(value) ?? 'null'
}

/** A value as a word: text as it is, anything else as JSON. */
export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
