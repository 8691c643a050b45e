import { isObject, type Json, memberOf } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { Comparison, OperationPair } from './collector.ts'
import type { ContentPair } from './content-pair.ts'
import { compareEncodings } from './encodings.ts'

interface Media {
  /** As written. */
  readonly name: string
  /** In small letters without parameters. */
  readonly type: string
  /** Sorted. */
  readonly parameters: string
  readonly value: Json
  readonly pointer: string
}

/** Media types by name, small differences of writing aside; then their schemas and encodings. */
export const compareMediaTypes = (
  comparison: Comparison,
  pair: ContentPair,
  operation: OperationPair,
): void => {
  const before = mediaOf(pair.base, pair.basePointer, comparison.base)
  const after = mediaOf(pair.revision, pair.revisionPointer, comparison.revision)
  const { matched, gone, fresh } = match(before, after)
  for (const [a, b] of matched) {
    if (a.type !== b.type || a.parameters !== b.parameters) addRenamed(comparison, pair, a, b, operation)
    compareMedia(comparison, pair, a, b, operation)
  }
  const shared = { area: pair.area, flow: pair.flow, subject: pair.subject } as const
  for (const media of gone)
    comparison.add(
      {
        ...shared,
        kind: 'media-type-removed',
        effect: 'narrowed',
        base: media.pointer,
        before: media.name,
        data: pair.data,
      },
      operation,
    )
  for (const media of fresh)
    comparison.add(
      {
        ...shared,
        kind: 'media-type-added',
        effect: 'widened',
        revision: media.pointer,
        after: media.name,
        data: pair.data,
      },
      operation,
    )
}

const mediaOf = (content: Json | undefined, pointer: string, spec: Spec): readonly Media[] =>
  Object.entries(isObject(content) ? content : {})
    .filter(([name]) => !name.startsWith('x-'))
    .map(([name, described]) => {
      const [type = '', ...parameters] = name.split(';').map((each) => each.trim().toLowerCase())
      const place = spec.follow(described, below(pointer, name))
      return {
        name,
        type,
        parameters: parameters.filter(Boolean).toSorted().join(';'),
        value: place?.value ?? {},
        pointer: place?.pointer ?? below(pointer, name),
      }
    })

const match = (before: readonly Media[], after: readonly Media[]) => {
  const matched: (readonly [Media, Media])[] = []
  let gone = before
  let fresh = after
  const take = (isMatch: (a: Media, b: Media) => boolean): void => {
    gone = gone.filter((a) => {
      const b = fresh.find((each) => isMatch(a, each))
      if (!b) return true
      matched.push([a, b])
      fresh = fresh.filter((each) => each !== b)
      return false
    })
  }
  take((a, b) => a.type === b.type && a.parameters === b.parameters)
  take((a, b) => a.type === b.type)
  take((a, b) => covers(a.type, b.type) || covers(b.type, a.type))
  return { matched, gone, fresh }
}

/** Whether a range such as `text/*` covers a type, or a type covers one built on it, as `application/json` does `application/a+json`. */
const covers = (range: string, type: string): boolean => {
  const [main = '', sub = ''] = range.split('/')
  const [typeMain = '', typeSub = ''] = type.split('/')
  if (main === '*') return true
  return main === typeMain && (sub === '*' || typeSub.endsWith(`+${sub}`))
}

const addRenamed = (
  comparison: Comparison,
  pair: ContentPair,
  a: Media,
  b: Media,
  operation: OperationPair,
): void => {
  const isParameter = a.type === b.type
  const isWider = isParameter ? b.parameters === '' : covers(b.type, a.type)
  const isNarrower = isParameter ? a.parameters === '' : covers(a.type, b.type)
  comparison.add(
    {
      kind: 'media-type-changed',
      area: pair.area,
      flow: pair.flow,
      subject: pair.subject,
      effect: isWider ? 'widened' : isNarrower ? 'narrowed' : 'changed',
      base: a.pointer,
      revision: b.pointer,
      before: a.name,
      after: b.name,
      data: { ...pair.data, parameter: isParameter, suffix: a.type.includes('+') || b.type.includes('+') },
    },
    operation,
  )
}

const isJson = (type: string): boolean =>
  type === '*/*' || /[/+](x-)?(nd)?json\b|event-stream|jsonl|json-seq|multipart/.test(type)

const compareMedia = (
  comparison: Comparison,
  pair: ContentPair,
  a: Media,
  b: Media,
  operation: OperationPair,
): void => {
  for (const keyword of ['schema', 'itemSchema'] as const) {
    const [before, after] = [memberOf(a.value, keyword), memberOf(b.value, keyword)]
    if (before === undefined && after === undefined) continue
    const subject = keyword === 'itemSchema' ? `stream event of the ${pair.subject}` : pair.subject
    const place = { base: `${a.pointer}/${keyword}`, revision: `${b.pointer}/${keyword}` }
    if (before === undefined || after === undefined)
      comparison.add(
        {
          kind: before === undefined ? 'media-schema-added' : 'media-schema-removed',
          area: pair.area,
          flow: pair.flow,
          subject,
          effect: before === undefined ? 'narrowed' : 'widened',
          ...(before === undefined ? { base: a.pointer } : { base: place.base }),
          ...(after === undefined ? { revision: b.pointer } : { revision: place.revision }),
          data: { ...pair.data, media: b.name, stream: keyword === 'itemSchema' },
        },
        operation,
      )
    else
      comparison.addSchemas(
        {
          area: pair.area,
          flow: pair.flow,
          subject,
          base: before,
          revision: after,
          basePointer: place.base,
          revisionPointer: place.revision,
          text: isJson(b.type) ? 'none' : 'plain',
          data: { ...pair.data, stream: keyword === 'itemSchema' || b.type.includes('event-stream') },
        },
        operation,
      )
  }
  compareEncodings(comparison, pair, a, b, operation)
}
