import { isObject, type Json, memberOf, objectAt, sameJson, textAt } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Spec } from '../../../openapi/spec.ts'
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
      const isWritten = [before, after].some((each) => memberOf(memberOf(each, name), member) !== undefined)
      if (!isWritten) continue
      const was = settled(before, name, member) ?? defaultType(comparison.base, a, name)
      const is = settled(after, name, member) ?? defaultType(comparison.revision, b, name)
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
const settled = (encoding: Json | undefined, name: string, member: string): Json | undefined => {
  const own = memberOf(encoding, name)
  const written = memberOf(own, member)
  if (written !== undefined) return typeof written === 'string' ? normalised(written) : written
  if (member === 'style') return 'form'
  if (member === 'explode') return settled(encoding, name, 'style') === 'form'
  return member === 'allowReserved' ? false : undefined
}

/** Items of items of items: the type of what a list of lists holds is not asked further. */
const itemsMax = 5

/** The content type of a part whose encoding says none, by its schema. */
const defaultType = (spec: Spec, media: Media, name: string): Json => {
  const schema = spec.follow(memberOf(media.value, 'schema'), `${media.pointer}/schema`)?.value
  let part = spec.follow(objectAt(schema, 'properties')[name], '')?.value
  for (let depth = 0; depth < itemsMax && textAt(part, 'type') === 'array'; depth++)
    part = spec.follow(memberOf(part, 'items'), '')?.value
  if (!part) return null
  const named = textAt(part, 'contentMediaType')
  if (named !== undefined) return named.toLowerCase()
  if (memberOf(part, 'contentEncoding') !== undefined) return 'application/octet-stream'
  const type = textAt(part, 'type')
  if (type === undefined) return memberOf(part, 'properties') === undefined ? null : 'application/json'
  return type === 'object' ? 'application/json' : 'text/plain'
}

/** `image/png, image/jpeg` in any order. */
const normalised = (text: string): string =>
  text
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .toSorted()
    .join(', ')
