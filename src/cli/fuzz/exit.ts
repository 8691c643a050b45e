import type { Severity } from '../../fuzz/check.ts'
import type { FuzzResult } from '../../fuzz/result.ts'

const ranks: Readonly<Record<Severity, number>> = { critical: 3, high: 2, medium: 1, low: 0 }

/** 130 for a run that was interrupted, 3 for a target that went away, 1 for findings as severe as `failOn` or more. */
export const exitCodeOf = (
  { ending, findings }: Pick<FuzzResult, 'ending' | 'findings'>,
  failOn = 'low',
): number => {
  if (ending === 'interrupted') return 130
  const least = failOn === 'none' ? Infinity : (ranks[failOn as Severity] ?? 0)
  if (findings.some(({ severity }) => ranks[severity] >= least)) return 1
  return ending === 'unreachable' ? 3 : 0
}
