import { type Json, type JsonObject, memberOf, objectAt } from '../../openapi/json.ts'
import type { Space } from '../../openapi/schema/view.ts'
import type { Spec } from '../../openapi/spec.ts'

/** A document and its schemas as clients and as servers send them. */
export interface Reading {
  readonly spec: Spec
  readonly request: Space
  readonly response: Space
}

/** `example` and `examples` of a parameter or a media type. */
export const examplesOf = (spec: Spec, holder: JsonObject): readonly Json[] => {
  const one = memberOf(holder, 'example')
  const many = Object.values(objectAt(holder, 'examples')).flatMap((each) => {
    const value = memberOf(spec.follow(each, '')?.value, 'value')
    return value === undefined ? [] : [value]
  })
  return one === undefined ? many : [one, ...many]
}
