import { isObject, type Json, listAt, sameJson } from '../../../openapi/json.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { Comparison, OperationPair, OperationSide } from './collector.ts'
import { newNames } from './security-schemes.ts'

/** What one way of identifying oneself needs: schemes, each with scopes. */
type Requirement = ReadonlyMap<string, ReadonlySet<string>>

/** Compares what an operation effectively asks for, wherever it is written. */
export const compareOperationSecurity = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  const renamed = renamedOf(comparison)
  const a = effective(comparison.base, base, (name) => renamed.get(name) ?? name)
  const b = effective(comparison.revision, revision, (name) => name)
  if (renamed.size === 0 && sameJson(a.written, b.written)) return
  const lost = a.ways.filter((way) => !b.ways.some((other) => isEnough(way, other)))
  const won = b.ways.filter((way) => !a.ways.some((other) => isEnough(way, other)))
  const place = { base: a.pointer, revision: b.pointer }
  const shared = {
    area: 'security',
    subject: 'security',
    ...place,
    before: a.written,
    after: b.written,
  } as const
  const data = { optionalBefore: a.ways.some(({ size }) => size === 0), schemes: namesOf(b.ways) }
  if (lost.length > 0)
    comparison.add(
      { ...shared, kind: 'security-narrowed', effect: won.length > 0 ? 'changed' : 'narrowed', data },
      pair,
    )
  else if (won.length > 0)
    comparison.add({ ...shared, kind: 'security-widened', effect: 'widened', data }, pair)
}

const renamings = new WeakMap<Comparison, ReadonlyMap<string, string>>()

/** Found once per comparison, not once per operation. */
const renamedOf = (comparison: Comparison): ReadonlyMap<string, string> => {
  const known = renamings.get(comparison) ?? newNames(comparison.base, comparison.revision)
  renamings.set(comparison, known)
  return known
}

const namesOf = (ways: readonly Requirement[]): Json =>
  [...new Set(ways.flatMap((way) => [...way.keys()]))].toSorted()

interface Effective {
  readonly ways: readonly Requirement[]
  readonly written: Json
  readonly pointer: string
}

const effective = (spec: Spec, side: OperationSide, nameOf: (name: string) => string): Effective => {
  const own = side.value['security']
  const shared = spec.document['security']
  const written = own ?? shared ?? []
  const ways = listAt({ written }, 'written').map((each) => requirement(each, nameOf))
  return {
    // No requirement at all is one that everybody meets.
    ways: ways.length === 0 ? [new Map()] : ways,
    written,
    pointer:
      own !== undefined ? `${side.pointer}/security` : shared !== undefined ? '/security' : side.pointer,
  }
}

const requirement = (value: Json, nameOf: (name: string) => string): Requirement =>
  new Map(
    Object.entries(isObject(value) ? value : {}).map(([scheme, scopes]) => [
      nameOf(scheme),
      new Set(Array.isArray(scopes) ? (scopes as readonly Json[]).map(String) : []),
    ]),
  )

/** Whether who comes with `given` has all that `wanted` asks for. */
const isEnough = (given: Requirement, wanted: Requirement): boolean =>
  [...wanted].every(([scheme, scopes]) => {
    const held = given.get(scheme)
    return held !== undefined && [...scopes].every((scope) => held.has(scope))
  })
