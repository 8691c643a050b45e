import { isObject, type Json } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Flow } from '../../../openapi/schema/view.ts'
import type { Place, Spec } from '../../../openapi/spec.ts'
import { lifecycleFacts } from './annotations.ts'
import type { Comparison, OperationPair } from './collector.ts'
import { contentOf } from './parameters.ts'

interface HeaderPair {
  readonly status: string
  readonly flow: Flow
  readonly base: Place
  readonly revision: Place
  readonly data: Readonly<Record<string, Json>>
}

/** The headers of two responses; names in small letters, and Content-Type is described elsewhere. */
export const compareHeaders = (comparison: Comparison, pair: HeaderPair, operation: OperationPair): void => {
  const before = headersOf(pair.base, comparison.base)
  const after = headersOf(pair.revision, comparison.revision)
  const { flow, data } = pair
  for (const [name, header] of before) {
    const other = after.get(name)
    const shared = { area: 'header', flow, subject: `response header "${header.name}"` } as const
    const required = header.value['required'] === true
    if (!other) {
      comparison.add(
        {
          ...shared,
          kind: 'header-removed',
          effect: required ? 'widened' : 'none',
          base: header.pointer,
          data: { ...data, required, deprecated: header.value['deprecated'] === true },
        },
        operation,
      )
      continue
    }
    const place = { base: header.pointer, revision: other.pointer }
    if (required !== (other.value['required'] === true))
      comparison.add(
        {
          ...shared,
          kind: required ? 'header-became-optional' : 'header-became-required',
          effect: required ? 'widened' : 'narrowed',
          ...place,
          data,
        },
        operation,
      )
    for (const fact of lifecycleFacts(
      (key) => header.value[key],
      (key) => other.value[key],
      place,
    ))
      comparison.add({ ...fact, ...shared, data: { ...data, ...fact.data } }, operation)
    const [a, b] = [contentOf(header, comparison.base), contentOf(other, comparison.revision)]
    comparison.addSchemas(
      {
        ...shared,
        base: a.schema,
        revision: b.schema,
        basePointer: a.pointer,
        revisionPointer: b.pointer,
        text: b.media === undefined ? 'plain' : 'none',
        data,
      },
      operation,
    )
  }
  for (const [name, header] of after)
    if (!before.has(name))
      comparison.add(
        {
          area: 'header',
          flow,
          subject: `response header "${header.name}"`,
          kind: 'header-added',
          effect: header.value['required'] === true ? 'narrowed' : 'none',
          revision: header.pointer,
          data: { ...data, required: header.value['required'] === true },
        },
        operation,
      )
}

const headersOf = (response: Place, spec: Spec): ReadonlyMap<string, Place & { readonly name: string }> => {
  const { headers } = response.value
  return new Map(
    Object.entries(isObject(headers) ? headers : {}).flatMap(([name, value]) => {
      const place = spec.follow(value, below(`${response.pointer}/headers`, name))
      return place && name.toLowerCase() !== 'content-type'
        ? [[name.toLowerCase(), { ...place, name }] as const]
        : []
    }),
  )
}
