import { checkHealth } from './check-health.ts'
import type { HealthFinding } from './health.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { normalise, type SpecVersion } from './normalise/normalise.ts'
import type { Rewrite } from './normalise/rewrite.ts'
import { fragmentPointer, valueAt } from './pointer.ts'
import { anchorsOf } from './anchors.ts'
import { referenceOf } from './grammar.ts'
import type { Position, SourceDocument } from './source.ts'

/** An OpenAPI document that everything else works on: canonical, references unresolved, faults noted. */
export interface Spec {
  readonly name: string
  /** The version the source is written in. */
  readonly version: SpecVersion
  readonly sha256: string
  /** Canonical 3.1. */
  readonly document: JsonObject
  readonly rewrites: readonly Rewrite[]
  /** What is wrong with it; found at the first call, since it walks the whole document. */
  health(): readonly HealthFinding[]
  /** Follows a value that is a reference, and those it leads to. Undefined where it leads nowhere or in a circle. */
  follow(value: Json | undefined, pointer: string): Place | undefined
  /** Where things stand in the source, by pointers into the canonical document. */
  locate(pointers: Iterable<string>): ReadonlyMap<string, Position & { readonly pointer: string }>
}

export interface Place {
  readonly value: JsonObject
  /** Of the value itself in the canonical document, not of a reference to it. */
  readonly pointer: string
}

/** References that lead to references; more than this is a circle in all but name. */
const referenceHopsMax = 10_000

export const openSpec = (source: SourceDocument): Spec => {
  const normalised = normalise(isObject(source.value) ? source.value : {})
  const { document } = normalised
  const targets = new Map<string, Json | undefined>()
  const targetOf = (pointer: string): Json | undefined => {
    if (!targets.has(pointer)) targets.set(pointer, valueAt(document, pointer))
    return targets.get(pointer)
  }
  let anchors: ReadonlyMap<string, string> | undefined
  /** References by pointer are by far the most; a document is searched for names at the first that is one. */
  const pointerOf = (reference: string): string | undefined => {
    const target = fragmentPointer(reference)
    if (target === '' || target?.startsWith('/')) return target
    return (anchors ??= anchorsOf(document)).get(target ?? reference)
  }
  let health: readonly HealthFinding[] | undefined
  return {
    name: source.name,
    version: normalised.version,
    sha256: source.sha256,
    document,
    rewrites: normalised.rewrites,
    health: () => (health ??= [...source.health, ...normalised.health, ...checkHealth(normalised)]),
    follow: (value, pointer) => {
      let place = pointer
      let current = value
      for (let hops = 0; hops < referenceHopsMax; hops++) {
        const reference = referenceOf(current)
        if (reference === undefined) return isObject(current) ? { value: current, pointer: place } : undefined
        const target = pointerOf(reference)
        if (target === undefined) return undefined
        place = target
        current = targetOf(target)
      }
      return undefined
    },
    locate: (pointers) => {
      const wanted = new Map<string, string>()
      for (const pointer of pointers) wanted.set(pointer, normalised.sourcePointer(pointer))
      const nearest = nearestNamed(source.value, wanted)
      const positions = source.locate(new Set(nearest.values()))
      return new Map(
        [...nearest].flatMap(([pointer, place]) => {
          const position = positions.get(place)
          return position
            ? [[pointer, { ...position, pointer: wanted.get(pointer) ?? pointer }] as const]
            : []
        }),
      )
    },
  }
}

/** What the normaliser added stands nowhere in the source; its nearest ancestor does. */
const nearestNamed = (root: Json, wanted: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const nearest = new Map<string, string>()
  for (const [pointer, place] of wanted) {
    let shown = place
    while (shown !== '' && valueAt(root, shown) === undefined) shown = shown.slice(0, shown.lastIndexOf('/'))
    nearest.set(pointer, shown)
  }
  return nearest
}
