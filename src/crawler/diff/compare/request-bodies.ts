import { type JsonObject, memberOf } from '../../../openapi/json.ts'
import type { Comparison, OperationPair, OperationSide } from './collector.ts'
import { compareMediaTypes } from './media-types.ts'
import { flowOf } from './parameters.ts'

export const compareRequestBodies = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  const [a, b] = [
    comparison.base.follow(memberOf(base.value, 'requestBody'), `${base.pointer}/requestBody`),
    comparison.revision.follow(memberOf(revision.value, 'requestBody'), `${revision.pointer}/requestBody`),
  ]
  const shared = {
    area: 'request-body',
    flow: flowOf(pair),
    subject: pair.sender === 'client' ? 'request body' : 'payload',
  } as const
  const isRequired = (body: JsonObject): boolean => body['required'] === true
  if (!a && b)
    comparison.add(
      {
        ...shared,
        kind: 'body-added',
        effect: isRequired(b.value) ? 'narrowed' : 'widened',
        revision: b.pointer,
        data: { required: isRequired(b.value) },
      },
      pair,
    )
  if (a && !b)
    comparison.add(
      {
        ...shared,
        kind: 'body-removed',
        effect: isRequired(a.value) ? 'widened' : 'narrowed',
        base: a.pointer,
        data: { required: isRequired(a.value) },
      },
      pair,
    )
  if (!a || !b) return
  const place = { base: a.pointer, revision: b.pointer }
  if (isRequired(a.value) !== isRequired(b.value))
    comparison.add(
      isRequired(b.value)
        ? { ...shared, kind: 'body-became-required', effect: 'narrowed', ...place }
        : { ...shared, kind: 'body-became-optional', effect: 'widened', ...place },
      pair,
    )
  compareMediaTypes(
    comparison,
    {
      ...shared,
      base: a.value['content'],
      revision: b.value['content'],
      basePointer: `${a.pointer}/content`,
      revisionPointer: `${b.pointer}/content`,
      data: {},
    },
    pair,
  )
}
