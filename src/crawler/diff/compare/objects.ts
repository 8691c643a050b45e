import type { Json } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { ObjectAlternative } from '../../../openapi/schema/alternative.ts'
import type { Relation } from '../../../openapi/schema/relation.ts'
import { memberView } from '../../../openapi/schema/structure.ts'
import { annotation, isAny, isHidden, isNever, type View } from '../../../openapi/schema/view.ts'
import { boundEffect, type Child, type Difference, effectOf, type SchemaFact } from './schema-fact.ts'
import { placed, placeOf } from './constraints.ts'

/** Two sets of objects: which members there may and must be. What the members hold is for the children. */
export const compareObjects = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  relation: Relation,
): Difference => {
  const facts: SchemaFact[] = []
  const children: Child[] = []
  for (const name of new Set([...a.properties.keys(), ...b.properties.keys()])) {
    const [base, revision] = [a.properties.get(name), b.properties.get(name)]
    if (base && revision && isNever(base) === isNever(revision)) {
      facts.push(...requiredness(a, b, name, base, revision))
      children.push({ base, revision })
    } else facts.push(...existence(a, b, name, relation))
  }
  for (const name of new Set([...a.required, ...b.required]))
    if (!a.properties.has(name) && !b.properties.has(name) && a.required.has(name) !== b.required.has(name))
      facts.push(requiredFact(a, b, name, a.view, b.view))
  facts.push(...additional(a, b, relation, children), ...patternFacts(a, b, relation, children))
  facts.push(...counts(a, b), ...names(a, b, relation), ...dependencies(a, b, relation))
  return { facts, children }
}

const isClosed = (one: ObjectAlternative): boolean => isNever(one.additional)

/** The property's place, or that of `properties`, or of the object. */
const placeOfProperty = (one: ObjectAlternative, name: string): string => {
  for (const { node, pointer } of one.view.atoms) {
    const { properties } = node
    if (typeof properties === 'object' && properties !== null && Object.hasOwn(properties, name))
      return below(`${pointer}/properties`, name)
  }
  return placeOf(one, 'properties')
}

const requiredness = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  name: string,
  base: View,
  revision: View,
): readonly SchemaFact[] => {
  // What does not travel is bound by nothing: when it begins to, it is asked for, and when it ceases to, it is missing.
  if (a.required.has(name) === b.required.has(name)) return []
  return [requiredFact(a, b, name, base, revision)]
}

const requiredFact = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  name: string,
  base: View,
  revision: View,
): SchemaFact => ({
  kind: b.required.has(name) ? 'property-became-required' : 'property-became-optional',
  effect: b.required.has(name) ? 'narrowed' : 'widened',
  base: placeOfProperty(a, name),
  revision: placeOfProperty(b, name),
  data: {
    property: name,
    default: annotation(revision, 'default') !== undefined,
  },
  views: [a.view, b.view],
})

/** A property that one side declares and the other does not. */
const existence = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  name: string,
  relation: Relation,
): readonly SchemaFact[] => {
  const isAdded = b.properties.has(name) && !isNever(b.properties.get(name) ?? b.additional)
  const [owner, other] = isAdded ? [b, a] : [a, b]
  const property = owner.properties.get(name) ?? owner.additional
  const elsewhere = memberView(other, name)
  const required = owner.required.has(name)
  const facts: SchemaFact[] = [
    {
      kind: isAdded ? 'property-added' : 'property-removed',
      effect: existenceEffect(isAdded, required, isNever(elsewhere)),
      ...(isAdded ? { revision: placeOfProperty(b, name) } : { base: placeOfProperty(a, name) }),
      data: {
        property: name,
        required,
        default: annotation(property, 'default') !== undefined,
        hidden: isHidden(property),
        closed: isNever(elsewhere),
        /** Whether the other side's `additionalProperties` takes whatever the property may hold. */
        fits: !isAny(elsewhere) && !isNever(elsewhere) && relation.holds(elsewhere, property),
        deprecated: annotation(property, 'deprecated') === true,
        sunset: annotation(property, 'x-sunset') ?? null,
        stability: annotation(property, 'x-stability-level') ?? null,
      },
      views: [a.view, b.view],
    },
  ]
  return facts
}

const existenceEffect = (isAdded: boolean, required: boolean, isRefused: boolean): SchemaFact['effect'] => {
  if (isAdded) return effectOf(required, isRefused)
  return effectOf(isRefused, required)
}

const additional = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  relation: Relation,
  children: Child[],
): readonly SchemaFact[] => {
  const [before, after] = [isClosed(a), isClosed(b)]
  if (before === after && !isAny(a.additional) && !isAny(b.additional)) {
    if (!before) children.push({ base: a.additional, revision: b.additional })
    return []
  }
  const effect = effectOf(
    !relation.holds(b.additional, a.additional),
    !relation.holds(a.additional, b.additional),
  )
  if (effect === 'none') return []
  const words = (one: ObjectAlternative): Json =>
    isClosed(one) ? false : isAny(one.additional) ? true : 'a schema'
  return [
    {
      kind: 'additional-properties-changed',
      effect,
      base: placeOf(a, 'additionalProperties', 'unevaluatedProperties'),
      revision: placeOf(b, 'additionalProperties', 'unevaluatedProperties'),
      before: words(a),
      after: words(b),
      data: { keyword: 'additionalProperties' },
      views: [a.view, b.view],
    },
  ]
}

const patternFacts = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  relation: Relation,
  children: Child[],
): readonly SchemaFact[] => {
  const facts: SchemaFact[] = []
  for (const pattern of new Set([...a.patterns.keys(), ...b.patterns.keys()])) {
    const [base, revision] = [a.patterns.get(pattern), b.patterns.get(pattern)]
    if (base && revision) children.push({ base, revision })
    else {
      const [before, after] = [base ?? a.additional, revision ?? b.additional]
      const effect = effectOf(!relation.holds(after, before), !relation.holds(before, after))
      if (effect === 'none') continue
      facts.push({
        kind: base ? 'pattern-property-removed' : 'pattern-property-added',
        effect,
        ...placed(a, b, 'patternProperties'),
        data: { keyword: 'patternProperties', pattern },
      })
    }
  }
  return facts
}

const counts = (a: ObjectAlternative, b: ObjectAlternative): readonly SchemaFact[] => {
  const written = (one: ObjectAlternative, keyword: string): number | undefined => {
    const values = one.view.atoms.map(({ node }) => node[keyword]).filter((each) => typeof each === 'number')
    return values.length === 0
      ? undefined
      : keyword.startsWith('min')
        ? Math.max(...values)
        : Math.min(...values)
  }
  return (['minProperties', 'maxProperties'] as const).flatMap((keyword): SchemaFact[] => {
    const [before, after] = [written(a, keyword), written(b, keyword)]
    // Implied by `required`, or by a closed list of properties, it says nothing new.
    if (before === after || a[keyword] === b[keyword]) return []
    const change =
      before === undefined
        ? 'set'
        : after === undefined
          ? 'unset'
          : after > before
            ? 'increased'
            : 'decreased'
    const kind = keyword === 'minProperties' ? 'min' : 'max'
    return [
      {
        kind: `bound-${change}`,
        effect: boundEffect(kind, a[keyword], b[keyword]),
        ...placed(a, b, keyword),
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
        data: { keyword, bound: kind },
      },
    ]
  })
}

const names = (a: ObjectAlternative, b: ObjectAlternative, relation: Relation): readonly SchemaFact[] => {
  const covers = (outer: ObjectAlternative, inner: ObjectAlternative): boolean =>
    outer.names.every((wanted) => inner.names.some((given) => relation.holds(wanted, given)))
  const effect = effectOf(!covers(b, a), !covers(a, b))
  if (effect === 'none') return []
  return [
    {
      kind: 'property-names-changed',
      effect,
      ...placed(a, b, 'propertyNames'),
      data: { keyword: 'propertyNames' },
    },
  ]
}

const dependencies = (
  a: ObjectAlternative,
  b: ObjectAlternative,
  relation: Relation,
): readonly SchemaFact[] => {
  const facts: SchemaFact[] = []
  const needs = (outer: ObjectAlternative, inner: ObjectAlternative): boolean =>
    [...outer.dependentRequired].some(([name, needed]) =>
      needed.some((each) => !inner.dependentRequired.get(name)?.includes(each) && !inner.required.has(each)),
    )
  const words = (one: ObjectAlternative): Json =>
    Object.fromEntries([...one.dependentRequired].map(([name, needed]) => [name, needed]))
  const effect = effectOf(needs(b, a), needs(a, b))
  if (effect !== 'none')
    facts.push({
      kind: 'dependent-required-changed',
      effect,
      ...placed(a, b, 'dependentRequired'),
      before: words(a),
      after: words(b),
      data: { keyword: 'dependentRequired' },
    })
  const misses = (outer: ObjectAlternative, inner: ObjectAlternative): boolean =>
    [...outer.dependentSchemas].some(([name, wanted]) => {
      const given = inner.dependentSchemas.get(name)
      return !given || !relation.holds(wanted, given)
    })
  const change = effectOf(misses(b, a), misses(a, b))
  if (change !== 'none')
    facts.push({
      kind: 'dependent-schemas-changed',
      effect: change,
      ...placed(a, b, 'dependentSchemas'),
      data: { keyword: 'dependentSchemas' },
    })
  return facts
}
