import { accepts, isMultiple } from './accepts.ts'
import { acceptsAsText, includesAsText, readings, type Text } from './as-text.ts'
import type {
  Alternative,
  ArrayAlternative,
  NumberAlternative,
  ObjectAlternative,
  StringAlternative,
} from './alternative.ts'
import { alternatives } from './alternatives.ts'
import { formatContains } from './formats.ts'
import { textOutside, textsOf } from './language.ts'
import { includesArrays, includesObjects } from './structure.ts'
import { areDisjoint } from './disjoint.ts'
import { isAny, isNever, type View } from './view.ts'
import type { Json } from '../json.ts'

/** How values are told apart. */
export interface RelationOptions {
  /**
   * What a sender does with members that an open object does not name: `any` as JSON Schema says, or `absent` as
   * people who read a contract behave. With `absent` a new optional property is no narrowing. Default any.
   */
  readonly undeclared?: 'any' | 'absent'
  /**
   * Values that travel as text, such as in a query: then a plain string takes every number and boolean, and with
   * `exploded` a list takes the single value that its item is. Default none.
   */
  readonly text?: Text
}

export interface Relation {
  readonly options: Required<RelationOptions>
  /** The same with `undeclared: 'any'`. */
  readonly strict: Relation
  /** Whether it is proven that every value of `inner` is one of `outer`. False says only that it was not. */
  holds(outer: View, inner: View): boolean
  /** The same for one alternative of `inner`. */
  covers(outer: View, inner: Alternative): boolean
  /** The same for two alternatives. */
  includes(outer: Alternative, inner: Alternative): boolean
  /** Whether a value is in a set, also as the text it may travel as. */
  takes(view: View, value: Json): boolean
}

/** Comparisons of one call beyond this many are given up on: not proven. */
const stepsMax = 200_000
/** And all calls together: what is asked later is not proven either. */
const spentMax = 3_000_000
/** Value sets nested deeper than this are not proven to hold each other. */
const nestedMax = 300

export const createRelation = ({ undeclared = 'any', text = 'none' }: RelationOptions = {}): Relation => {
  const settled = new Map<string, boolean>()
  const assumed = new Set<string>()
  let trail: string[] = []
  let steps = 0
  let nested = 0
  let spent = 0

  /** Coinduction: a pair met again on the way to itself holds, unless something else on the way fails. */
  const holds = (outer: View, inner: View): boolean => {
    if (outer.key === inner.key || isAny(outer) || isNever(inner)) return true
    if (++spent > spentMax) return false
    const pair = `${outer.key}>${inner.key}`
    const known = settled.get(pair)
    if (known !== undefined) return known
    if (assumed.has(pair)) return true
    const isOutermost = trail.length === 0
    if (isOutermost) steps = 0
    if (++steps > stepsMax) return false
    const mark = trail.length
    trail.push(pair)
    assumed.add(pair)
    nested++
    const result =
      nested <= nestedMax && alternatives(inner).every((alternative) => covers(outer, alternative))
    nested--
    if (!result) {
      // What was settled under this assumption is open again.
      for (const each of trail.splice(mark)) assumed.delete(each)
      if (steps <= stepsMax && nested < nestedMax) settled.set(pair, false)
    } else if (isOutermost) {
      for (const each of trail) settled.set(each, true)
      assumed.clear()
      trail = []
    }
    return result
  }

  const covers = (outer: View, inner: Alternative): boolean => {
    if (spent > spentMax) return false
    if (trail.length === 0) steps = 0
    const options = alternatives(outer)
    if (inner.values)
      return inner.values.every((value) => accepts(outer, value) || acceptsAsText(options, value, text))
    if (options.some((option) => includes(option, inner))) return true
    const few = fewValues(inner)
    if (few) return few.every((value) => accepts(outer, value))
    return text !== 'none' && options.some((option) => includesAsText(option, inner, text, covers))
  }

  const includes = (outer: Alternative, inner: Alternative): boolean => {
    if (outer.type !== inner.type || ++spent > spentMax || ++steps > stepsMax) return false
    if (outer.view.key === inner.view.key && outer.excludes.length === 0 && !outer.values) return true
    if (inner.values) return inner.values.every((value) => isIn(outer, value))
    if (outer.values) return fewValues(inner)?.every((value) => isIn(outer, value)) ?? false
    for (const [keyword, written] of outer.opaque) if (inner.opaque.get(keyword) !== written) return false
    return includesParts(outer, inner) && outer.excludes.every((excluded) => isExcluded(excluded, inner))
  }

  const includesParts = (outer: Alternative, inner: Alternative): boolean => {
    switch (outer.type) {
      case 'number':
        return includesNumbers(outer, inner as NumberAlternative)
      case 'string':
        return includesStrings(outer, inner as StringAlternative)
      case 'array':
        return includesArrays(outer, inner as ArrayAlternative, holds)
      case 'object':
        return includesObjects(outer, inner as ObjectAlternative, holds, undeclared === 'absent')
      default:
        return true
    }
  }

  const isIn = (outer: Alternative, value: Json): boolean =>
    outer.values
      ? outer.values.some((each) => JSON.stringify(each) === JSON.stringify(value))
      : accepts(outer.view, value) && !outer.excludes.some((excluded) => accepts(excluded, value))

  const isExcluded = (excluded: View, inner: Alternative): boolean =>
    inner.excludes.some((each) => holds(each, excluded)) ||
    alternatives(excluded).every((other) => areDisjoint(other, inner))

  const takes = (view: View, value: Json): boolean =>
    accepts(view, value) || (text !== 'none' && readings(value, text).some((each) => accepts(view, each)))

  let strict: Relation | undefined
  const relation: Relation = {
    options: { undeclared, text },
    get strict() {
      return (strict ??= undeclared === 'any' ? relation : createRelation({ undeclared: 'any', text }))
    },
    holds,
    covers,
    includes,
    takes,
  }
  return relation
}

const includesNumbers = (outer: NumberAlternative, inner: NumberAlternative): boolean =>
  (outer.min < inner.min || (outer.min === inner.min && (!outer.minExclusive || inner.minExclusive))) &&
  (outer.max > inner.max || (outer.max === inner.max && (!outer.maxExclusive || inner.maxExclusive))) &&
  (!outer.integer || inner.integer || inner.multipleOf.some(Number.isInteger)) &&
  outer.multipleOf.every((step) =>
    [...inner.multipleOf, ...(inner.integer ? [1] : [])].some((each) => isMultiple(each, step)),
  )

const includesStrings = (outer: StringAlternative, inner: StringAlternative): boolean =>
  outer.minLength <= inner.minLength &&
  outer.maxLength >= inner.maxLength &&
  outer.patterns.every(
    (pattern) =>
      inner.patterns.includes(pattern) ||
      textOutside(inner.patterns, pattern, { min: inner.minLength, max: inner.maxLength }).kind === 'none',
  ) &&
  outer.formats.every((format) => inner.formats.some((each) => formatContains(format, each))) &&
  [...outer.content].every(([keyword, text]) => inner.content.get(keyword) === text)

const rangeMax = 64

/** Values that are so few that each can be tried: of a small range of integers, or of an expression that ends. */
const fewValues = (inner: Alternative): readonly Json[] | undefined => {
  if (inner.type === 'string')
    return inner.patterns.length === 0
      ? undefined
      : textsOf(inner.patterns, rangeMax)?.filter((value) => accepts(inner.view, value))
  if (inner.type !== 'number' || !inner.integer || inner.max - inner.min >= rangeMax) return undefined
  return Array.from({ length: inner.max - inner.min + 1 }, (_, at) => inner.min + at).filter((value) =>
    accepts(inner.view, value),
  )
}
