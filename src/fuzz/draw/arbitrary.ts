import fc, { type Arbitrary } from 'fast-check'
import { isObject, type Json, setMember } from '../../openapi/json.ts'
import { accepts, isMultiple } from '../../openapi/schema/accepts.ts'
import type {
  Alternative,
  ArrayAlternative,
  NumberAlternative,
  ObjectAlternative,
  StringAlternative,
} from '../../openapi/schema/alternative.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import { isHidden, isNever, type View } from '../../openapi/schema/view.ts'
import { createRandom } from './random.ts'
import { formatOf, textOfFormat, textsOfPattern } from './text.ts'
import { typical } from './typical.ts'

/** Lists, objects and texts without a bound of their own are not larger. */
const sizeMax = 12
const textMax = 60
const depthMax = 5

/**
 * Values of a schema for fast-check, all of them valid but for what no generator can promise: filter by the validity of
 * the whole. Recursion ends at a fixed depth; what cannot be generated is made up from samples.
 */
export const arbitraryOf = (view: View, depth = 0): Arbitrary<Json> => {
  const { memory } = view.space
  const name = `arbitrary ${view.key} ${Math.min(depth, depthMax)}`
  const known = memory.get(name) as Arbitrary<Json> | undefined
  if (known) return known
  const options = alternatives(view).map((one) => ofAlternative(one, depth))
  const made =
    options.length === 0
      ? fc.constant(null)
      : options.length === 1 && options[0]
        ? options[0]
        : fc.oneof(...options)
  memory.set(name, made)
  return made
}

const ofAlternative = (one: Alternative, depth: number): Arbitrary<Json> => {
  if (one.values) return fc.constantFrom(...one.values)
  switch (one.type) {
    case 'number':
      return numbers(one)
    case 'string':
      return strings(one)
    case 'array':
      return lists(one, depth)
    case 'object':
      return objects(one, depth)
    default:
      return one.type === 'boolean' ? fc.boolean() : fc.constant(null)
  }
}

const numbers = (one: NumberAlternative): Arbitrary<Json> => {
  const min = Number.isFinite(one.min) ? one.min : Math.min(-1e6, one.max - 1e6)
  const max = Number.isFinite(one.max) ? one.max : Math.max(1e6, one.min + 1e6)
  const step = one.multipleOf.at(-1) ?? (one.integer ? 1 : undefined)
  if (step !== undefined) {
    const [least, most] = [Math.ceil(min / step), Math.floor(max / step)]
    if (least > most || !Number.isSafeInteger(least) || !Number.isSafeInteger(most)) return made(one)
    return fc
      .integer({ min: Math.max(least, -(2 ** 31)), max: Math.min(most, 2 ** 31 - 1) })
      .map((times) => Number((times * step).toPrecision(15)))
      .filter((value) => one.multipleOf.every((each) => isMultiple(value, each)))
  }
  return fc
    .double({
      min,
      max,
      noNaN: true,
      noDefaultInfinity: true,
      minExcluded: one.minExclusive,
      maxExcluded: one.maxExclusive,
    })
    .map((value) => (Object.is(value, -0) ? 0 : value))
}

/** What cannot be generated in general is drawn from a few that fit. */
const made = (one: Alternative): Arbitrary<Json> => {
  const values = Array.from({ length: 6 }, (_, at) =>
    typical(one.view, { random: createRandom(at + 1), optional: 'some', name: '' }),
  ).filter((value) => value !== undefined)
  return values.length === 0 ? fc.constant(null) : fc.constantFrom(...values)
}

const strings = (one: StringAlternative): Arbitrary<Json> => {
  const fits = (text: string): boolean => accepts(one.view, text)
  if (one.patterns.length > 0) {
    const texts = textsOfPattern(one.patterns[0] ?? '').filter(fits)
    return texts.length === 0 ? made(one) : fc.constantFrom(...texts)
  }
  const format = formatOf(one)
  if (format !== undefined && textOfFormat(format, Math.random) !== undefined)
    return fc
      .integer({ min: 1, max: 2 ** 30 })
      .map((seed) => textOfFormat(format, createRandom(seed)) ?? '')
      .filter(fits)
  const minLength = Math.min(one.minLength, 10_000)
  const maxLength = Math.max(minLength, Math.min(one.maxLength, minLength + textMax))
  const units = [
    fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,')),
    fc.constantFrom(...Array.from('äöüßéñçø漢字あ한مΩжיא🚀👍𝒳')),
  ] as const
  return fc.string({
    minLength,
    maxLength,
    unit: fc.oneof({ weight: 5, arbitrary: units[0] }, { weight: 1, arbitrary: units[1] }),
  })
}

const lists = (one: ArrayAlternative, depth: number): Arbitrary<Json> => {
  if (one.contains.length > 0) return made(one)
  const max = depth >= depthMax ? one.minItems : Math.min(one.maxItems, Math.max(one.minItems, sizeMax))
  const minLength = Math.max(0, one.minItems - one.prefix.length)
  const maxLength = Math.max(minLength, max - one.prefix.length)
  const item = isNever(one.items) ? undefined : fc.constant(0).chain(() => arbitraryOf(one.items, depth + 1))
  const options = { minLength, maxLength: item ? maxLength : 0 }
  const rest = !item
    ? fc.constant([])
    : one.unique
      ? fc.uniqueArray(item, { ...options, selector: (value) => JSON.stringify(value) })
      : fc.array(item, options)
  if (one.prefix.length === 0) return rest
  return fc
    .tuple(...one.prefix.map((view) => arbitraryOf(view, depth + 1)))
    .chain((head) => rest.map((tail) => [...head, ...tail]))
}

const objects = (one: ObjectAlternative, depth: number): Arbitrary<Json> => {
  const members: Record<string, Arbitrary<Json>> = {}
  const names = new Set([...one.required, ...one.properties.keys()])
  for (const name of names) {
    const view = memberView(one, name)
    const isRequired = one.required.has(name)
    if (!isRequired && (isHidden(view) || isNever(view) || depth >= depthMax)) continue
    // Later, so that a schema that contains itself is not read to its end at once.
    setMember(
      members as unknown as Record<string, Json>,
      name,
      fc.constant(0).chain(() => arbitraryOf(view, depth + 1)) as unknown as Json,
    )
  }
  const requiredKeys = [...one.required].filter((name) => Object.hasOwn(members, name))
  const plain = fc.record(members, { requiredKeys }).map((value) => value as Json)
  const fallback = typical(one.view, { random: createRandom(1), optional: 'all', name: '' })
  return fallback === undefined
    ? plain
    : plain.map((value) =>
        isObject(value) && Object.keys(value).length < one.minProperties ? fallback : value,
      )
}
