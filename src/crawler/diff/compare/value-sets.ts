import { canonicalText, type Json } from '../../../openapi/json.ts'
import type { Alternative, JsonType } from '../../../openapi/schema/alternative.ts'
import { alternatives } from '../../../openapi/schema/alternatives.ts'
import type { Relation } from '../../../openapi/schema/relation.ts'
import { annotation, type View } from '../../../openapi/schema/view.ts'
import { compareArrays, compareNumbers, compareStrings, placed, placeOf } from './constraints.ts'
import { compareObjects } from './objects.ts'
import { pairAlternatives } from './pair-alternatives.ts'
import { type Child, type Difference, effectOf, type SchemaFact } from './schema-fact.ts'

/**
 * What differs between two value sets themselves, and the pairs of value sets below them that are yet to be compared.
 * Both are looked at as unions of alternatives of one type each, so how they are written makes no difference.
 */
export const compareValueSets = (base: View, revision: View, relation: Relation): Difference => {
  const [before, after] = [alternatives(base), alternatives(revision)]
  const types = typeFacts(base, revision, before, after, relation)
  const facts: SchemaFact[] = [...types.facts]
  const children: Child[] = []
  for (const type of types.shared) {
    const ofType = (each: Alternative): boolean => each.type === type
    const difference = compareType(base, revision, before.filter(ofType), after.filter(ofType), relation)
    facts.push(...difference.facts)
    children.push(...difference.children)
  }
  return { facts, children }
}

interface TypeDifference {
  readonly facts: readonly SchemaFact[]
  /** Types that both sides have. */
  readonly shared: readonly JsonType[]
}

const typeFacts = (
  base: View,
  revision: View,
  before: readonly Alternative[],
  after: readonly Alternative[],
  relation: Relation,
): TypeDifference => {
  const [typesA, typesB] = [typesOf(before), typesOf(after)]
  const shared = [...typesA].filter((type) => typesB.has(type))
  const removed = [...typesA].filter((type) => !typesB.has(type))
  const added = [...typesB].filter((type) => !typesA.has(type))
  if (removed.length === 0 && added.length === 0) return { facts: [], shared }
  const place = { base: placeOfType(base, before), revision: placeOfType(revision, after) }
  const facts: SchemaFact[] = []
  const nullOnly = (types: readonly JsonType[]): boolean => types.length === 1 && types[0] === 'null'
  const isAdded = nullOnly(added) && typesA.size > 0
  if ((isAdded && removed.length === 0) || (nullOnly(removed) && added.length === 0 && typesB.size > 0))
    return {
      facts: [
        {
          kind: isAdded ? 'became-nullable' : 'became-not-nullable',
          effect: isAdded ? 'widened' : 'narrowed',
          ...place,
        },
      ],
      shared,
    }
  const lost = before
    .filter(({ type }) => removed.includes(type))
    .some((each) => !relation.covers(revision, each))
  const won = after.filter(({ type }) => added.includes(type)).some((each) => !relation.covers(base, each))
  const effect = effectOf(lost, won)
  const kind =
    effect === 'none'
      ? 'type-compatible'
      : effect === 'changed'
        ? 'type-changed'
        : effect === 'widened'
          ? 'type-generalized'
          : 'type-specialized'
  facts.push({
    kind,
    effect,
    ...place,
    before: typeWords(before),
    after: typeWords(after),
    data: listed(before, after),
  })
  return { facts, shared }
}

const typesOf = (all: readonly Alternative[]): ReadonlySet<JsonType> => new Set(all.map(({ type }) => type))

/** Whether both are lists of types, which some judge apart from a single type. */
const listed = (before: readonly Alternative[], after: readonly Alternative[]): Record<string, Json> => ({
  listBefore: typesOf(before).size > 1,
  listAfter: typesOf(after).size > 1,
})

const placeOfType = (view: View, all: readonly Alternative[]): string => {
  for (const { node, pointer } of view.atoms) if (Object.hasOwn(node, 'type')) return `${pointer}/type`
  const [first] = all
  return first && all.length === 1 ? placeOf(first, 'type') : view.pointer
}

/** `string`, `["integer","null"]`, `any`, or `nothing`. */
const typeWords = (all: readonly Alternative[]): Json => {
  const names = new Set(
    all.map((each) =>
      each.type === 'number' && (each.values ? each.values.every(Number.isInteger) : each.integer)
        ? 'integer'
        : each.type,
    ),
  )
  if (names.size === 0) return 'nothing'
  if (names.size >= 6) return 'any'
  const [only] = names
  return names.size === 1 && only !== undefined ? only : [...names].toSorted()
}

const compareType = (
  base: View,
  revision: View,
  before: readonly Alternative[],
  after: readonly Alternative[],
  relation: Relation,
): Difference => {
  const facts: SchemaFact[] = []
  const children: Child[] = []
  const { pairs, gone, fresh } = pairAlternatives(before, after, relation)
  for (const [a, b] of pairs) {
    const difference = compareAlternatives(a, b, relation)
    facts.push(...difference.facts)
    children.push(...difference.children)
  }
  // A whole branch is more than properties that nobody declared: it counts unless others strictly take what it takes.
  for (const one of gone)
    if (!relation.strict.covers(revision, one))
      facts.push(branchFact('union-branch-removed', base, revision, one))
  for (const one of fresh)
    if (!relation.strict.covers(base, one)) facts.push(branchFact('union-branch-added', base, revision, one))
  return { facts, children }
}

const branchFact = (kind: string, base: View, revision: View, one: Alternative): SchemaFact => {
  const isAdded = kind === 'union-branch-added'
  if (one.values) {
    const place = { base: placeOfValues(base), revision: placeOfValues(revision) }
    return isAdded
      ? { kind: 'enum-removed', effect: 'widened', ...place, after: one.values, data: { keyword: 'enum' } }
      : { kind: 'became-enum', effect: 'narrowed', ...place, before: one.values, data: { keyword: 'enum' } }
  }
  const union = unionOf(isAdded ? revision : base)
  return {
    kind,
    effect: isAdded ? 'widened' : 'narrowed',
    ...(isAdded
      ? { base: base.pointer, revision: one.view.pointer }
      : { base: one.view.pointer, revision: revision.pointer }),
    data: { type: one.type, label: one.label ?? one.type, union, hidden: false },
  }
}

const unionOf = (view: View): string =>
  view.atoms.some(({ node }) => Array.isArray(node['oneOf'])) ? 'oneOf' : 'anyOf'

const placeOfValues = (view: View): string => {
  for (const keyword of ['enum', 'const'])
    for (const { node, pointer } of view.atoms)
      if (Object.hasOwn(node, keyword)) return `${pointer}/${keyword}`
  return view.pointer
}

/** Two alternatives of one type that stand for each other. */
const compareAlternatives = (a: Alternative, b: Alternative, relation: Relation): Difference => {
  if (a.view.key === b.view.key) return { facts: [], children: [] }
  if (a.values && b.values) return { facts: valueFacts(a, b), children: [] }
  if (a.values || b.values) return { facts: openness(a, b, relation), children: [] }
  const own = compareConstraints(a, b, relation)
  return {
    facts: [...own.facts, ...opaqueFacts(a, b), ...exclusions(a, b, relation)],
    children: own.children,
  }
}

const compareConstraints = (a: Alternative, b: Alternative, relation: Relation): Difference => {
  if (a.type === 'number' && b.type === 'number') return compareNumbers(a, b)
  if (a.type === 'string' && b.type === 'string') return compareStrings(a, b)
  if (a.type === 'array' && b.type === 'array') return compareArrays(a, b, relation)
  if (a.type === 'object' && b.type === 'object') return compareObjects(a, b, relation)
  return { facts: [], children: [] }
}

const valueFacts = (a: Alternative, b: Alternative): readonly SchemaFact[] => {
  const missing = (from: Alternative, in_: Alternative): readonly Json[] => {
    const texts = new Set(in_.values?.map(canonicalText))
    return (from.values ?? []).filter((value) => !texts.has(canonicalText(value)))
  }
  const [removed, added] = [missing(a, b), missing(b, a)]
  const place = { base: placeOfValues(a.view), revision: placeOfValues(b.view) }
  const data = {
    keyword: 'enum',
    extensible: isExtensible(a.view) || isExtensible(b.view),
  }
  if (removed.length > 0 && added.length > 0 && a.values?.length === 1 && b.values?.length === 1)
    return [
      {
        kind: 'const-changed',
        effect: 'changed',
        ...place,
        before: removed[0] ?? null,
        after: added[0] ?? null,
        data,
      },
    ]
  return [
    ...(removed.length > 0
      ? [{ kind: 'enum-value-removed', effect: 'narrowed', ...place, before: removed, data } as const]
      : []),
    ...(added.length > 0
      ? [{ kind: 'enum-value-added', effect: 'widened', ...place, after: added, data } as const]
      : []),
  ]
}

/** Markers by which authors say that more values may come. */
const isExtensible = (view: View): boolean =>
  ['x-extensible-enum', 'x-enum-extensible', 'x-extensible'].some((name) => {
    const value = annotation(view, name)
    return value === true || Array.isArray(value)
  })

/** A finite set became an infinite one, or the reverse. */
const openness = (a: Alternative, b: Alternative, relation: Relation): readonly SchemaFact[] => {
  const effect = effectOf(!relation.includes(b, a), !relation.includes(a, b))
  if (effect === 'none') return []
  const place = { base: placeOfValues(a.view), revision: placeOfValues(b.view) }
  const count = (a.values ?? b.values ?? []).length
  const data = { keyword: 'enum', count }
  return a.values
    ? [{ kind: count === 1 ? 'const-removed' : 'enum-removed', effect, ...place, before: a.values, data }]
    : [{ kind: count === 1 ? 'const-added' : 'became-enum', effect, ...place, after: b.values ?? [], data }]
}

const opaqueFacts = (a: Alternative, b: Alternative): readonly SchemaFact[] =>
  [...new Set([...a.opaque.keys(), ...b.opaque.keys()])].flatMap((keyword): SchemaFact[] => {
    const [before, after] = [a.opaque.get(keyword), b.opaque.get(keyword)]
    if (before === after) return []
    return [
      {
        kind: 'condition-changed',
        effect: before === undefined ? 'narrowed' : after === undefined ? 'widened' : 'unknown',
        ...placed(a, b, keyword),
        data: {
          keyword,
          change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
        },
      },
    ]
  })

/** What `not` forbids. The other branches of a oneOf are compared where they stand. */
const exclusions = (a: Alternative, b: Alternative, relation: Relation): readonly SchemaFact[] => {
  const hasNot = (one: Alternative): boolean => one.view.atoms.some(({ node }) => node['not'] !== undefined)
  if (!hasNot(a) && !hasNot(b)) return []
  const forbids = (outer: Alternative, inner: Alternative): boolean =>
    outer.excludes.some((view) => !inner.excludes.some((each) => relation.holds(each, view)))
  const effect = effectOf(forbids(b, a), forbids(a, b))
  return effect === 'none'
    ? []
    : [{ kind: 'not-changed', effect, ...placed(a, b, 'not'), data: { keyword: 'not' } }]
}
