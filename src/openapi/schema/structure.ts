import { accepts } from './accepts.ts'
import type { ArrayAlternative, ObjectAlternative } from './alternative.ts'
import { patternOf } from './pattern.ts'
import { isAny, isNever, type View } from './view.ts'

/** Whether every value of `inner` is proven to be one of `outer`. */
type Holds = (outer: View, inner: View) => boolean

/** What a member of that name may hold. */
export const memberView = (object: ObjectAlternative, name: string): View => {
  const own = object.properties.get(name)
  if (own) return own
  const matching = [...object.patterns].filter(([pattern]) => patternOf(pattern)?.test(name))
  const [first] = matching
  if (!first) return object.additional
  return matching.length === 1 ? first[1] : first[1].space.both(matching.map(([, view]) => view))
}

/** Whether every list of `inner` is one of `outer`. */
export const includesArrays = (outer: ArrayAlternative, inner: ArrayAlternative, holds: Holds): boolean => {
  if (outer.minItems > inner.minItems || outer.maxItems < inner.maxItems) return false
  if (outer.unique && !inner.unique && inner.maxItems > 1) return false
  const longest = Math.max(outer.prefix.length, inner.prefix.length)
  for (let at = 0; at < longest; at++) {
    if (at >= inner.maxItems) break
    if (!holds(outer.prefix[at] ?? outer.items, inner.prefix[at] ?? inner.items)) return false
  }
  if (inner.maxItems > longest && !holds(outer.items, inner.items)) return false
  return outer.contains.every(
    (wanted) =>
      inner.contains.some(
        (given) =>
          holds(wanted.view, given.view) &&
          given.min >= wanted.min &&
          (wanted.max === Infinity || (given.max <= wanted.max && holds(given.view, wanted.view))),
      ) ||
      (wanted.max >= inner.maxItems &&
        wanted.min <= inner.minItems &&
        [...inner.prefix, inner.items].every((each) => holds(wanted.view, each))),
  )
}

/** Whether every object of `inner` is one of `outer`. `opensToNothing`: what an open object does not name is not sent. */
export const includesObjects = (
  outer: ObjectAlternative,
  inner: ObjectAlternative,
  holds: Holds,
  opensToNothing: boolean,
): boolean => {
  for (const name of outer.required) if (!inner.required.has(name)) return false
  if (outer.minProperties > Math.max(inner.minProperties, inner.required.size)) return false
  if (outer.maxProperties < inner.maxProperties) return false
  const isOpen = opensToNothing && isAny(inner.additional)
  for (const [name, property] of outer.properties)
    if (!inner.properties.has(name)) {
      const given = memberView(inner, name)
      if (isOpen && given.key === inner.additional.key) continue
      if (!holds(property, given)) return false
    }
  for (const [name, property] of inner.properties) if (!holds(memberView(outer, name), property)) return false
  for (const [pattern, property] of outer.patterns) {
    if (!holds(property, inner.patterns.get(pattern) ?? inner.additional)) return false
  }
  for (const [pattern, property] of inner.patterns)
    if (!outer.patterns.has(pattern) && !holds(outer.additional, property)) return false
  if (!holds(outer.additional, inner.additional)) return false
  return namesHold(outer, inner, holds) && dependenciesHold(outer, inner, holds)
}

const namesHold = (outer: ObjectAlternative, inner: ObjectAlternative, holds: Holds): boolean =>
  outer.names.every(
    (wanted) =>
      inner.names.some((given) => holds(wanted, given)) ||
      (inner.patterns.size === 0 &&
        isNever(inner.additional) &&
        [...inner.properties.keys()].every((name) => accepts(wanted, name))),
  )

const dependenciesHold = (outer: ObjectAlternative, inner: ObjectAlternative, holds: Holds): boolean => {
  for (const [name, needed] of outer.dependentRequired) {
    const given = inner.dependentRequired.get(name) ?? []
    if (
      !isNever(memberView(inner, name)) &&
      !needed.every((each) => given.includes(each) || inner.required.has(each))
    )
      return false
  }
  for (const [name, wanted] of outer.dependentSchemas) {
    const given = inner.dependentSchemas.get(name)
    if (!isNever(memberView(inner, name)) && !(given && holds(wanted, given))) return false
  }
  return true
}
