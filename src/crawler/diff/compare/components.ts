import { isObject, type Json, objectAt, sameJson, textAt } from '../../../openapi/json.ts'
import { below } from '../../../openapi/pointer.ts'
import type { Comparison } from './collector.ts'
import { newNames, schemesOf } from './security-schemes.ts'

/** What the security schemes ask for. Schemas and the like are compared where they are used. */
export const compareComponents = (comparison: Comparison): void => {
  const [before, after] = [schemesOf(comparison.base), schemesOf(comparison.revision)]
  const renamed = newNames(comparison.base, comparison.revision)
  const taken = new Set(renamed.values())
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (renamed.has(name) || taken.has(name)) continue
    const pointer = below('/components/securitySchemes', name)
    const [a, b] = [before[name], after[name]]
    const shared = { area: 'security', subject: `security scheme "${name}"` } as const
    if (a === undefined)
      comparison.add({ ...shared, kind: 'security-scheme-added', effect: 'widened', revision: pointer })
    else if (b === undefined)
      comparison.add({ ...shared, kind: 'security-scheme-removed', effect: 'narrowed', base: pointer })
    else compareScheme(comparison, name, a, b)
  }
}

const compareScheme = (comparison: Comparison, name: string, a: Json, b: Json): void => {
  const pointer = below('/components/securitySchemes', name)
  const place = { base: pointer, revision: pointer }
  const shared = { area: 'security', subject: `security scheme "${name}"`, ...place } as const
  for (const member of ['type', 'scheme', 'in', 'name', 'openIdConnectUrl']) {
    const [before, after] = [textAt(a, member), textAt(b, member)]
    // Names of schemes and of header fields are the same in capitals.
    const isCaseless = member === 'scheme' || textAt(a, 'in') === 'header'
    const same = isCaseless ? before?.toLowerCase() === after?.toLowerCase() : before === after
    if (!same)
      comparison.add({
        ...shared,
        kind: 'security-scheme-changed',
        effect: 'changed',
        before: before ?? null,
        after: after ?? null,
        data: { member },
      })
  }
  const [flowsA, flowsB] = [objectAt(a, 'flows'), objectAt(b, 'flows')]
  for (const flow of new Set([...Object.keys(flowsA), ...Object.keys(flowsB)])) {
    const [before, after] = [flowsA[flow], flowsB[flow]]
    const there = below(`${pointer}/flows`, flow)
    if (!isObject(before) || !isObject(after)) {
      const isRemoved = isObject(before)
      comparison.add({
        ...shared,
        kind: isRemoved ? 'oauth-flow-removed' : 'oauth-flow-added',
        effect: isRemoved ? 'narrowed' : 'widened',
        ...(isRemoved ? { base: there } : { revision: there }),
        data: { member: flow },
      })
      continue
    }
    for (const member of ['authorizationUrl', 'tokenUrl', 'refreshUrl', 'deviceAuthorizationUrl'])
      if (!sameJson(before[member], after[member]))
        comparison.add({
          ...shared,
          kind: 'oauth-url-changed',
          effect: 'changed',
          base: `${there}/${member}`,
          revision: `${there}/${member}`,
          before: before[member] ?? null,
          after: after[member] ?? null,
          data: { member },
        })
    compareScopes(comparison, name, there, before, after)
  }
}

const compareScopes = (
  comparison: Comparison,
  name: string,
  there: string,
  before: Json,
  after: Json,
): void => {
  const [a, b] = [objectAt(before, 'scopes'), objectAt(after, 'scopes')]
  const shared = { area: 'security', subject: `security scheme "${name}"` } as const
  for (const scope of Object.keys(a))
    if (!Object.hasOwn(b, scope))
      comparison.add({
        ...shared,
        kind: 'oauth-scope-removed',
        effect: 'narrowed',
        base: below(`${there}/scopes`, scope),
        before: scope,
      })
  for (const scope of Object.keys(b))
    if (!Object.hasOwn(a, scope))
      comparison.add({
        ...shared,
        kind: 'oauth-scope-added',
        effect: 'widened',
        revision: below(`${there}/scopes`, scope),
        after: scope,
      })
}
