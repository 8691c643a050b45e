import { canonicalText, isList, type Json, memberOf } from '../json.ts'
import { accepts } from './accepts.ts'
import type { Alternative, JsonType } from './alternative.ts'
import { jsonTypes } from './alternative.ts'
import { arrayOf, numberOf, objectOf, stringOf } from './constraints.ts'
import { isDisjointByType, typeOf } from './types.ts'
import { type Atom, branches, chosenAnyOf, chosenOneOf, isNever, part, type View } from './view.ts'

/** Unions are multiplied out to as many branches; beyond, their keywords are compared as text. */
const branchesMax = 256

interface Branch {
  readonly view: View
  readonly label?: string
  readonly excludes: readonly View[]
}

/** The value set as a union of alternatives of one type each. An empty list allows nothing. */
export const alternatives = (view: View): readonly Alternative[] => {
  const { memory } = view.space
  const name = `alternatives ${view.key}`
  const known = memory.get(name) as readonly Alternative[] | undefined
  if (known) return known
  // A union that contains itself adds nothing to itself.
  memory.set(name, [])
  const found = merged(expand({ view, excludes: [] }, new Set(), { left: branchesMax }).flatMap(ofBranch))
  memory.set(name, found)
  return found
}

const isUnion = (atom: Atom, keyword: 'anyOf' | 'oneOf', flag: number): boolean => {
  const value = atom.node[keyword]
  return isList(value) && value.length > 0 && (atom.chosen & flag) === 0
}

/** How many branches are still to be made for one value set. */
interface Budget {
  left: number
}

const expand = (branch: Branch, within: ReadonlySet<string>, budget: Budget): readonly Branch[] => {
  const { view } = branch
  if (isNever(view) || within.has(view.key)) return []
  for (const [keyword, flag] of [
    ['oneOf', chosenOneOf],
    ['anyOf', chosenAnyOf],
  ] as const) {
    const atom = view.atoms.find((each) => isUnion(each, keyword, flag))
    if (!atom) continue
    const options = branches(view.space, atom, keyword)
    budget.left -= options.length
    if (budget.left < 0) return expand({ ...branch, view: unexpanded(view, atom) }, within, budget)
    const inner = new Set([...within, view.key])
    const rest = withAtom(view, atom, flag)
    const found = options.flatMap((option, at) =>
      expand(
        {
          view: { ...view.space.both([rest, option]), pointer: option.pointer },
          ...labelled(option.label ?? branch.label),
          excludes: keyword === 'oneOf' ? [...branch.excludes, ...others(options, at)] : branch.excludes,
        },
        inner,
        budget,
      ),
    )
    return found
  }
  return [branch]
}

const labelled = (label: string | undefined): { label?: string } => (label === undefined ? {} : { label })

/** The other branches of a oneOf, as far as they could have a value in common with this one. */
const others = (options: readonly View[], at: number): readonly View[] => {
  const own = options[at]
  return options.filter(
    (option, index) => index !== at && own !== undefined && !isDisjointByType(own, option),
  )
}

const withAtom = (view: View, atom: Atom, flag: number): View => ({
  ...view,
  key: `${view.key}|${view.atoms.indexOf(atom)}.${flag}`,
  atoms: view.atoms.map((each) => (each === atom ? { ...each, chosen: each.chosen | flag } : each)),
})

const unexpanded = (view: View, atom: Atom): View => withAtom(view, atom, chosenAnyOf | chosenOneOf)

const ofBranch = ({ view, label, excludes }: Branch): readonly Alternative[] => {
  const opaque = opaqueOf(view)
  const not = view.atoms.flatMap((atom) => part(view.space, atom, 'not') ?? [])
  const base = {
    view,
    ...labelled(label ?? view.label),
    excludes: [...excludes, ...not.filter((each) => !isNever(each))],
    opaque,
  }
  // What two branches of a oneOf take, it refuses.
  const isAllowed = (value: Json): boolean =>
    accepts(view, value) && !excludes.some((other) => accepts(other, value))
  const finite = finiteValues(view.atoms)
  if (finite) {
    const allowed = finite.filter((value) => isAllowed(value))
    return jsonTypes.flatMap((type) => {
      const values = allowed.filter((value) => typeOf(value) === type)
      return values.length === 0 ? [] : [fill(type, { ...base, values, excludes: [], opaque: new Map() })]
    })
  }
  return typesOf(view.atoms)
    .map((type) => fill(type, base))
    .flatMap((one) => {
      if (!one.values) return isPossible(one) ? [one] : []
      const values = one.values.filter(isAllowed)
      return values.length === 0 ? [] : [{ ...one, values, excludes: [], opaque: new Map() }]
    })
}

type Base = Pick<Alternative, 'view' | 'excludes' | 'opaque' | 'values' | 'label'>

const fill = (type: JsonType, base: Base): Alternative => {
  switch (type) {
    case 'null':
      return { ...base, type, values: [null] }
    case 'boolean':
      return { ...base, type, values: base.values ?? [false, true] }
    case 'number':
      return { ...base, type, ...numberOf(base.view.atoms) }
    case 'string':
      return { ...base, type, ...stringOf(base.view.atoms) }
    case 'array':
      return { ...base, type, ...arrayOf(base.view) }
    case 'object':
      return { ...base, type, ...objectOf(base.view) }
  }
}

const isPossible = (one: Alternative): boolean => {
  switch (one.type) {
    case 'number':
      return one.min < one.max || (one.min === one.max && !one.minExclusive && !one.maxExclusive)
    case 'string':
      return one.minLength <= one.maxLength
    case 'array':
      return one.minItems <= one.maxItems
    case 'object':
      return (
        one.minProperties <= one.maxProperties &&
        ![...one.required].some((name) => isRequiredNever(one, name))
      )
    default:
      return true
  }
}

const isRequiredNever = (one: Alternative & { type: 'object' }, name: string): boolean => {
  const property = one.properties.get(name)
  return property !== undefined && isNever(property)
}

/** Values that `const` and `enum` of all atoms agree on; undefined where none has either. */
const finiteValues = (atoms: readonly Atom[]): readonly Json[] | undefined => {
  let found: readonly Json[] | undefined
  for (const { node } of atoms)
    for (const list of [memberOf(node, 'const') === undefined ? undefined : [node['const']], node['enum']]) {
      if (!isList(list)) continue
      const texts = new Set(list.map(canonicalText))
      found = found ? found.filter((value) => texts.has(canonicalText(value))) : distinct(list)
    }
  return found
}

const distinct = (values: readonly Json[]): readonly Json[] => [
  ...new Map(values.map((value) => [canonicalText(value), value])).values(),
]

const typesOf = (atoms: readonly Atom[]): readonly JsonType[] => {
  let found: readonly JsonType[] = jsonTypes
  for (const { node } of atoms) {
    const { type } = node
    if (typeof type !== 'string' && !isList(type)) continue
    const named = [type].flat().map((each) => (each === 'integer' ? 'number' : each))
    // An unknown type constrains nothing; health has said so.
    if (!named.every((each) => jsonTypes.includes(each as JsonType))) continue
    found = found.filter((each) => named.includes(each))
  }
  return found
}

const opaqueOf = (view: View): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const { node, chosen } of view.atoms) {
    for (const keyword of ['if', 'contentSchema', '$dynamicRef'])
      if (
        node[keyword] !== undefined &&
        (keyword !== 'if' || node['then'] !== undefined || node['else'] !== undefined)
      )
        found.set(
          keyword,
          canonicalText(
            keyword === 'if'
              ? [node['if'] ?? null, node['then'] ?? true, node['else'] ?? true]
              : node[keyword],
          ),
        )
    if (chosen === (chosenAnyOf | chosenOneOf) && isList(node['anyOf'] ?? node['oneOf']))
      found.set('union', canonicalText([node['anyOf'] ?? null, node['oneOf'] ?? null]))
  }
  return found
}

/** Finite sets of one type become one, and what is written twice counts once. */
const merged = (all: readonly Alternative[]): readonly Alternative[] => {
  const found: Alternative[] = []
  for (const type of jsonTypes) {
    const mine = all.filter((each) => each.type === type)
    const finite = mine.filter(({ values }) => values)
    const [first] = finite
    if (first) found.push({ ...first, values: distinct(finite.flatMap(({ values = [] }) => values)) })
    const keys = new Set<string>()
    for (const each of mine) {
      if (each.values || keys.has(each.view.key)) continue
      keys.add(each.view.key)
      found.push(each)
    }
  }
  return found
}
