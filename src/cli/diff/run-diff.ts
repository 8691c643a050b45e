import { diffDocuments } from '../../crawler/diff/diff.ts'
import type { Policy } from '../../crawler/diff/policy.ts'
import { secondOpinion } from '../../crawler/outside/second-opinion.ts'
import type { Report } from '../../crawler/diff/report/report.ts'
import { repositoryCache } from '../specs/crawl-plan.ts'
import { authOfFlags, type AuthFlags } from '../specs/crawl-auth.ts'
import { diffInputs } from '../specs/diff-inputs.ts'
import { specPlace } from '../specs/spec-place.ts'
import { readAcknowledgements, readPolicy } from './policy-file.ts'

export interface DiffFlags extends AuthFlags {
  readonly config?: string | undefined
  readonly store?: string | undefined
  readonly 'state-dir'?: string | undefined
  readonly 'allow-host': readonly string[]
  readonly policy?: string | undefined
  readonly profile?: string | undefined
  readonly 'second-opinion': boolean
}

export interface DiffRun {
  readonly reports: readonly Report[]
  /** Specs that have one version only. */
  readonly firsts: readonly string[]
}

/** Does what the command line says. Throws what `diffInputs` and `diffDocuments` throw. */
export const runDiff = async (
  words: readonly string[],
  flags: DiffFlags,
  signal: AbortSignal,
): Promise<DiffRun> => {
  const { config, store } = specPlace(flags)
  const policy = await policyOf(flags, store.path)
  const auth = authOfFlags(flags, process.env)
  const { pairs, firsts } = await diffInputs(words, {
    store,
    cwd: process.cwd(),
    cacheDir: repositoryCache(config),
    input: process.stdin,
    signal,
    hosts: flags['allow-host'],
    ...(auth && { auth }),
  })
  const reports: Report[] = []
  for (const { spec, base, revision } of pairs) {
    signal.throwIfAborted()
    const options = { policy, now: Date.now(), ...(spec !== undefined && { spec }) }
    const report = await diffDocuments(base, revision, options)
    const asked = flags['second-opinion']
    reports.push(
      asked ? { ...report, secondOpinion: await secondOpinion(base, revision, report, signal) } : report,
    )
  }
  return { reports, firsts: firsts.map(({ spec }) => spec) }
}

const policyOf = async (flags: DiffFlags, store: string): Promise<Policy> => {
  const policy = await readPolicy(flags.policy)
  const acknowledgements = await readAcknowledgements(store)
  return {
    ...policy,
    acknowledgements,
    ...(flags.profile === 'oasdiff' || flags.profile === 'default' ? { profile: flags.profile } : {}),
  }
}
