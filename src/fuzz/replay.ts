import { performance } from 'node:perf_hooks'
import type { LookupFunction } from 'node:net'
import type { Spec } from '../openapi/spec.ts'
import type { Scenario } from './call.ts'
import type { Exchange } from './exchange.ts'
import type { Finding } from './finding.ts'
import { fingerprintOf } from './finding-log.ts'
import { rerun } from './reproduce.ts'
import { openSession } from './run.ts'
import type { FuzzSettings } from './settings.ts'

export interface ReplayOptions {
  readonly spec: Spec
  readonly settings: FuzzSettings
  readonly scenario: Scenario
  readonly signal: AbortSignal
  readonly lookup?: LookupFunction
}

export interface Replay {
  /** Whether every step that was to make something did; otherwise nothing can be said. */
  readonly isReady: boolean
  /** In the order of the scenario's steps. */
  readonly exchanges: readonly Exchange[]
  /** Everything that can be held against it now. */
  readonly findings: readonly Pick<Finding, 'check' | 'operation' | 'fingerprint' | 'message'>[]
}

/** Takes the steps of a finding again and judges them as the run did. Throws SPEC_INVALID. */
export const replay = async ({ signal, ...options }: ReplayOptions): Promise<Replay> => {
  await using open = openSession({ ...options, signal }, () => performance.now())
  const stop = (): void => open.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await options.settings.hooks.reset?.()
    const { isReady, exchanges, suspicions } = await rerun(open.session, options.scenario)
    signal.throwIfAborted()
    return {
      isReady,
      exchanges,
      findings: suspicions.map(({ check, operation, message, ...rest }) => ({
        check,
        operation,
        message,
        fingerprint: fingerprintOf({ check, operation, ...rest }),
      })),
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
