import { isList, isObject, type Json, memberOf } from '../json.ts'
import type {
  ArrayAlternative,
  Contains,
  NumberAlternative,
  ObjectAlternative,
  StringAlternative,
} from './alternative.ts'
import { isAsserted, numericFormats } from './formats.ts'
import { lengthsOf, patternOf, takesEverything } from './pattern.ts'
import { type Atom, branches, isHidden, part, parts, type View } from './view.ts'

type Own<Whole, Shared = 'type' | 'view' | 'label' | 'values' | 'excludes' | 'opaque'> = Omit<
  Whole,
  Extract<Shared, keyof Whole>
>

const numbers = (atoms: readonly Atom[], keyword: string): readonly number[] =>
  atoms.flatMap(({ node }) => {
    const value = memberOf(node, keyword)
    return typeof value === 'number' ? [value] : []
  })

const largest = (values: readonly number[], least: number): number => Math.max(least, ...values)
const smallest = (values: readonly number[], most: number): number => Math.min(most, ...values)

export const numberOf = (atoms: readonly Atom[]): Own<NumberAlternative> => {
  const integer = atoms.some(({ node }) => {
    const types = [node['type'] ?? []].flat()
    return types.includes('integer') && !types.includes('number')
  })
  let min = largest(numbers(atoms, 'minimum'), -Infinity)
  let max = smallest(numbers(atoms, 'maximum'), Infinity)
  const above = largest(numbers(atoms, 'exclusiveMinimum'), -Infinity)
  const under = smallest(numbers(atoms, 'exclusiveMaximum'), Infinity)
  let minExclusive = above >= min && above !== -Infinity
  let maxExclusive = under <= max && under !== Infinity
  if (minExclusive) min = above
  if (maxExclusive) max = under
  if (integer) {
    // Over integers an exclusive bound is the inclusive one beside it.
    if (min !== -Infinity) min = minExclusive ? Math.floor(min) + 1 : Math.ceil(min)
    if (max !== Infinity) max = maxExclusive ? Math.ceil(max) - 1 : Math.floor(max)
    minExclusive = false
    maxExclusive = false
  }
  const format = atoms.map(({ node }) => node['format']).find((each) => typeof each === 'string')
  const [least, most] = (typeof format === 'string' && numericFormats[format]) || [-Infinity, Infinity]
  if (least > min) [min, minExclusive] = [least, false]
  if (most < max) [max, maxExclusive] = [most, false]
  const multipleOf = [
    ...new Set(numbers(atoms, 'multipleOf').filter((each) => each > 0 && !(integer && each === 1))),
  ]
  return {
    integer,
    min,
    max,
    minExclusive,
    maxExclusive,
    multipleOf: multipleOf.toSorted((a, b) => a - b),
    ...(typeof format === 'string' && { format }),
  }
}

const texts = (atoms: readonly Atom[], keyword: string): readonly string[] => [
  ...new Set(
    atoms.flatMap(({ node }) => {
      const value = memberOf(node, keyword)
      return typeof value === 'string' ? [value] : []
    }),
  ),
]

export const stringOf = (atoms: readonly Atom[]): Own<StringAlternative> => {
  const patterns = texts(atoms, 'pattern').filter((each) => patternOf(each) && !takesEverything(each))
  const lengths = patterns.map(lengthsOf).filter((each) => each !== undefined)
  const content = new Map<string, string>()
  for (const keyword of ['contentMediaType', 'contentEncoding'])
    for (const text of texts(atoms, keyword)) content.set(keyword, text.toLowerCase())
  return {
    minLength: largest([...numbers(atoms, 'minLength'), ...lengths.map(({ min }) => min)], 0),
    maxLength: smallest([...numbers(atoms, 'maxLength'), ...lengths.map(({ max }) => max)], Infinity),
    patterns: patterns.toSorted(),
    formats: texts(atoms, 'format').filter(isAsserted).toSorted(),
    content,
  }
}

export const arrayOf = (view: View): Own<ArrayAlternative> => {
  const { atoms, space } = view
  const tuples = atoms.map((atom) => ({ prefix: prefixOf(atom, view), rest: restOf(atom, view) }))
  const longest = Math.max(0, ...tuples.map(({ prefix }) => prefix.length))
  // What no `items` speaks of, here or in another branch, is left to `unevaluatedItems`.
  const left = tuples.some(({ rest }) => rest)
    ? []
    : atoms.flatMap((atom) => part(space, atom, 'unevaluatedItems') ?? [])
  const prefix = Array.from({ length: longest }, (_, at) =>
    space.both(tuples.flatMap(({ prefix: own, rest }) => own[at] ?? rest ?? [])),
  )
  const items = space.both([...tuples.flatMap(({ rest }) => rest ?? []), ...left])
  const contains: Contains[] = atoms.flatMap((atom) => {
    const wanted = part(space, atom, 'contains')
    if (!wanted) return []
    const { minContains, maxContains } = atom.node
    const min = typeof minContains === 'number' ? minContains : 1
    const max = typeof maxContains === 'number' ? maxContains : Infinity
    return min <= 0 && max === Infinity ? [] : [{ view: wanted, min, max }]
  })
  const isClosed = items.atoms.length > 0 && items.key === space.never.key
  return {
    minItems: largest(numbers(atoms, 'minItems'), 0),
    maxItems: smallest([...numbers(atoms, 'maxItems'), ...(isClosed ? [longest] : [])], Infinity),
    unique: atoms.some(({ node }) => node['uniqueItems'] === true),
    prefix,
    items,
    contains,
  }
}

const prefixOf = (atom: Atom, { space }: View): readonly View[] => {
  const prefix = branches(space, atom, 'prefixItems')
  // A list in `items` is how drafts before 2020 wrote a tuple.
  return prefix.length > 0 ? prefix : branches(space, atom, 'items')
}

const restOf = (atom: Atom, { space }: View): View | undefined =>
  part(space, atom, isList(atom.node['items']) ? 'additionalItems' : 'items')

export const objectOf = (view: View): Own<ObjectAlternative> => {
  const { atoms, space } = view
  const each = atoms.map((atom) => ({
    own: new Map(parts(space, atom, 'properties')),
    patterns: parts(space, atom, 'patternProperties'),
    additional: part(space, atom, 'additionalProperties'),
  }))
  const names = new Set(each.flatMap(({ own }) => [...own.keys()]))
  const unevaluated = atoms.flatMap((atom) =>
    atom.node['additionalProperties'] === undefined ? (part(space, atom, 'unevaluatedProperties') ?? []) : [],
  )
  const properties = new Map<string, View>()
  for (const name of names)
    properties.set(
      name,
      space.both(
        each.flatMap(({ own, patterns, additional }) => {
          const matching = patterns
            .filter(([pattern]) => patternOf(pattern)?.test(name))
            .map(([, value]) => value)
          const mine = own.get(name)
          if (mine) return [mine, ...matching]
          return matching.length > 0 ? matching : (additional ?? [])
        }),
      ),
    )
  const patterns = new Map<string, View>()
  for (const { patterns: own } of each)
    for (const [pattern, value] of own) {
      const known = patterns.get(pattern)
      patterns.set(pattern, known ? space.both([known, value]) : value)
    }
  const additional = space.both([...each.flatMap(({ additional: own }) => own ?? []), ...unevaluated])
  const required = requiredOf(atoms, properties)
  const isClosed = patterns.size === 0 && additional.key === space.never.key
  return {
    required,
    properties,
    patterns,
    additional,
    names: atoms.flatMap((atom) => part(space, atom, 'propertyNames') ?? []),
    minProperties: largest([...numbers(atoms, 'minProperties'), required.size], 0),
    maxProperties: smallest(
      [...numbers(atoms, 'maxProperties'), ...(isClosed ? [properties.size] : [])],
      Infinity,
    ),
    dependentRequired: dependentRequiredOf(atoms),
    dependentSchemas: new Map(atoms.flatMap((atom) => parts(space, atom, 'dependentSchemas'))),
  }
}

/** `required` binds only where the value travels. */
const requiredOf = (atoms: readonly Atom[], properties: ReadonlyMap<string, View>): ReadonlySet<string> => {
  const required = new Set<string>()
  for (const { node } of atoms) {
    const names: Json | undefined = node['required']
    if (!isList(names)) continue
    for (const name of names) {
      const property = typeof name === 'string' ? properties.get(name) : undefined
      if (typeof name === 'string' && !(property && isHidden(property))) required.add(name)
    }
  }
  return required
}

const dependentRequiredOf = (atoms: readonly Atom[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>()
  for (const { node } of atoms) {
    const dependencies = node['dependentRequired']
    if (!isObject(dependencies)) continue
    for (const [name, needed] of Object.entries(dependencies))
      if (isList(needed))
        found.set(name, [...new Set([...(found.get(name) ?? []), ...needed.map(String)])].toSorted())
  }
  return found
}
