import type { Json } from '../../../openapi/json.ts'
import type {
  Alternative,
  ArrayAlternative,
  NumberAlternative,
  StringAlternative,
} from '../../../openapi/schema/alternative.ts'
import { formatContains } from '../../../openapi/schema/formats.ts'
import type { Relation } from '../../../openapi/schema/relation.ts'
import { boundEffect, type Difference, effectOf, presenceEffect, type SchemaFact } from './schema-fact.ts'

/** Comparisons of two alternatives of one type, keyword by keyword, on what the keywords come to. */

/** A keyword's place in both documents: beside the alternatives' own. */
export const placed = (
  a: Alternative,
  b: Alternative,
  keyword: string,
): Pick<SchemaFact, 'base' | 'revision'> => ({
  base: placeOf(a, keyword),
  revision: placeOf(b, keyword),
})

/** The pointer of a keyword where an atom has it, else of the alternative. */
export const placeOf = (one: Alternative, ...keywords: readonly string[]): string => {
  for (const keyword of keywords)
    for (const { node, pointer } of one.view.atoms)
      if (Object.hasOwn(node, keyword)) return `${pointer}/${keyword}`
  return one.view.pointer
}

type Bound = readonly [keyword: string, kind: 'min' | 'max', before: number, after: number]

const bounds = (a: Alternative, b: Alternative, all: readonly Bound[]): readonly SchemaFact[] =>
  all.flatMap(([keyword, kind, before, after]): SchemaFact[] => {
    if (before === after) return []
    const none =
      kind === 'max' ? Infinity : keyword === 'minimum' || keyword === 'exclusiveMinimum' ? -Infinity : 0
    const change =
      before === none ? 'set' : after === none ? 'unset' : after > before ? 'increased' : 'decreased'
    return [
      {
        kind: `bound-${change}`,
        effect: boundEffect(kind, before, after),
        ...placed(a, b, keyword),
        ...(before !== none && { before }),
        ...(after !== none && { after }),
        data: { keyword, bound: kind },
      },
    ]
  })

export const compareNumbers = (a: NumberAlternative, b: NumberAlternative): Difference => {
  const facts: SchemaFact[] = []
  if (a.integer !== b.integer)
    facts.push({
      kind: a.integer ? 'type-generalized' : 'type-specialized',
      effect: a.integer ? 'widened' : 'narrowed',
      ...placed(a, b, 'type'),
      before: a.integer ? 'integer' : 'number',
      after: b.integer ? 'integer' : 'number',
    })
  // A format is said once, as a format, and not as the two bounds that it stands for.
  if (a.format !== b.format) facts.push(...numberFormat(a, b))
  const [fromFormatA, fromFormatB] = [hasOwnBound(a, 'min'), hasOwnBound(b, 'min')]
  const [toFormatA, toFormatB] = [hasOwnBound(a, 'max'), hasOwnBound(b, 'max')]
  if (fromFormatA || fromFormatB || a.format === b.format) facts.push(...end(a, b, 'min'))
  if (toFormatA || toFormatB || a.format === b.format) facts.push(...end(a, b, 'max'))
  facts.push(...steps(a, b))
  return { facts, children: [] }
}

const hasOwnBound = (one: NumberAlternative, kind: 'min' | 'max'): boolean => {
  const keywords = kind === 'min' ? ['minimum', 'exclusiveMinimum'] : ['maximum', 'exclusiveMaximum']
  return one.view.atoms.some(({ node }) => keywords.some((keyword) => typeof node[keyword] === 'number'))
}

const end = (a: NumberAlternative, b: NumberAlternative, kind: 'min' | 'max'): readonly SchemaFact[] => {
  const [name, exclusive] =
    kind === 'min' ? (['minimum', 'exclusiveMinimum'] as const) : (['maximum', 'exclusiveMaximum'] as const)
  const [isOpenA, isOpenB] =
    kind === 'min' ? [a.minExclusive, b.minExclusive] : [a.maxExclusive, b.maxExclusive]
  if (a[kind] === b[kind] && isOpenA !== isOpenB)
    return [
      {
        kind: isOpenB ? 'bound-became-exclusive' : 'bound-became-inclusive',
        effect: isOpenB ? 'narrowed' : 'widened',
        base: placeOf(a, exclusive, name),
        revision: placeOf(b, exclusive, name),
        before: a[kind],
        after: b[kind],
        data: { keyword: name, bound: kind },
      },
    ]
  return bounds(a, b, [[isOpenA || isOpenB ? exclusive : name, kind, a[kind], b[kind]]])
}

const numberFormat = (a: NumberAlternative, b: NumberAlternative): readonly SchemaFact[] => {
  const isNarrower = a.min < b.min || a.max > b.max
  const isWider = b.min < a.min || b.max > a.max
  const effect = effectOf(isNarrower, isWider)
  if (effect === 'none') return []
  return [
    {
      kind: 'format-changed',
      effect,
      ...placed(a, b, 'format'),
      ...(a.format !== undefined && { before: a.format }),
      ...(b.format !== undefined && { after: b.format }),
      data: { keyword: 'format' },
    },
  ]
}

const steps = (a: NumberAlternative, b: NumberAlternative): readonly SchemaFact[] => {
  const covers = (outer: readonly number[], inner: readonly number[]): boolean =>
    outer.every((step) => inner.some((each) => Number.isInteger(Math.round((each / step) * 1e9) / 1e9)))
  const effect = effectOf(!covers(b.multipleOf, a.multipleOf), !covers(a.multipleOf, b.multipleOf))
  if (effect === 'none') return []
  return [
    {
      kind: 'multiple-of-changed',
      effect,
      ...placed(a, b, 'multipleOf'),
      before: oneOrAll(a.multipleOf),
      after: oneOrAll(b.multipleOf),
      data: { keyword: 'multipleOf' },
    },
  ]
}

const oneOrAll = (values: readonly Json[]): Json =>
  values.length === 1 ? (values[0] ?? null) : values.length === 0 ? null : values

export const compareStrings = (a: StringAlternative, b: StringAlternative): Difference => {
  const facts: SchemaFact[] = []
  const patterns = patternFacts(a, b)
  // Lengths that come of a pattern are part of what the pattern says.
  const own = (one: StringAlternative, keyword: string): boolean =>
    one.view.atoms.some(({ node }) => typeof node[keyword] === 'number')
  if (patterns.length === 0 || own(a, 'minLength') || own(b, 'minLength'))
    facts.push(...bounds(a, b, [['minLength', 'min', a.minLength, b.minLength]]))
  if (patterns.length === 0 || own(a, 'maxLength') || own(b, 'maxLength'))
    facts.push(...bounds(a, b, [['maxLength', 'max', a.maxLength, b.maxLength]]))
  facts.push(...patterns, ...stringFormats(a, b))
  for (const keyword of new Set([...a.content.keys(), ...b.content.keys()])) {
    const [before, after] = [a.content.get(keyword), b.content.get(keyword)]
    if (before === after) continue
    facts.push({
      kind: 'content-changed',
      effect: before === undefined ? 'narrowed' : after === undefined ? 'widened' : 'changed',
      ...placed(a, b, keyword),
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      data: { keyword },
    })
  }
  return { facts, children: [] }
}

const patternFacts = (a: StringAlternative, b: StringAlternative): readonly SchemaFact[] => {
  const removed = a.patterns.filter((each) => !b.patterns.includes(each))
  const added = b.patterns.filter((each) => !a.patterns.includes(each))
  if (removed.length === 0 && added.length === 0) return []
  return [
    {
      kind:
        added.length === 0 ? 'pattern-removed' : removed.length === 0 ? 'pattern-added' : 'pattern-changed',
      effect: added.length === 0 ? 'widened' : removed.length === 0 ? 'narrowed' : 'unknown',
      ...placed(a, b, 'pattern'),
      before: oneOrAll(removed),
      after: oneOrAll(added),
      data: { keyword: 'pattern' },
    },
  ]
}

const stringFormats = (a: StringAlternative, b: StringAlternative): readonly SchemaFact[] => {
  const covers = (outer: readonly string[], inner: readonly string[]): boolean =>
    outer.every((format) => inner.some((each) => formatContains(format, each)))
  const effect = effectOf(!covers(b.formats, a.formats), !covers(a.formats, b.formats))
  if (effect === 'none') return []
  return [
    {
      kind: 'format-changed',
      effect,
      ...placed(a, b, 'format'),
      before: oneOrAll(a.formats),
      after: oneOrAll(b.formats),
      data: { keyword: 'format' },
    },
  ]
}

export const compareArrays = (a: ArrayAlternative, b: ArrayAlternative, relation: Relation): Difference => {
  const isClosedBy = (one: ArrayAlternative): boolean =>
    one.view.atoms.every(({ node }) => typeof node['maxItems'] !== 'number')
  const facts: SchemaFact[] = [...bounds(a, b, [['minItems', 'min', a.minItems, b.minItems]])]
  if (!isClosedBy(a) || !isClosedBy(b))
    facts.push(...bounds(a, b, [['maxItems', 'max', a.maxItems, b.maxItems]]))
  if (a.unique !== b.unique)
    facts.push({
      kind: 'unique-items-changed',
      effect: presenceEffect(a.unique),
      ...placed(a, b, 'uniqueItems'),
      before: a.unique,
      after: b.unique,
      data: { keyword: 'uniqueItems' },
    })
  const shared = Math.min(a.prefix.length, b.prefix.length)
  if (a.prefix.length !== b.prefix.length) facts.push(...tuple(a, b, relation))
  const children = Array.from({ length: shared }, (_, at) => [a.prefix[at], b.prefix[at]] as const)
  facts.push(...containsFacts(a, b, relation))
  return {
    facts,
    children: [...children, [a.items, b.items] as const].flatMap(([base, revision]) =>
      base && revision ? [{ base, revision }] : [],
    ),
  }
}

const tuple = (a: ArrayAlternative, b: ArrayAlternative, relation: Relation): readonly SchemaFact[] => {
  const longest = Math.max(a.prefix.length, b.prefix.length)
  let narrowed = false
  let widened = false
  for (let at = Math.min(a.prefix.length, b.prefix.length); at < longest; at++) {
    const [base, revision] = [a.prefix[at] ?? a.items, b.prefix[at] ?? b.items]
    narrowed ||= !relation.holds(revision, base)
    widened ||= !relation.holds(base, revision)
  }
  const effect = effectOf(narrowed, widened)
  if (effect === 'none') return []
  return [
    {
      kind: a.prefix.length < b.prefix.length ? 'prefix-items-added' : 'prefix-items-removed',
      effect,
      ...placed(a, b, 'prefixItems'),
      before: a.prefix.length,
      after: b.prefix.length,
      data: { keyword: 'prefixItems' },
    },
  ]
}

const containsFacts = (
  a: ArrayAlternative,
  b: ArrayAlternative,
  relation: Relation,
): readonly SchemaFact[] => {
  if (a.contains.length === 0 && b.contains.length === 0) return []
  const covers = (outer: ArrayAlternative, inner: ArrayAlternative): boolean =>
    outer.contains.every((wanted) =>
      inner.contains.some(
        (given) =>
          relation.holds(wanted.view, given.view) &&
          given.min >= wanted.min &&
          (wanted.max === Infinity || (given.max <= wanted.max && relation.holds(given.view, wanted.view))),
      ),
    )
  const effect = effectOf(!covers(b, a), !covers(a, b))
  if (effect === 'none') return []
  const [before] = a.contains
  const [after] = b.contains
  const counts = (each: typeof before): Json =>
    each ? [each.min, each.max === Infinity ? null : each.max] : null
  return [
    {
      kind: 'contains-changed',
      effect,
      ...placed(a, b, 'contains'),
      before: counts(before),
      after: counts(after),
      data: { keyword: 'contains' },
    },
  ]
}
