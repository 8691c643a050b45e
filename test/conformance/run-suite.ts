import { describe, it } from 'vitest'
import type { Check } from '../../src/conformance/check.ts'

/** Binds a conformance suite to vitest: one test per check; what cannot be asked shows as skipped, with its reason. */
export const runSuite = (name: string, checks: readonly Check[]): void => {
  describe(name, () => {
    for (const check of checks) {
      const title = check.skipped === undefined ? check.name : `${check.name} (${check.skipped})`
      it(title, { timeout: 120_000 }, async ({ signal, skip }) => {
        if (check.skipped !== undefined) skip(check.skipped)
        await check.run(signal)
      })
    }
  })
}
