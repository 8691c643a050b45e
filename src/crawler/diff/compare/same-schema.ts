import { isList, isObject, type Json, type JsonObject, sameJson } from '../../../openapi/json.ts'
import { referenceOf } from '../../../openapi/grammar.ts'
import type { Spec } from '../../../openapi/spec.ts'

/** Keywords that say nothing a client or server could notice. */
const silent = new Set([
  'title',
  'description',
  'summary',
  'externalDocs',
  'example',
  'examples',
  '$comment',
  'xml',
  '$defs',
  'definitions',
  '$ref',
])
const lists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const maps = new Set(['properties', 'patternProperties', 'dependentSchemas'])
const singles = new Set(
  (
    'items additionalProperties not if then else contains propertyNames unevaluatedItems ' +
    'unevaluatedProperties contentSchema additionalItems'
  ).split(' '),
)

/** Schemas nested deeper than this are taken to differ. */
const depthMax = 400

/** Whether two schemas say the same in the same words, references followed and names of components aside. */
export type SameSchema = (base: Json | undefined, revision: Json | undefined) => boolean

/** Cheap, and the reason that a large document with few changes is compared quickly. Circles are taken to hold. */
export const createSameSchema = (baseSpec: Spec, revisionSpec: Spec): SameSchema => {
  const known = new WeakMap<object, WeakMap<object, boolean>>()
  const assumed: [WeakMap<object, boolean>, object][] = []
  let depth = 0
  const same: SameSchema = (base, revision) => {
    // Too deep to tell this way: whoever asks looks closer, and goes on from there.
    if (depth > depthMax) return false
    depth++
    try {
      return compared(base, revision)
    } finally {
      depth--
    }
  }
  const compared: SameSchema = (base, revision) => {
    if (!isObject(base) || !isObject(revision)) return sameJson(base, revision)
    const reference = referenceOf(base)
    const other = referenceOf(revision)
    if ((reference === undefined) !== (other === undefined)) return false
    if (reference === undefined || other === undefined) return members(base, revision)
    const [a, b] = [baseSpec.follow({ $ref: reference }, ''), revisionSpec.follow({ $ref: other }, '')]
    if (!a || !b) return !a && !b && reference === other && members(base, revision)
    return remembered(a.value, b.value) && members(base, revision)
  }
  const remembered = (base: JsonObject, revision: JsonObject): boolean => {
    const inner = known.get(base) ?? new WeakMap<object, boolean>()
    known.set(base, inner)
    const result = inner.get(revision)
    if (result !== undefined) return result
    inner.set(revision, true)
    const mark = assumed.length
    assumed.push([inner, revision])
    const found = same(base, revision)
    // What was found on the way leant on this pair.
    if (!found) for (const [map, key] of assumed.splice(mark)) map.delete(key)
    if (!found) inner.set(revision, false)
    if (mark === 0) assumed.length = 0
    return found
  }
  const members = (base: JsonObject, revision: JsonObject): boolean => {
    for (const name of Object.keys(base))
      if (!silent.has(name) && !member(name, base[name], revision[name])) return false
    return Object.keys(revision).every((name) => silent.has(name) || base[name] !== undefined)
  }
  const member = (name: string, base: Json | undefined, revision: Json | undefined): boolean => {
    if (lists.has(name) && isList(base) && isList(revision))
      return base.length === revision.length && base.every((each, at) => same(each, revision[at]))
    if (maps.has(name) && isObject(base) && isObject(revision)) {
      const names = Object.keys(base)
      return (
        names.length === Object.keys(revision).length &&
        names.every((each) => Object.hasOwn(revision, each) && same(base[each], revision[each]))
      )
    }
    if (name === 'required' && isList(base) && isList(revision))
      return base.length === revision.length && base.every((each) => revision.includes(each))
    return singles.has(name) ? same(base, revision) : sameJson(base, revision)
  }
  return same
}
