import type { Json } from '../../../openapi/json.ts'
import { sameJson } from '../../../openapi/json.ts'
import { annotation, type View } from '../../../openapi/schema/view.ts'
import type { SchemaFact } from './schema-fact.ts'

/** What two schemas say beside what they allow: defaults, deprecation, readOnly and writeOnly, stability. */
export const compareAnnotations = (base: View, revision: View): readonly SchemaFact[] => {
  const place = { base: base.pointer, revision: revision.pointer }
  const facts: SchemaFact[] = []
  const [before, after] = [annotation(base, 'default'), annotation(revision, 'default')]
  if (!sameJson(before, after))
    facts.push({
      kind:
        before === undefined ? 'default-added' : after === undefined ? 'default-removed' : 'default-changed',
      effect: 'none',
      ...place,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    })
  for (const name of ['readOnly', 'writeOnly'] as const) {
    const [was, is] = [annotation(base, name) === true, annotation(revision, name) === true]
    const kind = name === 'readOnly' ? 'read-only' : 'write-only'
    if (was !== is) facts.push({ kind: `became-${is ? '' : 'not-'}${kind}`, effect: 'none', ...place })
  }
  facts.push(
    ...lifecycleFacts(
      (name) => annotation(base, name),
      (name) => annotation(revision, name),
      place,
    ),
  )
  const [extended, extendedAfter] = [list(base), list(revision)]
  const removed = extended.filter((value) => !extendedAfter.some((each) => sameJson(each, value)))
  if (removed.length > 0 && extendedAfter.length > 0)
    facts.push({ kind: 'extensible-enum-value-removed', effect: 'narrowed', ...place, before: removed })
  return facts
}

const list = (view: View): readonly Json[] => {
  const value = annotation(view, 'x-extensible-enum')
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

type Read = (name: string) => Json | undefined

/** Deprecation, the end that `x-sunset` announces, and stability. The same for operations, parameters and properties. */
export const lifecycleFacts = (
  base: Read,
  revision: Read,
  place: Pick<SchemaFact, 'base' | 'revision'>,
): readonly SchemaFact[] => {
  const facts: SchemaFact[] = []
  const [was, is] = [base('deprecated') === true, revision('deprecated') === true]
  const [before, after] = [base('x-sunset') ?? null, revision('x-sunset') ?? null]
  const stability = revision('x-stability-level') ?? null
  if (was !== is)
    facts.push({
      kind: is ? 'deprecated' : 'reactivated',
      effect: 'none',
      ...place,
      data: { sunset: after, stability },
    })
  else if (is && !sameJson(before, after))
    facts.push({
      kind: after === null ? 'sunset-removed' : before === null ? 'sunset-added' : 'sunset-changed',
      effect: 'none',
      ...place,
      ...(before !== null && { before }),
      ...(after !== null && { after }),
      data: { sunset: after, stability },
    })
  const [from, to] = [base('x-stability-level') ?? null, stability]
  if (!sameJson(from, to))
    facts.push({ kind: 'stability-changed', effect: 'none', ...place, before: from, after: to })
  return facts
}
