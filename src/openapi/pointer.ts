import { isList, type Json, memberOf } from './json.ts'

/** JSON Pointers (RFC 6901), and the fragments of `$ref` that are percent-encoded ones. */

/** The pointer of a member or item. */
export const below = (pointer: string, name: string | number): string =>
  `${pointer}/${typeof name === 'number' ? name : escapeSegment(name)}`

const escapeSegment = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name

/** `/paths/~1x` → `['paths', '/x']`. */
export const segmentsOf = (pointer: string): readonly string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))

/** The pointer in a reference such as `#/components/schemas/A%20b`; undefined when it leads out of the document. */
export const fragmentPointer = (reference: string): string | undefined => {
  if (!reference.startsWith('#')) return undefined
  const fragment = reference.slice(1)
  if (!fragment.includes('%')) return fragment
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

/** What a pointer names, or undefined. */
export const valueAt = (root: Json, pointer: string): Json | undefined => {
  let value: Json | undefined = root
  for (const segment of segmentsOf(pointer)) {
    if (isList(value)) value = /^\d+$/.test(segment) ? value[Number(segment)] : undefined
    else value = memberOf(value, segment)
    if (value === undefined) return undefined
  }
  return value
}
