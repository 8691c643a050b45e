import { type Json, listAt, sameJson } from '../../../openapi/json.ts'
import { lifecycleFacts } from './annotations.ts'
import { compareRequestBodies } from './request-bodies.ts'
import type { Comparison, OperationPair, OperationSide } from './collector.ts'
import { compareParameters } from './parameters.ts'
import { compareResponses } from './responses.ts'
import { compareOperationSecurity } from './security.ts'

/** Two operations that stand for each other: every part of them, and what is said of them as a whole. */
export const compareOperations = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  compareParameters(comparison, base, revision, pair)
  compareRequestBodies(comparison, base, revision, pair)
  compareResponses(comparison, base, revision, pair)
  compareOperationSecurity(comparison, base, revision, pair)
  compareNames(comparison, base, revision, pair)
  const place = { base: base.pointer, revision: revision.pointer }
  for (const fact of lifecycleFacts(
    (name) => base.value[name],
    (name) => revision.value[name],
    place,
  ))
    comparison.add({ ...fact, area: 'operation', subject: pair.name }, pair)
}

const compareNames = (
  comparison: Comparison,
  base: OperationSide,
  revision: OperationSide,
  pair: OperationPair,
): void => {
  const place = { base: `${base.pointer}/operationId`, revision: `${revision.pointer}/operationId` }
  const [before, after] = [base.operationId, revision.operationId]
  if (before !== after)
    comparison.add(
      {
        kind:
          before === undefined
            ? 'operation-id-added'
            : after === undefined
              ? 'operation-id-removed'
              : 'operation-id-changed',
        area: 'operation',
        subject: pair.name,
        ...(before === undefined ? {} : { base: place.base, before }),
        ...(after === undefined ? {} : { revision: place.revision, after }),
      },
      pair,
    )
  const [was, is] = [listAt(base.value, 'tags'), listAt(revision.value, 'tags')]
  const missing = (from: readonly Json[], other: readonly Json[]): readonly Json[] =>
    from.filter((tag) => !other.some((each) => sameJson(each, tag)))
  for (const tag of missing(was, is))
    comparison.add(
      {
        kind: 'tag-removed',
        area: 'operation',
        subject: pair.name,
        base: `${base.pointer}/tags`,
        before: tag,
      },
      pair,
    )
  for (const tag of missing(is, was))
    comparison.add(
      {
        kind: 'tag-added',
        area: 'operation',
        subject: pair.name,
        revision: `${revision.pointer}/tags`,
        after: tag,
      },
      pair,
    )
}
