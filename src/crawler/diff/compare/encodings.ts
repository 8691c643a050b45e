import { isObject, type Json, memberOf, sameJson } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Comparison, OperationPair } from './collector.ts'
import type { ContentPair } from './content-pair.ts'

interface Media {
  readonly value: Json
  readonly pointer: string
}

/** How the parts of a form are written: content type, style and explode of each property. */
export const compareEncodings = (
  comparison: Comparison,
  pair: ContentPair,
  a: Media,
  b: Media,
  operation: OperationPair,
): void => {
  const [before, after] = [memberOf(a.value, 'encoding'), memberOf(b.value, 'encoding')]
  const names = new Set([before, after].flatMap((each) => (isObject(each) ? Object.keys(each) : [])))
  for (const name of names)
    for (const member of ['contentType', 'style', 'explode', 'allowReserved']) {
      const [was, is] = [settled(before, name, member), settled(after, name, member)]
      if (sameJson(was, is)) continue
      comparison.add(
        {
          kind: 'encoding-changed',
          area: pair.area,
          flow: pair.flow,
          effect: 'changed',
          subject: `part "${name}" of the ${pair.subject}`,
          base: below(`${a.pointer}/encoding`, name),
          revision: below(`${b.pointer}/encoding`, name),
          before: was,
          after: is,
          data: { ...pair.data, property: name, member },
        },
        operation,
      )
    }
}

/** The member, with the defaults of OpenAPI where it is not written. */
const settled = (encoding: Json | undefined, name: string, member: string): Json => {
  const own = memberOf(encoding, name)
  const written = memberOf(own, member)
  if (written !== undefined) return typeof written === 'string' ? normalised(written) : written
  if (member === 'style') return 'form'
  if (member === 'explode') return settled(encoding, name, 'style') === 'form'
  return member === 'allowReserved' ? false : null
}

/** `image/png, image/jpeg` in any order. */
const normalised = (text: string): string =>
  text
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .toSorted()
    .join(', ')
