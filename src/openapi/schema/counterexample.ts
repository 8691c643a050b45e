import { isObject, type Json, type JsonObject } from '../json.ts'
import { accepts } from './accepts.ts'
import type { Alternative, ArrayAlternative, ObjectAlternative, StringAlternative } from './alternative.ts'
import { alternatives } from './alternatives.ts'
import { formats } from './formats.ts'
import { textOutside } from './language.ts'
import { samplesOf } from './pattern.ts'
import type { Relation } from './relation.ts'
import { memberView } from './structure.ts'
import {
  arrays,
  depthMax,
  listOf,
  numbers,
  objectWith,
  padTo,
  plainValues,
  sample,
  strings,
} from './sample.ts'
import { isAny, isHidden, isNever, type View } from './view.ts'

/** Candidates tried for one alternative. */
const triesMax = 400
/** Alternatives of one side that are looked at, and pairs of them with those of the other. */
const optionsMax = 60
const pairsMax = 1500

/** A value that is in `inner` and not in `outer`, or undefined where none was found. */
export const counterexample = (outer: View, inner: View, relation: Relation, depth = 0): Json | undefined => {
  if (depth > depthMax) return undefined
  const isWitness = (value: Json): boolean => accepts(inner, value) && !relation.takes(outer, value)
  const open = alternatives(inner)
    .filter((option) => !relation.covers(outer, option))
    .slice(0, optionsMax)
  for (const option of open) {
    // Numbers beside the bounds of the others say more; they are among what provokes.
    if (option.type === 'number' && !option.values) continue
    const value = plainValues(option, depth).find(isWitness)
    if (value !== undefined) return value
  }
  const rivals = alternatives(outer).slice(0, Math.ceil(pairsMax / Math.max(1, open.length)))
  for (const option of open) {
    const value = provoking(option, rivals, relation, depth).slice(0, triesMax).find(isWitness)
    if (value !== undefined) return value
  }
  return rivals
    .flatMap(({ excludes }) => excludes.flatMap((each) => alternatives(each)))
    .flatMap((forbidden) => plainValues(forbidden, depth + 1))
    .slice(0, triesMax)
    .find(isWitness)
}

/** Values of an alternative made to fail the others of its type. */
const provoking = (
  inner: Alternative,
  outer: readonly Alternative[],
  relation: Relation,
  depth: number,
): readonly Json[] => {
  if (inner.values) return inner.values
  const rivals = outer.filter(({ type }) => type === inner.type)
  switch (inner.type) {
    case 'number':
      return numbers(inner, [...rivals.flatMap(numericEnds), 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e300])
    case 'string':
      return provokingStrings(inner, rivals)
    case 'array':
      return rivals.flatMap((rival) =>
        rival.type === 'array' ? provokingArrays(inner, rival, relation, depth) : [],
      )
    case 'object': {
      const objects = rivals.filter((rival) => rival.type === 'object')
      return [
        ...objects.flatMap((rival) => provokingObjects(inner, rival, relation, depth)),
        ...(objects.length > 1 ? againstAll(inner, objects, relation, depth) : []),
      ]
    }
    default:
      return []
  }
}

const numericEnds = (one: Alternative): readonly number[] => {
  if (one.values) return one.values.filter((value) => typeof value === 'number')
  return one.type === 'number' ? [one.max, one.min, ...one.multipleOf].filter(Number.isFinite) : []
}

const provokingStrings = (inner: StringAlternative, rivals: readonly Alternative[]): readonly string[] => {
  const ends = rivals.flatMap((each) =>
    each.type === 'string' ? [each.minLength - 1, each.maxLength + 1] : [],
  )
  return [
    ...rivals.flatMap((rival) => refusedTexts(inner, rival)),
    ...strings(inner, ends.filter(Number.isFinite)),
    ...Object.values(formats).map((each) => each.sample),
  ]
}

/** Texts that the expressions of one side take and those of the other do not. */
const refusedTexts = (inner: StringAlternative, rival: Alternative): readonly string[] => {
  const lengths = { min: inner.minLength, max: inner.maxLength }
  const refusing = rival.values
    ? inner.patterns.length > 0
      ? [listedTexts(rival.values)]
      : []
    : rival.type === 'string'
      ? rival.patterns
      : []
  return refusing.flatMap((pattern) => {
    const answer = textOutside(inner.patterns, pattern, lengths)
    return answer.kind === 'text' ? [answer.text] : []
  })
}

const listedTexts = (values: readonly Json[]): string =>
  `^(${values
    .filter((value) => typeof value === 'string')
    .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('|')})$`

const provokingArrays = (
  inner: ArrayAlternative,
  outer: ArrayAlternative,
  relation: Relation,
  depth: number,
): readonly Json[] => {
  const found = [...arrays(inner, depth, [outer.minItems - 1, outer.maxItems + 1, outer.prefix.length + 1])]
  const longest = Math.max(inner.prefix.length, outer.prefix.length)
  for (let at = 0; at <= longest; at++) {
    const [own, other] = [inner.prefix[at] ?? inner.items, outer.prefix[at] ?? outer.items]
    if (relation.holds(other, own)) continue
    const value = counterexample(other, own, relation, depth + 1)
    const list = value === undefined ? undefined : listOf(inner, Math.max(at + 1, inner.minItems), depth)
    if (Array.isArray(list))
      found.push(list.map((item: Json, index) => (index === at ? (value ?? null) : item)))
  }
  for (const { view, max } of outer.contains) {
    if (max >= 100 || max + 1 < inner.minItems) continue
    const item = sample(
      inner.items.space === view.space ? inner.items.space.both([inner.items, view]) : inner.items,
      depth + 1,
    )
    const list = item === undefined ? undefined : Array.from({ length: max + 1 }, () => item)
    if (list) found.push(list)
  }
  if (outer.unique) {
    const item = sample(inner.items, depth + 1)
    if (item !== undefined) found.push(Array.from({ length: Math.max(2, inner.minItems) }, () => item))
  }
  return found
}

const provokingObjects = (
  inner: ObjectAlternative,
  outer: ObjectAlternative,
  relation: Relation,
  depth: number,
): readonly Json[] => {
  const least = objectWith(inner, [...inner.required], depth)
  if (!least) return []
  const found: Json[] = []
  const add = (members: JsonObject): void => void found.push({ ...least, ...members })
  for (const name of new Set([...inner.properties.keys(), ...outer.properties.keys()])) {
    const [own, other] = [memberView(inner, name), memberView(outer, name)]
    if (isHidden(own) || isNever(own)) continue
    // Who reads a contract does not send what it does not name.
    if (relation.options.undeclared === 'absent' && !inner.properties.has(name) && isAny(own)) continue
    const value = sample(own, depth + 1)
    if (value !== undefined) add({ [name]: value })
    if (relation.holds(other, own)) continue
    const odd = counterexample(other, own, relation, depth + 1)
    if (odd !== undefined) add({ [name]: odd })
  }
  for (const name of outer.dependentRequired.keys()) {
    const dependent = objectWith(inner, [...inner.required, name], depth)
    if (dependent) found.push(dependent)
  }
  const whole = objectWith(inner, [...inner.required, ...inner.properties.keys()], depth)
  if (whole) found.push(whole, ...[...outer.required].map((name) => without(whole, name)))
  if (!isNever(inner.additional)) {
    const extra = sample(inner.additional, depth + 1)
    if (extra !== undefined) add({ other: extra })
    const odd = counterexample(outer.additional, inner.additional, relation, depth + 1)
    if (odd !== undefined) add({ other: odd })
    add({ 'not a name!': extra ?? null })
    for (const size of [outer.maxProperties + 1, outer.minProperties - 1])
      if (size >= 0 && size < 1000) found.push(padTo(inner, least, size, depth))
  }
  for (const [pattern, view] of outer.patterns)
    for (const name of samplesOf(pattern).slice(0, 3)) {
      const odd = counterexample(view, memberView(inner, name), relation, depth + 1)
      if (odd !== undefined) add({ [name]: odd })
    }
  return found.filter(isObject)
}

/** One object with a member for each rival that it cannot take. */
const againstAll = (
  inner: ObjectAlternative,
  rivals: readonly ObjectAlternative[],
  relation: Relation,
  depth: number,
): readonly Json[] => {
  const least = objectWith(inner, [...inner.required], depth)
  if (!least) return []
  const odd: Record<string, Json> = { ...least }
  for (const rival of rivals) {
    if ([...rival.required].some((name) => !Object.hasOwn(odd, name))) continue
    for (const [name, other] of rival.properties) {
      const own = memberView(inner, name)
      if (isHidden(own) || isNever(own) || relation.holds(other, own)) continue
      const value = counterexample(other, own, relation, depth + 1)
      if (value === undefined) continue
      odd[name] = value
      break
    }
  }
  return [odd]
}

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([each]) => each !== name))
