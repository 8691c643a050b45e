import type { Spec } from '../../../openapi/spec.ts'
import type { Fact } from '../fact.ts'
import { type CompareOptions, createComparison } from './collector.ts'
import { compareComponents } from './components.ts'
import { comparePaths } from './paths.ts'
import { compareServers } from './servers.ts'
import { compareWebhooks } from './webhooks.ts'

/** Everything that differs between two documents, without an opinion. The same document twice gives nothing. */
export const compare = (base: Spec, revision: Spec, options: CompareOptions = {}): readonly Fact[] => {
  if (base.sha256 === revision.sha256) return []
  const comparison = createComparison(base, revision, options)
  comparePaths(comparison)
  compareWebhooks(comparison)
  compareServers(comparison)
  compareComponents(comparison)
  return comparison.facts()
}
