import type { FuzzConfig } from '../../core/fuzz-config.ts'
import type { FuzzFlags } from './settings-of.ts'

/** What the config says in the place of flags that are not given. */
export const withConfig = <Flags extends FuzzFlags>(flags: Flags, config: FuzzConfig): Flags => {
  const said: FuzzFlags = {
    url: config.url,
    auth: config.auth,
    auth2: config.auth2,
    header: config.headers,
    'allow-host': config.allowHosts,
    time: config.time,
    'max-examples': config.maxExamples,
    seed: config.seed,
    phases: config.phases,
    include: config.include,
    exclude: config.exclude,
    checks: config.checks,
    rate: config.rate,
    workers: config.workers,
    timeout: config.timeout,
    'max-tokens': config.maxTokens,
    'max-response-time': config.maxResponseTime,
    'fail-on': config.failOn,
    baseline: config.baseline,
    hooks: config.hooks,
  }
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
  return { ...said, ...flags, ...given } satisfies Flags
}
