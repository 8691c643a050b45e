import { canonicalText, isObject, type Json, objectAt } from '../../../openapi/json.ts'
import type { Spec } from '../../../openapi/spec.ts'

/** The security schemes of a document by name, references followed. */
export const schemesOf = (spec: Spec): Readonly<Record<string, Json>> => {
  const schemes = objectAt(objectAt(spec.document, 'components'), 'securitySchemes')
  return Object.fromEntries(
    Object.entries(schemes).map(([name, value]) => [name, spec.follow(value, '')?.value ?? value]),
  )
}

/**
 * Schemes that only have another name: base name → revision name. Requests do not hold the name, so nobody notices.
 */
export const newNames = (base: Spec, revision: Spec): ReadonlyMap<string, string> => {
  const [before, after] = [schemesOf(base), schemesOf(revision)]
  const fresh = new Map<string, string>()
  for (const [name, scheme] of Object.entries(after))
    if (!Object.hasOwn(before, name)) fresh.set(meaningOf(scheme), name)
  const renamed = new Map<string, string>()
  for (const [name, scheme] of Object.entries(before)) {
    const meaning = meaningOf(scheme)
    const other = Object.hasOwn(after, name) ? undefined : fresh.get(meaning)
    if (other === undefined) continue
    renamed.set(name, other)
    fresh.delete(meaning)
  }
  return renamed
}

const meaningOf = (scheme: Json): string =>
  isObject(scheme)
    ? canonicalText(
        Object.fromEntries(
          Object.entries(scheme).filter(([name]) => name !== 'description' && !name.startsWith('x-')),
        ),
      )
    : canonicalText(scheme)
