import { canonicalText } from '../../../openapi/json.ts'
import type { Alternative } from '../../../openapi/schema/alternative.ts'
import { alternatives } from '../../../openapi/schema/alternatives.ts'
import type { Relation } from '../../../openapi/schema/relation.ts'
import { signatureOf } from './signature.ts'

interface Pairing {
  readonly pairs: readonly (readonly [Alternative, Alternative])[]
  readonly gone: readonly Alternative[]
  readonly fresh: readonly Alternative[]
}

/** Unions with more branches of a type than this are paired by what they are called and made of only. */
const comparedMax = 40

/**
 * Which branch of a union became which: first those that allow the same, then those that share a discriminating value
 * or a name, then, where one is left on each side, those.
 */
export const pairAlternatives = (
  before: readonly Alternative[],
  after: readonly Alternative[],
  relation: Relation,
): Pairing => {
  const pairs: (readonly [Alternative, Alternative])[] = []
  let gone = [...before]
  let fresh = [...after]
  const take = (matches: (a: Alternative, b: Alternative) => boolean): void => {
    for (const a of gone) {
      const b = fresh.find((each) => matches(a, each))
      if (!b) continue
      pairs.push([a, b])
      gone = gone.filter((each) => each !== a)
      fresh = fresh.filter((each) => each !== b)
    }
  }
  const isUnion = before.length > 1 || after.length > 1
  const [namesBefore, namesAfter] = [namesOf(before), namesOf(after)]
  const isNamesake = (a: Alternative, b: Alternative): boolean => {
    const name = namesBefore.get(a)
    return name !== undefined && name === namesAfter.get(b)
  }
  if (isUnion) {
    take((a, b) => Boolean(a.values) && Boolean(b.values))
    take((a, b) => isNamesake(a, b) && isEqual(a, b, relation))
    // Open objects that differ in optional properties only allow the same: those that also name the same come first.
    take((a, b) => signatureOf(a) === signatureOf(b) && isEqual(a, b, relation))
    if (before.length * after.length <= comparedMax ** 2) take((a, b) => isEqual(a, b, relation))
    take((a, b) => signatureOf(a) === signatureOf(b))
    take(isNamesake)
    take((a, b) => discriminant(a) !== undefined && discriminant(a) === discriminant(b))
    take((a, b) => !namesBefore.has(a) && !namesAfter.has(b) && likeness(a, b) >= 0.5)
  }
  // Where only one is left on each side, that is what the one became; a name against another name is not.
  if (gone.length === 1 && fresh.length === 1 && !isRenamedApart(gone[0], fresh[0])) take(() => true)
  return { pairs, gone, fresh }
}

/** The names that tell branches apart. Branches without one go by that of the union, which is the same for all. */
const namesOf = (all: readonly Alternative[]): ReadonlyMap<Alternative, string> => {
  const bearers = new Map<string, Alternative[]>()
  for (const one of all)
    if (one.label !== undefined) bearers.set(one.label, [...(bearers.get(one.label) ?? []), one])
  return new Map(
    [...bearers].flatMap(([name, [only, ...others]]) => (only && others.length === 0 ? [[only, name]] : [])),
  )
}

const isEqual = (a: Alternative, b: Alternative, relation: Relation): boolean =>
  relation.includes(a, b) && relation.includes(b, a)

const isRenamedApart = (a: Alternative | undefined, b: Alternative | undefined): boolean =>
  a?.type === 'object' && b?.type === 'object' && a.label !== b.label && likeness(a, b) < 0.5

/** The one value of a property that has only one, a required one first: what a discriminator goes by. */
const discriminant = (one: Alternative): string | undefined => {
  if (one.type !== 'object') return undefined
  const names = [...one.required].toSorted()
  for (const name of [...names, ...[...one.properties.keys()].filter((each) => !one.required.has(each))]) {
    const property = one.properties.get(name)
    const [only, ...others] = property ? alternatives(property) : []
    if (only?.values?.length === 1 && others.length === 0) return `${name}=${canonicalText(only.values[0])}`
  }
  return undefined
}

/** How many of their properties two sets of objects share, from 0 to 1; other types are alike. */
const likeness = (a: Alternative, b: Alternative): number => {
  if (a.type !== 'object' || b.type !== 'object') return 1
  const names = new Set([...a.properties.keys(), ...b.properties.keys()])
  const shared = [...names].filter((name) => a.properties.has(name) && b.properties.has(name))
  return names.size === 0 ? 1 : shared.length / names.size
}
