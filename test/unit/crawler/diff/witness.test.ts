import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy } from '../../../../src/crawler/diff/policy.ts'
import type { Change } from '../../../../src/crawler/diff/report/report.ts'
import { corpus } from '../../../harness/corpus.ts'

const options = { policy: defaultPolicy, now: Date.parse('2026-11-22') }

const changesOf = async (base: string, revision: string): Promise<readonly Change[]> => {
  const side = (path: string) => ({ label: path, raw: readFileSync(path) })
  return (await diffDocuments(side(base), side(revision), options)).changes
}

/** Prints the figure; 90 % is what is promised, and no proof may be wrong. */
const expectProven = (what: string, changes: readonly Change[]): void => {
  const proven = changes.filter(({ witness }) => witness).length
  const unproven = changes.filter((change) => change.unproven !== undefined)
  const all = proven + unproven.length
  console.info(`witnesses (${what}): ${proven} of ${all}, ${((100 * proven) / all).toFixed(1)} %`)
  expect(proven / all).toBeGreaterThanOrEqual(0.9)
  expect(unproven.filter(({ unproven: why = '' }) => why.includes('independent validator'))).toEqual([])
}

const pairs = corpus('oasdiff')
const published = corpus('specs')

describe('breaking changes of schemas are proven', () => {
  it.skipIf(pairs === undefined)("in oasdiff's own pairs (corpus/oasdiff)", { timeout: 60_000 }, async () => {
    const { cases } = JSON.parse(readFileSync(join(pairs ?? '', 'cases.json'), 'utf8')) as {
      cases: readonly { base: string; revision: string }[]
    }
    const changes: Change[] = []
    for (const { base, revision } of cases)
      changes.push(...(await changesOf(join(pairs ?? '', base), join(pairs ?? '', revision))))
    expectProven("oasdiff's pairs", changes)
  })

  it.skipIf(published === undefined)(
    'from version to version of published documents (corpus/specs)',
    async () => {
      const changes: Change[] = []
      for (const name of ['tgi', 'ollama', 'qdrant']) {
        const folder = join(published ?? '', name)
        const files = readdirSync(folder)
          .filter((file) => /\.(json|ya?ml)$/.test(file))
          .toSorted()
        for (const [at, file] of files.entries())
          if (at > 0)
            changes.push(...(await changesOf(join(folder, files[at - 1] ?? ''), join(folder, file))))
      }
      expectProven('published documents', changes)
    },
  )
})
