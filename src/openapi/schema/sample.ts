import { isObject, type Json, type JsonObject } from '../json.ts'
import { accepts } from './accepts.ts'
import type {
  Alternative,
  ArrayAlternative,
  NumberAlternative,
  ObjectAlternative,
  StringAlternative,
} from './alternative.ts'
import { alternatives } from './alternatives.ts'
import { formats } from './formats.ts'
import { samplesOf } from './pattern.ts'
import { memberView, type Relation } from './relation.ts'
import { isAny, isHidden, isNever, type View } from './view.ts'

/** Nesting past this is left empty where the schema allows it. */
const depthMax = 8
/** Candidates tried for one alternative. */
const triesMax = 400
const lengthMax = 70_000
const itemsMax = 2000

/** A small value of the set, or undefined where none was found. */
export const sample = (view: View, depth = 0): Json | undefined => {
  const name = `sample ${view.key} ${Math.max(0, depth - depthMax + 3)}`
  const { memory } = view.space
  if (memory.has(name)) return memory.get(name) as Json | undefined
  // While it is being looked for, a set that needs itself has no value.
  memory.set(name, undefined)
  const found = firstFitting(view, depth)
  memory.set(name, found)
  return found
}

const ranks: Readonly<Record<string, number>> = {
  string: 0,
  number: 1,
  boolean: 2,
  object: 3,
  array: 4,
  null: 5,
}

const firstFitting = (view: View, depth: number): Json | undefined => {
  const options = alternatives(view).toSorted((a, b) => (ranks[a.type] ?? 0) - (ranks[b.type] ?? 0))
  for (const option of options)
    for (const value of plainValues(option, depth)) if (accepts(view, value)) return value
  return undefined
}

const plainValues = (one: Alternative, depth: number): readonly Json[] => {
  if (one.values) return one.values
  switch (one.type) {
    case 'number':
      return numbers(one, [])
    case 'string':
      return strings(one, [])
    case 'array':
      return arrays(one, depth)
    case 'object':
      return objects(one, depth)
    default:
      return []
  }
}

const numbers = (one: NumberAlternative, extra: readonly number[]): readonly number[] => {
  const ends = [one.min, one.max].filter(Number.isFinite)
  const steps = one.multipleOf.flatMap((step) => [
    step,
    -step,
    2 * step,
    ...ends.map((end) => Math.ceil(end / step) * step),
  ])
  const near = [...ends, ...extra].flatMap((end) => [end, end + 1, end - 1, end + 0.5, end - 0.5])
  const middle = ends.length === 2 ? [(one.min + one.max) / 2] : []
  return [1, 0, ...near, ...middle, ...steps, -1, 0.5, 7, 1.25]
}

const strings = (one: StringAlternative, lengths: readonly number[]): readonly string[] => {
  const wanted = [one.minLength, Math.min(one.maxLength, Math.max(one.minLength, 3)), ...lengths].filter(
    (length) => length >= 0 && length <= lengthMax,
  )
  return [
    ...one.formats.flatMap((format) => formatted(format, wanted)),
    ...one.patterns.flatMap((pattern) => samplesOf(pattern, wanted)),
    ...wanted.map((length) => 'a'.repeat(length)),
    'text',
    '',
    'A',
    '0',
    ' ',
    '-',
    'é',
    '\n',
  ]
}

/** A text of a format, and longer ones: most formats have an end that may grow. */
const formatted = (format: string, lengths: readonly number[]): readonly string[] => {
  const known = formats[format]?.sample
  if (known === undefined) return []
  const longer = lengths
    .map((length) => length - known.length)
    .filter((missing) => missing > 0)
    .flatMap((missing) => [known + 'a'.repeat(missing), 'a'.repeat(missing) + known])
  return [known, ...longer]
}

const arrays = (one: ArrayAlternative, depth: number, lengths: readonly number[] = []): readonly Json[] => {
  const found: Json[] = []
  for (const length of [Math.max(one.minItems, neededByContains(one)), ...lengths, 1, 0]) {
    if (length > itemsMax || length < one.minItems || length > one.maxItems) continue
    const list = listOf(one, length, depth)
    if (list) found.push(list)
  }
  return found
}

const neededByContains = (one: ArrayAlternative): number =>
  one.contains.reduce((sum, { min }) => sum + min, 0)

const listOf = (one: ArrayAlternative, length: number, depth: number): Json | undefined => {
  const wanted = one.contains.flatMap(({ view, min }) => Array.from({ length: min }, () => view))
  const list: Json[] = []
  for (let at = 0; at < length; at++) {
    const own = one.prefix[at] ?? one.items
    const needed = at < one.prefix.length ? undefined : wanted.shift()
    const view = needed ? own.space.both([own, needed]) : own
    const value = one.unique ? distinctSample(view, list, depth) : sample(view, depth + 1)
    if (value === undefined) return undefined
    list.push(value)
  }
  return list
}

const distinctSample = (view: View, taken: readonly Json[], depth: number): Json | undefined => {
  const texts = new Set(taken.map((each) => JSON.stringify(each)))
  for (const option of alternatives(view))
    for (const value of [...plainValues(option, depth + 1), ...variations(option, taken.length)])
      if (!texts.has(JSON.stringify(value)) && accepts(view, value)) return value
  return undefined
}

const variations = (one: Alternative, at: number): readonly Json[] =>
  one.type === 'number' ? [at + 2, at + 100] : one.type === 'string' ? [`text${at}`, 'a'.repeat(at + 1)] : []

const objects = (one: ObjectAlternative, depth: number): readonly Json[] => {
  const least = objectWith(one, [...one.required], depth)
  if (!least) return []
  const padded = padTo(one, least, one.minProperties, depth)
  if (depth >= depthMax) return [padded]
  return [padded, objectWith(one, [...one.required, ...one.properties.keys()], depth) ?? padded]
}

const objectWith = (
  one: ObjectAlternative,
  names: readonly string[],
  depth: number,
): JsonObject | undefined => {
  const object: Record<string, Json> = {}
  for (const name of new Set(names)) {
    const view = memberView(one, name)
    if (!one.required.has(name) && (depth >= depthMax || isHidden(view))) continue
    const value = sample(view, depth + 1)
    if (value !== undefined) object[name] = value
    else if (one.required.has(name)) return undefined
  }
  for (const [name, needed] of one.dependentRequired)
    if (name in object)
      for (const each of needed) object[each] ??= sample(memberView(one, each), depth + 1) ?? null
  return object
}

const padTo = (one: ObjectAlternative, object: JsonObject, size: number, depth: number): JsonObject => {
  const next: Record<string, Json> = { ...object }
  const names = [
    ...one.properties.keys(),
    ...Array.from({ length: Math.min(size, 1000) }, (_, at) => `member${at}`),
  ]
  for (const name of names) {
    if (Object.keys(next).length >= size) break
    const view = memberView(one, name)
    const value = name in next || isNever(view) ? undefined : sample(view, depth + 1)
    if (value !== undefined) next[name] = value
  }
  return next
}

/** A value that is in `inner` and not in `outer`, or undefined where none was found. */
export const counterexample = (outer: View, inner: View, relation: Relation, depth = 0): Json | undefined => {
  if (depth > depthMax) return undefined
  const isWitness = (value: Json): boolean => accepts(inner, value) && !relation.takes(outer, value)
  const open = alternatives(inner).filter((option) => !relation.covers(outer, option))
  for (const option of open) {
    const value = plainValues(option, depth).find(isWitness)
    if (value !== undefined) return value
  }
  const rivals = alternatives(outer)
  for (const option of open) {
    const value = provoking(option, rivals, relation, depth).slice(0, triesMax).find(isWitness)
    if (value !== undefined) return value
  }
  return undefined
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
    case 'object':
      return rivals.flatMap((rival) =>
        rival.type === 'object' ? provokingObjects(inner, rival, relation, depth) : [],
      )
    default:
      return []
  }
}

const numericEnds = (one: Alternative): readonly number[] => {
  if (one.values) return one.values.filter((value) => typeof value === 'number')
  return one.type === 'number' ? [one.min, one.max, ...one.multipleOf].filter(Number.isFinite) : []
}

const provokingStrings = (inner: StringAlternative, rivals: readonly Alternative[]): readonly string[] => {
  const ends = rivals.flatMap((each) =>
    each.type === 'string' ? [each.minLength - 1, each.maxLength + 1] : [],
  )
  return [
    ...strings(inner, ends.filter(Number.isFinite)),
    ...Object.values(formats).map((each) => each.sample),
  ]
}

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

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([each]) => each !== name))
