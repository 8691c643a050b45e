import type { Json, JsonObject } from '../json.ts'
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
import { textOutside } from './language.ts'
import { samplesOf } from './pattern.ts'
import { memberView } from './structure.ts'
import { isHidden, isNever, type View } from './view.ts'

/** Nesting past this is left empty where the schema allows it. */
export const depthMax = 8
/** What has to nest deeper than this to be a value at all has none that is of use. */
const requiredDepthMax = 100
const lengthMax = 70_000
const itemsMax = 2000

/** A small value of the set, or undefined where none was found. */
export const sample = (view: View, depth = 0): Json | undefined => {
  if (depth > requiredDepthMax) return undefined
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

export const plainValues = (one: Alternative, depth: number): readonly Json[] => {
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

export const numbers = (one: NumberAlternative, extra: readonly number[]): readonly number[] => {
  const ends = [one.min, one.max].filter(Number.isFinite)
  const steps = one.multipleOf.flatMap((step) => [
    step,
    -step,
    2 * step,
    ...ends.map((end) => Math.ceil(end / step) * step),
  ])
  // The ends of a format say less to people than a number just past another's, and some are no exact numbers.
  const isHuge = (end: number): boolean => Math.abs(end) > 2 ** 52
  const around = (all: readonly number[]): readonly number[] =>
    all.flatMap((end) => [end, end + 1, end - 1, end + 0.5, end - 0.5])
  const near = around([...ends, ...extra].filter((end) => !isHuge(end)))
  const huge = around([...ends, ...extra].filter(isHuge))
  const middle = ends.length === 2 ? [(one.min + one.max) / 2] : []
  return [1, 0, ...near, ...middle, ...steps, -1, 0.5, 7, 1.25, ...huge]
}

export const strings = (one: StringAlternative, lengths: readonly number[]): readonly string[] => {
  const wanted = [one.minLength, Math.min(one.maxLength, Math.max(one.minLength, 3)), ...lengths].filter(
    (length) => length >= 0 && length <= lengthMax,
  )
  return [
    ...one.formats.flatMap((format) => formatted(format, wanted)),
    ...one.patterns.flatMap((pattern) => samplesOf(pattern, wanted)),
    ...matching(one),
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

/** A text that all expressions take together. */
const matching = ({ patterns, minLength, maxLength }: StringAlternative): readonly string[] => {
  if (patterns.length === 0) return []
  const answer = textOutside(patterns, undefined, { min: minLength, max: maxLength })
  return answer.kind === 'text' ? [answer.text] : []
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

export const arrays = (
  one: ArrayAlternative,
  depth: number,
  lengths: readonly number[] = [],
): readonly Json[] => {
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

export const listOf = (one: ArrayAlternative, length: number, depth: number): Json | undefined => {
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

export const objectWith = (
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

export const padTo = (
  one: ObjectAlternative,
  object: JsonObject,
  size: number,
  depth: number,
): JsonObject => {
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
