import { isList, isObject, type Json } from '../../openapi/json.ts'
import { below, valueAt } from '../../openapi/pointer.ts'
import { openSpec, type Spec } from '../../openapi/spec.ts'

/**
 * The document with null allowed wherever somebody wrote `nullable` where OpenAPI 3.0 gives it no meaning, as beside
 * `$ref`. Many programs take such words at their word and many do not: nobody can be blamed for either.
 */
export const withLenientNulls = (spec: Spec): Spec => {
  const places = spec.rewrites
    .filter(
      ({ pointer, from, rule }) => from === true && pointer.endsWith('/nullable') && rule.startsWith('drop-'),
    )
    .map(({ pointer }) => pointer.slice(0, -'/nullable'.length))
    .filter((pointer) => isObject(valueAt(spec.document, pointer)))
  if (places.length === 0) return spec
  const value = loosened(spec.document, '', new Set(places), prefixesOf(places))
  return openSpec({
    name: spec.name,
    format: 'json',
    sha256: spec.sha256,
    bytes: 0,
    value,
    health: [],
    locate: () => new Map(),
  })
}

/** Every place on the way to a place: what is not among them stays as it is. */
const prefixesOf = (places: readonly string[]): ReadonlySet<string> =>
  new Set(
    places.flatMap((place) => {
      const parts = place.split('/')
      return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
    }),
  )

const loosened = (
  value: Json,
  pointer: string,
  places: ReadonlySet<string>,
  onTheWay: ReadonlySet<string>,
): Json => {
  if (!onTheWay.has(pointer)) return value
  const inner = (name: string | number, member: Json): Json =>
    loosened(member, below(pointer, name), places, onTheWay)
  const made: Json = isList(value)
    ? value.map((item, at) => inner(at, item))
    : isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(name, member)]))
      : value
  return places.has(pointer) ? { anyOf: [made, { type: 'null' }] } : made
}
