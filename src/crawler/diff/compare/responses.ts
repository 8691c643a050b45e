import { isObject, type Json, memberOf } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Place, Spec } from '../../../openapi/spec.ts'
import type { Comparison, OperationPair, OperationSide } from './collector.ts'
import { compareHeaders } from './headers.ts'
import { compareMediaTypes } from './media-types.ts'
import { flowOf } from './parameters.ts'

type Responses = ReadonlyMap<string, Place>

/** Statuses one by one, where `2XX` stands for each of its class; then headers and bodies. */
export const compareResponses = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  const [before, after] = [responsesOf(base, comparison.base), responsesOf(revision, comparison.revision)]
  const answered = new Set<string>()
  for (const [status, response] of before) {
    const others = counterparts(status, before, after)
    for (const [name, other] of others) {
      answered.add(name)
      compareResponse(comparison, name, response, other, pair)
    }
    const isWiderNow = others.length > 0 && isRange(others[0]?.[0] ?? '') && !isRange(status)
    if (others.length === 0) addStatus(comparison, 'status-removed', status, { base: response.pointer }, pair)
    else if (isWiderNow) addStatus(comparison, 'status-generalized', status, { base: response.pointer }, pair)
  }
  for (const [status, response] of after)
    if (!before.has(status) && !answered.has(status))
      addStatus(comparison, 'status-added', status, { revision: response.pointer }, pair)
    else if (!before.has(status) && !isRange(status))
      addStatus(comparison, 'status-specialized', status, { revision: response.pointer }, pair)
}

const responsesOf = (side: OperationSide, spec: Spec): Responses => {
  const responses = memberOf(side.value, 'responses')
  return new Map(
    Object.entries(isObject(responses) ? responses : {}).flatMap(([status, value]) => {
      if (status.startsWith('x-')) return []
      const place = spec.follow(value, below(`${side.pointer}/responses`, status))
      return place ? [[status.toUpperCase().replace('DEFAULT', 'default'), place] as const] : []
    }),
  )
}

const isRange = (status: string): boolean => /^\dXX$/.test(status)
const rangeOf = (status: string): string => (/^\d/.test(status) ? `${status.slice(0, 1)}XX` : status)
export const isSuccess = (status: string): boolean => status.startsWith('2')

/** What became of a status: itself, the range it now falls under, or the members that its range was split into. */
const counterparts = (
  status: string,
  before: Responses,
  after: Responses,
): readonly (readonly [string, Place])[] => {
  const own = after.get(status)
  if (own) return [[status, own]]
  const range = after.get(rangeOf(status))
  if (range && !isRange(status)) return [[rangeOf(status), range]]
  if (!isRange(status)) return []
  return [...after].filter(([other]) => !before.has(other) && rangeOf(other) === status)
}

const addStatus = (
  comparison: Comparison,
  kind: string,
  status: string,
  place: { readonly base?: string; readonly revision?: string },
  pair: OperationPair,
): void =>
  comparison.add(
    {
      kind,
      area: 'response',
      flow: pair.sender === 'client' ? 'response' : 'request',
      subject: `response ${status}`,
      effect: kind === 'status-removed' || kind === 'status-specialized' ? 'narrowed' : 'widened',
      ...place,
      data: { status, success: isSuccess(status) },
    },
    pair,
  )

const compareResponse = (
  comparison: Comparison,
  status: string,
  base: Place,
  revision: Place,
  pair: OperationPair,
): void => {
  const flow = flowOf(pair) === 'request' ? 'response' : 'request'
  const data: Record<string, Json> = { status, error: !isSuccess(status) }
  compareHeaders(comparison, { status, flow, base, revision, data }, pair)
  compareMediaTypes(
    comparison,
    {
      area: 'response',
      flow,
      subject: pair.sender === 'client' ? 'response body' : 'answer',
      base: base.value['content'],
      revision: revision.value['content'],
      basePointer: `${base.pointer}/content`,
      revisionPointer: `${revision.pointer}/content`,
      data,
    },
    pair,
  )
}
