import type { ErrorBar } from '../../bench/report/report.ts'
import { readErrorBar, saveErrorBar } from '../../bench/selftest/saved-error-bar.ts'
import { runSelftest, selftestDefaults } from '../../bench/selftest/selftest.ts'

/** A short one: it runs by itself, before somebody's own run. */
const quick = { ...selftestDefaults, streams: 100, durationMs: 2500 }

/** The error bar of this machine: the one that is kept, else measured now; null when the machine is too busy for one. */
export const errorBarOfHere = async (
  env: NodeJS.ProcessEnv,
  measure: boolean,
  signal: AbortSignal,
): Promise<ErrorBar | null> => {
  const kept = await readErrorBar(env)
  if (kept || !measure) return kept ?? null
  const { isValid, errorBar } = await runSelftest(quick, signal)
  signal.throwIfAborted()
  if (!isValid) return null
  await saveErrorBar(errorBar, env)
  return errorBar
}
