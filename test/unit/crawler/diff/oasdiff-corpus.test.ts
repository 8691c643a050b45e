import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy } from '../../../../src/crawler/diff/policy.ts'
import { corpus } from '../../../harness/corpus.ts'

interface Case {
  readonly id: string
  readonly base: string
  readonly revision: string
  readonly verdict: 'breaking' | 'risky' | 'safe' | 'none'
}

interface Disagreement {
  readonly reason: string
  readonly cases: readonly string[]
}

const folder = corpus('oasdiff')
/** The day on which the expected answers were recorded: sunset dates are held against it. */
const now = Date.parse('2026-11-22')

const cases =
  folder === undefined
    ? []
    : (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: readonly Case[] }).cases
/** Cases that are neither breaking nor not, in oasdiff's own eyes, are no measure. */
const definite = cases.filter(({ verdict }) => verdict !== 'risky')

const verdicts = async (profile: 'default' | 'oasdiff'): Promise<readonly (readonly [Case, string])[]> =>
  Promise.all(
    definite.map(async (each) => {
      const [base, revision] = [each.base, each.revision].map((name) => ({
        label: name,
        raw: readFileSync(join(folder ?? '', name)),
      }))
      if (!base || !revision) throw new Error(each.id)
      const { verdict } = await diffDocuments(base, revision, {
        policy: { ...defaultPolicy, profile },
        now,
        witnesses: false,
      })
      return [each, verdict] as const
    }),
  )

const wrong = (found: readonly (readonly [Case, string])[]): readonly string[] =>
  found
    .filter(([{ verdict }, own]) => (verdict === 'breaking') !== (own === 'breaking'))
    .map(([{ id }]) => id)

describe.skipIf(folder === undefined)("oasdiff's own pairs (corpus/oasdiff)", () => {
  it('are judged as oasdiff does, under its profile', async () => {
    const missed = wrong(await verdicts('oasdiff'))
    const right = definite.length - missed.length
    console.info(
      `oasdiff profile: ${right} of ${definite.length} right, ${((100 * right) / definite.length).toFixed(1)} %`,
    )
    expect(missed.length / definite.length).toBeLessThanOrEqual(0.01)
  })

  it('are judged otherwise by default only for a reason that is written down', async () => {
    const file = fileURLToPath(
      new URL('../../../../fixtures/specs/oasdiff-disagreements.yaml', import.meta.url),
    )
    const written = parse(readFileSync(file, 'utf8')) as readonly Disagreement[]
    for (const { reason } of written) expect(reason.length).toBeGreaterThan(20)
    const missed = wrong(await verdicts('default'))
    console.info(
      `default profile: ${definite.length - missed.length} of ${definite.length} as oasdiff, the rest with reasons`,
    )
    expect(missed.toSorted()).toEqual(written.flatMap(({ cases: ids }) => ids).toSorted())
  })
})
