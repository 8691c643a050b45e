import {
  asText,
  canonicalText,
  isList,
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  sameJson,
} from '../json.ts'
import { formats, numericFormats } from './formats.ts'
import { patternOf } from './pattern.ts'
import { jsonTypes } from './alternative.ts'
import { typeOf } from './types.ts'
import { type Atom, branches, chosenAnyOf, chosenOneOf, isHidden, part, parts, type View } from './view.ts'

/** Values nested deeper than this are taken to be accepted: no sample is that deep. */
const depthMax = 150

/** Whether a value is in the set. Hidden properties may hold anything and are never required. */
export const accepts = (view: View, value: Json, depth = 0): boolean =>
  depth > depthMax || view.atoms.every((atom) => allows(view, atom, value, depth))

const allows = (view: View, atom: Atom, value: Json, depth: number): boolean => {
  const { node } = atom
  if (!hasType(node, value) || !isListed(node, value)) return false
  if (!combined(view, atom, value, depth)) return false
  if (typeof value === 'number') return allowsNumber(node, value)
  if (typeof value === 'string') return allowsString(node, value)
  if (isList(value)) return allowsArray(view, atom, value, depth)
  return isObject(value) ? allowsObject(view, atom, value, depth) : true
}

const hasType = (node: JsonObject, value: Json): boolean => {
  const { type } = node
  if (typeof type !== 'string' && !isList(type)) return true
  const own = typeOf(value)
  const named = [type].flat()
  // An unknown type constrains nothing; health has said so.
  if (!named.every((each) => each === 'integer' || jsonTypes.some((known) => known === each))) return true
  return named.some((each) => each === own || (each === 'integer' && Number.isInteger(value)))
}

const isListed = (node: JsonObject, value: Json): boolean => {
  const constant = memberOf(node, 'const')
  if (constant !== undefined && !sameJson(constant, value)) return false
  const list = node['enum']
  return !isList(list) || list.some((each) => sameJson(each, value))
}

const combined = (view: View, atom: Atom, value: Json, depth: number): boolean => {
  const { space } = view
  const { node, chosen } = atom
  const test = (other: View): boolean => accepts(other, value, depth + 1)
  const anyOf = (chosen & chosenAnyOf) === 0 ? branches(space, atom, 'anyOf') : []
  if (anyOf.length > 0 && !anyOf.some(test)) return false
  const oneOf = (chosen & chosenOneOf) === 0 ? branches(space, atom, 'oneOf') : []
  if (oneOf.length > 0 && oneOf.filter(test).length !== 1) return false
  const not = part(space, atom, 'not')
  if (not && test(not)) return false
  const condition = node['if'] === undefined ? undefined : part(space, atom, 'if')
  const consequence = condition && part(space, atom, test(condition) ? 'then' : 'else')
  return !consequence || test(consequence)
}

const numberAt = (node: JsonObject, name: string): number | undefined => {
  const value = node[name]
  return typeof value === 'number' ? value : undefined
}

const allowsNumber = (node: JsonObject, value: number): boolean => {
  const { format } = node
  const [least, most] = (typeof format === 'string' && numericFormats[format]) || [-Infinity, Infinity]
  const step = numberAt(node, 'multipleOf')
  return (
    value >= Math.max(least, numberAt(node, 'minimum') ?? -Infinity) &&
    value <= Math.min(most, numberAt(node, 'maximum') ?? Infinity) &&
    value > (numberAt(node, 'exclusiveMinimum') ?? -Infinity) &&
    value < (numberAt(node, 'exclusiveMaximum') ?? Infinity) &&
    (step === undefined || step <= 0 || isMultiple(value, step))
  )
}

/** Decimal steps such as 0.01 leave a remainder in binary. */
export const isMultiple = (value: number, step: number): boolean => {
  if (Number.isInteger(value) && Number.isInteger(step)) return value % step === 0
  const times = value / step
  return Math.abs(times - Math.round(times)) < Math.min(1e-4, 1e-9 * Math.max(1, Math.abs(times)))
}

/** Characters as JSON Schema counts them: a surrogate pair is one. */
const charactersOf = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

const allowsString = (node: JsonObject, value: string): boolean => {
  const { pattern, format } = node
  const length = charactersOf(value)
  return (
    length >= (numberAt(node, 'minLength') ?? 0) &&
    length <= (numberAt(node, 'maxLength') ?? Infinity) &&
    (typeof pattern !== 'string' || (patternOf(pattern)?.test(value) ?? true)) &&
    (typeof format !== 'string' ||
      !Object.hasOwn(formats, format) ||
      (formats[format]?.test.test(value) ?? true))
  )
}

const allowsArray = (view: View, atom: Atom, value: readonly Json[], depth: number): boolean => {
  const { space } = view
  const { node } = atom
  if (
    value.length < (numberAt(node, 'minItems') ?? 0) ||
    value.length > (numberAt(node, 'maxItems') ?? Infinity)
  )
    return false
  if (node['uniqueItems'] === true && new Set(value.map(canonicalText)).size < value.length) return false
  const tuple = isList(node['items']) ? 'items' : 'prefixItems'
  const prefix = branches(space, atom, tuple)
  const rest = part(space, atom, tuple === 'items' ? 'additionalItems' : 'items')
  const left = part(space, atom, 'unevaluatedItems')
  const fits = value.every((item, at) => {
    const own = prefix[at] ?? rest ?? (left && !isItemEvaluated(view, at) ? left : undefined)
    return !own || accepts(own, item, depth + 1)
  })
  if (!fits) return false
  const wanted = part(space, atom, 'contains')
  if (!wanted) return true
  const found = value.filter((item) => accepts(wanted, item, depth + 1)).length
  return found >= (numberAt(node, 'minContains') ?? 1) && found <= (numberAt(node, 'maxContains') ?? Infinity)
}

/** Whether a keyword of any branch that always counts speaks of the item at an index. */
const isItemEvaluated = (view: View, at: number): boolean =>
  view.atoms.some(({ node }) => {
    const { items, prefixItems } = node
    if (isList(items)) return at < items.length || node['additionalItems'] !== undefined
    return items !== undefined || (isList(prefixItems) && at < prefixItems.length)
  })

const allowsObject = (view: View, atom: Atom, value: JsonObject, depth: number): boolean => {
  const { space } = view
  const { node } = atom
  const names = Object.keys(value)
  if (
    names.length < (numberAt(node, 'minProperties') ?? 0) ||
    names.length > (numberAt(node, 'maxProperties') ?? Infinity)
  )
    return false
  const properties = new Map(parts(space, atom, 'properties'))
  const isShown = (name: string): boolean => !hidden(view, name)
  const { required } = node
  if (
    isList(required) &&
    !required.every((name) => typeof name !== 'string' || Object.hasOwn(value, name) || !isShown(name))
  )
    return false
  const patterns = parts(space, atom, 'patternProperties')
  const additional = part(space, atom, 'additionalProperties') ?? unevaluatedOf(view, atom)
  const propertyNames = part(space, atom, 'propertyNames')
  for (const name of names) {
    if (propertyNames && !accepts(propertyNames, name, depth + 1)) return false
    const member = value[name] ?? null
    const own = properties.get(name)
    const matching = patterns.filter(([pattern]) => patternOf(pattern)?.test(name)).map(([, each]) => each)
    const mine = own ? [own, ...matching] : matching
    const bound =
      mine.length > 0 ? mine : additional && !isDeclaredBeside(view, atom, name) ? [additional] : []
    if (!(own && isHidden(own)) && !bound.every((each) => accepts(each, member, depth + 1))) return false
  }
  return dependenciesHold(view, atom, value, depth)
}

/** `unevaluatedProperties` counts what the keywords beside it, and the branches taken, have not spoken of. */
const unevaluatedOf = (view: View, atom: Atom): View | undefined =>
  part(view.space, atom, 'unevaluatedProperties')

const isDeclaredBeside = (view: View, atom: Atom, name: string): boolean =>
  atom.node['additionalProperties'] === undefined &&
  view.atoms.some(({ node }) => {
    if (Object.hasOwn(isObject(node['properties']) ? node['properties'] : {}, name)) return true
    return [node['anyOf'], node['oneOf']].some(
      (list) =>
        isList(list) && list.some((branch) => memberOf(memberOf(branch, 'properties'), name) !== undefined),
    )
  })

const hidden = (view: View, name: string): boolean =>
  view.atoms.some((atom) => {
    const property = parts(view.space, atom, 'properties').find(([own]) => own === name)
    return property !== undefined && isHidden(property[1])
  })

const dependenciesHold = (view: View, atom: Atom, value: JsonObject, depth: number): boolean => {
  const { dependentRequired } = atom.node
  if (isObject(dependentRequired))
    for (const [name, needed] of Object.entries(dependentRequired))
      if (
        Object.hasOwn(value, name) &&
        isList(needed) &&
        !needed.every((each) => Object.hasOwn(value, asText(each)))
      )
        return false
  return parts(view.space, atom, 'dependentSchemas').every(
    ([name, schema]) => !Object.hasOwn(value, name) || accepts(schema, value, depth + 1),
  )
}
