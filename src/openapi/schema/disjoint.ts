import { accepts } from './accepts.ts'
import type { Alternative, ObjectAlternative } from './alternative.ts'
import { alternatives } from './alternatives.ts'
import { textOutside } from './language.ts'
import { isNever, type View } from './view.ts'

/** Pairs that are being looked at; one met again is not proven. */
const active = new Set<string>()

/** Whether it is proven that no value is in both. */
export const areDisjoint = (left: Alternative, right: Alternative): boolean => {
  if (left.type !== right.type) return true
  if (left.values) return !left.values.some((value) => accepts(right.view, value))
  if (right.values) return areDisjoint(right, left)
  if (left.type === 'number' && right.type === 'number') return left.max < right.min || right.max < left.min
  if (left.type === 'string' && right.type === 'string')
    return (
      left.maxLength < right.minLength ||
      right.maxLength < left.minLength ||
      (left.patterns.length > 0 &&
        right.patterns.length > 0 &&
        textOutside([...left.patterns, ...right.patterns], undefined).kind === 'none')
    )
  if (left.type === 'array' && right.type === 'array')
    return left.maxItems < right.minItems || right.maxItems < left.minItems
  if (left.type === 'object' && right.type === 'object')
    return missesRequired(left, right) || missesRequired(right, left) || differsInRequired(left, right)
  return false
}

/** One needs a member that the other does not allow. */
const missesRequired = (left: ObjectAlternative, right: ObjectAlternative): boolean =>
  [...left.required].some((name) => {
    const property = right.properties.get(name)
    if (property) return isNever(property)
    return right.patterns.size === 0 && isNever(right.additional)
  })

/** Both need a member, and no value of it would do for both: how discriminators work. */
const differsInRequired = (left: ObjectAlternative, right: ObjectAlternative): boolean =>
  [...left.required].some((name) => {
    if (!right.required.has(name)) return false
    const [a, b] = [left.properties.get(name), right.properties.get(name)]
    return a !== undefined && b !== undefined && viewsAreDisjoint(a, b)
  })

export const viewsAreDisjoint = (left: View, right: View): boolean => {
  const pair = `${left.key}|${right.key}`
  if (left.key === right.key || active.has(pair)) return false
  active.add(pair)
  try {
    return alternatives(left).every((a) => alternatives(right).every((b) => areDisjoint(a, b)))
  } finally {
    active.delete(pair)
  }
}
