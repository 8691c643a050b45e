import { isObject, type Json, memberOf, setMember } from '../../openapi/json.ts'
import { accepts, isMultiple } from '../../openapi/schema/accepts.ts'
import type {
  Alternative,
  ArrayAlternative,
  NumberAlternative,
  ObjectAlternative,
} from '../../openapi/schema/alternative.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import { sample } from '../../openapi/schema/sample.ts'
import { memberView } from '../../openapi/schema/structure.ts'
import { annotation, isHidden, isNever, type View } from '../../openapi/schema/view.ts'
import { between, oneOf, type Random } from './random.ts'
import { typicalText } from './text.ts'

export interface TypicalOptions {
  readonly random: Random
  /** Which optional members objects have. */
  readonly optional: 'none' | 'some' | 'all'
  /** What the value is called. */
  readonly name: string
}

const depthMax = 7
const itemsMax = 50

/** A valid value as people would send it: examples and defaults first, texts that are new each time. */
export const typical = (view: View, options: TypicalOptions, depth = 0): Json | undefined => {
  if (depth > depthMax) return sample(view, depth)
  const options1 = alternatives(view).filter((each) => each.type !== 'null')
  const among = options1.length > 0 ? options1 : alternatives(view)
  const first = among[0]
  const chosen = options.optional === 'some' ? (oneOf(options.random, among) ?? first) : first
  if (!chosen) return undefined
  const value = ofAlternative(chosen, options, depth)
  return value !== undefined && accepts(view, value) ? value : sample(view, depth)
}

const ofAlternative = (one: Alternative, options: TypicalOptions, depth: number): Json | undefined => {
  const { random } = options
  if (one.values) return oneOf(random, one.values)
  switch (one.type) {
    case 'number':
      return typicalNumber(one, random)
    case 'string':
      return typicalText(one, random, options.name)
    case 'array':
      return typicalList(one, options, depth)
    case 'object':
      return typicalObject(one, options, depth)
    default:
      return one.type === 'boolean' ? random() < 0.5 : null
  }
}

const typicalNumber = (one: NumberAlternative, random: Random): number | undefined => {
  const example = annotation(one.view, 'default') ?? annotation(one.view, 'example')
  if (typeof example === 'number' && accepts(one.view, example) && random() < 0.5) return example
  const least = Number.isFinite(one.min) ? one.min : Number.isFinite(one.max) ? one.max - 100 : 1
  const most = Math.min(one.max, least + 100)
  const step = one.multipleOf.at(-1) ?? (one.integer ? 1 : 0.25)
  const from = Math.ceil(least / step - 1e-9)
  const value =
    (from + between(random, one.minExclusive ? 1 : 0, Math.max(1, Math.floor((most - from * step) / step)))) *
    step
  const exact = Number(value.toPrecision(12))
  return [exact, from * step, (least + most) / 2, least, most].find(
    (each) => accepts(one.view, each) && one.multipleOf.every((multiple) => isMultiple(each, multiple)),
  )
}

const typicalList = (one: ArrayAlternative, options: TypicalOptions, depth: number): Json | undefined => {
  const length = Math.min(
    one.maxItems,
    itemsMax,
    Math.max(one.minItems, one.prefix.length, options.optional === 'none' ? 0 : 1, one.contains.length),
  )
  const items: Json[] = []
  const texts = new Set<string>()
  for (let tries = 0; items.length < length && tries < length * 4; tries++) {
    const own = one.prefix[items.length] ?? one.items
    const needed = one.contains[items.length]
    const item = typical(
      needed ? own.space.both([own, needed.view]) : own,
      { ...options, name: options.name.replace(/s$/, '') },
      depth + 1,
    )
    if (item === undefined) return undefined
    const text = JSON.stringify(item)
    if (one.unique && texts.has(text)) continue
    texts.add(text)
    items.push(item)
  }
  return items
}

const typicalObject = (one: ObjectAlternative, options: TypicalOptions, depth: number): Json | undefined => {
  const { random, optional } = options
  const object: Record<string, Json> = {}
  for (const [name, view] of one.properties) {
    const isRequired = one.required.has(name)
    if (!isRequired && (isHidden(view) || isNever(view) || depth >= depthMax - 2)) continue
    if (!isRequired && (optional === 'none' || (optional === 'some' && random() < 0.5))) continue
    const value = typical(view, { ...options, name }, depth + 1)
    if (value !== undefined) setMember(object, name, value)
    else if (isRequired) return undefined
  }
  for (const name of one.required)
    if (memberOf(object, name) === undefined) {
      const value = typical(memberView(one, name), { ...options, name }, depth + 1)
      if (value === undefined) return undefined
      setMember(object, name, value)
    }
  if (Object.keys(object).length < one.minProperties || !accepts(one.view, object))
    return repaired(one, object, options, depth)
  return object
}

/** What depends on other members is easier to take from a sample that already fits. */
const repaired = (
  one: ObjectAlternative,
  object: Record<string, Json>,
  options: TypicalOptions,
  depth: number,
): Json | undefined => {
  for (const [name, needed] of one.dependentRequired)
    if (Object.hasOwn(object, name))
      for (const each of needed)
        object[each] ??= typical(memberView(one, each), { ...options, name: each }, depth + 1) ?? null
  for (const [name, view] of one.properties) {
    if (Object.keys(object).length >= one.minProperties && accepts(one.view, object)) return object
    if (Object.hasOwn(object, name) || isHidden(view) || isNever(view)) continue
    const value = typical(view, { ...options, name }, depth + 1)
    if (value !== undefined) setMember(object, name, value)
  }
  if (accepts(one.view, object)) return object
  const fitting = sample(one.view, depth)
  return isObject(fitting) ? fitting : undefined
}
