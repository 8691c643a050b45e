import { isList, isObject, type Json, setMember } from '../../openapi/json.ts'
import { segmentsOf } from '../../openapi/pointer.ts'
import type { Expectation } from '../call.ts'

/** A value made for one purpose: a side of a keyword, or a class of values that break programs. */
export interface Draw {
  /** The whole value, not only the part that is meant; undefined leaves it out. */
  readonly value: Json | undefined
  readonly expect: Expectation
  /** JSON pointer to the part that is meant. */
  readonly pointer: string
  /** `maximum`, `type`, `unicode`. */
  readonly keyword: string
  /** For people: `maximum + 1`. */
  readonly what: string
}

/** The value with another one at a pointer, or without what is there. Undefined where the way there is no list or object. */
export const withPart = (
  value: Json | undefined,
  pointer: string,
  part: Json | undefined,
): Json | undefined => replaced(value, segmentsOf(pointer), part)

const replaced = (
  value: Json | undefined,
  [name, ...rest]: readonly string[],
  part: Json | undefined,
): Json | undefined => {
  if (name === undefined) return part
  if (isList(value)) {
    const at = name === '-' ? value.length : Number(name)
    const next = replaced(value[at], rest, part)
    const items = value.slice()
    if (next === undefined) items.splice(at, 1)
    else items[at] = next
    return items
  }
  if (!isObject(value)) return value
  const next = replaced(Object.hasOwn(value, name) ? value[name] : undefined, rest, part)
  const copy: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value)) if (key !== name) setMember(copy, key, member)
  if (next !== undefined) setMember(copy, name, next)
  return copy
}
